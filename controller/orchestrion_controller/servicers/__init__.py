"""The gRPC services: decode, call, encode. Everything else is behind them."""
