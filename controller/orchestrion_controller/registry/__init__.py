"""The registry: what the controller knows of hosts and experts, kept by leases."""
