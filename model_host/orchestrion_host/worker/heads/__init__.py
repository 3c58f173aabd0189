"""Models of texts with a head for a task: what goes in and what follows from the outputs. Imports no PyTorch.

Each head is a module with `build` from the model to the expert, named by its entry in the table of families; models
come from `models.text.text_heads` on PyTorch, and from `onnx_models.text_heads` on onnxruntime.
"""
