"""Memory of devices: what there is, who has how much, and who gives way."""
