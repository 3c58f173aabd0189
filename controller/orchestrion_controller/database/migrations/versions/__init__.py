"""One file a step. Each names the step before it, and leaves a database as it was when it fails."""
