"""Models of texts with a head for a task: what goes in and what follows from the outputs. Imports no PyTorch.

Each family is a module with `AUTO_CLASS`, the class that loads such a model, and `build` from the model to the expert;
models come from `models.text_heads` on PyTorch, and from `onnx_models.text_heads` on onnxruntime.
"""
