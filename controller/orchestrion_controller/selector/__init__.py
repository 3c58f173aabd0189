"""The selector: which expert on which host performs a task, and why."""
