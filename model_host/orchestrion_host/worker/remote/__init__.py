"""Experts that are elsewhere: a hosted inference endpoint, and the language model itself for tasks of language."""
