"""Experts on this host: their life, their queues, and the reservations on them."""
