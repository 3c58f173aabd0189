"""EfficientNet-Lite as a graph of ONNX, made of the tensors of its PyTorch checkpoint.

The architecture is that of Tan and Le (2019) in the edition for small devices: no squeeze-and-excitation, ReLU6 in the
place of swish. Kernels and channels are those of the tensors; what they do not say is the stride of each block.
Normalisations are folded into the convolutions before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from orchestrion_host.worker.library_types import Argument, Array

INPUT: Final = "image"
OUTPUT: Final = "logits"
SIDE: Final = 224
"""The height and width of its input in pixels."""
_EPSILON: Final = 1e-3
_OPSET: Final = 17
_IR_VERSION: Final = 8
"""Old enough for every onnxruntime that the project takes."""
_HALVING_BLOCKS: Final = frozenset({1, 3, 5, 11})
"""The blocks whose output is half as high and wide as their input; those of Lite0, Lite1 has others."""


def build(tensors: Mapping[str, Array]) -> bytes:
    """Builds the graph of EfficientNet-Lite0.

    Its input is a float array of shape (batch, 3, 224, 224) of colours from -1 to 1; its output has a logit for each
    class, of shape (batch, 1000).

    Raises:
        KeyError: A tensor is missing.
    """
    graph = _Graph(tensors)
    value = graph.convolution(INPUT, "_conv_stem", "_bn0", stride=2)
    count = 1 + max(int(name.split(".")[1]) for name in tensors if name.startswith("_blocks."))
    for number in range(count):
        value = _block(graph, value, f"_blocks.{number}", 2 if number in _HALVING_BLOCKS else 1)
    value = graph.convolution(value, "_conv_head", "_bn1")
    value = graph.node("GlobalAveragePool", [value])
    value = graph.node("Flatten", [value])
    weight, bias = graph.constant("fc.weight", tensors["_fc.weight"]), graph.constant("fc.bias", tensors["_fc.bias"])
    graph.node("Gemm", [value, weight, bias], output=OUTPUT, transB=1)
    return graph.model(len(tensors["_fc.bias"]))


def _block(graph: _Graph, value: str, name: str, stride: int) -> str:
    """Adds an inverted bottleneck: wider, each channel by itself, narrower, and what came in where it fits."""
    inside = value
    if f"{name}._expand_conv.weight" in graph.tensors:
        inside = graph.convolution(inside, f"{name}._expand_conv", f"{name}._bn0")
    depthwise = f"{name}._depthwise_conv"
    channels = len(graph.tensors[f"{depthwise}.weight"])
    inside = graph.convolution(inside, depthwise, f"{name}._bn1", stride=stride, groups=channels)
    project = f"{name}._project_conv"
    made = graph.convolution(inside, project, f"{name}._bn2", is_linear=True)
    first = f"{name}._expand_conv.weight"
    channels_in = graph.tensors[first].shape[1] if first in graph.tensors else channels
    is_alike = stride == 1 and channels_in == len(graph.tensors[f"{project}.weight"])
    return graph.node("Add", [made, value]) if is_alike else made


class _Graph:
    """Nodes and constants, as they are added."""

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        self.tensors = tensors
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._low = self.constant("low", np.array(0, np.float32))
        self._high = self.constant("high", np.array(6, np.float32))

    def constant(self, name: str, numbers: Array) -> str:
        """Adds numbers and returns the name of the value."""
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(numbers), name))
        return name

    def node(self, operation: str, inputs: Sequence[str], *, output: str = "", **attributes: Argument) -> str:
        """Adds a node and returns the name of its output."""
        output = output or f"value_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, list(inputs), [output], **attributes))
        return output

    def convolution(
        self, value: str, name: str, normalisation: str, *, stride: int = 1, groups: int = 1, is_linear: bool = False
    ) -> str:
        """Adds a convolution with its normalisation folded in, and ReLU6 unless it `is_linear`."""
        mean, variance = (self.tensors[f"{normalisation}.running_{what}"] for what in ("mean", "var"))
        factor = self.tensors[f"{normalisation}.weight"] / np.sqrt(variance + np.float32(_EPSILON))
        weight = self.tensors[f"{name}.weight"] * factor.reshape(-1, 1, 1, 1)
        bias = self.tensors[f"{normalisation}.bias"] - mean * factor
        made = self.node(
            "Conv",
            [value, self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)],
            strides=[stride, stride],
            group=groups,
            # As TensorFlow pads, where the model was trained.
            auto_pad="SAME_UPPER",
        )
        return made if is_linear else self.node("Clip", [made, self._low, self._high])

    def model(self, classes: int) -> bytes:
        """Returns the file of the graph."""
        image = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])
        logits = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", classes])
        graph = helper.make_graph(self._nodes, "efficientnet-lite", [image], [logits], self._constants)
        opset = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)
        content: bytes = model.SerializeToString()
        return content
