"""Plans as data: their rules and their order. Pure functions, no I/O."""
