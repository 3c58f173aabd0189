"""The executor: runs the tasks of a plan on hosts the moment their inputs exist."""
