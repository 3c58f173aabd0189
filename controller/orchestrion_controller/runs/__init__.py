"""Runs: their logs, their life cycle, and the journal that outlives the process."""
