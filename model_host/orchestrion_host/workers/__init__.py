"""The host's side of its worker processes: starting, asking, watching and replacing them."""
