"""Models exported from PyTorch to ONNX: written, checked, measured, and registered as experts of their own."""
