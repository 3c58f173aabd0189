"""The platform over HTTP, for browsers and whatever speaks no gRPC: a client of a controller on the public SDK."""
