"""Artifacts on a host: a bounded cache by hash in front of the controller's store."""
