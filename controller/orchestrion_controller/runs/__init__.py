"""Runs: their logs, their lives from the first event to the last, and the journal that outlives the process."""
