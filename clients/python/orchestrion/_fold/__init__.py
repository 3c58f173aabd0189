"""The one fold of a run's events into what they say; public as `orchestrion.snapshots`. Pure: no I/O, no clock."""
