"""The Open Inference Protocol: tensors in, tensors out, over gRPC and HTTP, as Triton and KServe speak it."""
