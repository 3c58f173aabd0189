"""Audio in and out, and signal processing on it."""
