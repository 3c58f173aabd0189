"""Runs experts in worker processes and advertises them: the model host's server."""
