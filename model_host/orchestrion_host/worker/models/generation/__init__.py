"""Autoregressive generation, whatever the modality: batches, sampling, stopping, detokenization."""
