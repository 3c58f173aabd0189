"""The Open Inference Protocol over HTTP: `/v2/…`, with its extension for binary tensors."""
