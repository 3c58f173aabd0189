"""The code that runs in worker processes, and in no other: runtimes, engines and media."""
