"""Experts on this host: their life, their queues, and the claims on them."""
