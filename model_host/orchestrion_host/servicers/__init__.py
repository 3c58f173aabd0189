"""The gRPC services of the host: they decode, call and encode, and nothing else."""
