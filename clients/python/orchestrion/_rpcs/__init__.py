"""The RPCs of the API as data: what each says, where it goes, how its answers are read. No I/O."""
