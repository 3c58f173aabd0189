"""Models on onnxruntime: one module for each kind, which says what it takes."""
