"""The live view of a run: what is known of it, as data, and how a terminal shows it."""
