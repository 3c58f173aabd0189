"""Makes Python code of protos/ that protoc has no plugin for; run by `make protos`, compared by `make protos-check`."""
