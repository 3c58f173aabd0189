"""Graphs of ONNX that take tensors, and hosts that serve them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import yaml
from onnx import TensorProto, helper


def sum_graph(folder: Path) -> Path:
    """Writes a graph like that of Triton's examples: the sum and the difference of two rows of 16 numbers."""
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, ["batch", 16]) for name in ("INPUT0", "INPUT1")]
    outputs = [helper.make_tensor_value_info(name, TensorProto.INT32, ["batch", 16]) for name in ("OUTPUT0", "OUTPUT1")]
    nodes = [
        helper.make_node("Add", ["INPUT0", "INPUT1"], ["OUTPUT0"]),
        helper.make_node("Sub", ["INPUT0", "INPUT1"], ["OUTPUT1"]),
    ]
    return _write(folder, nodes, inputs, outputs)


def identity_graph(folder: Path, kind: int, shape: list[str | int]) -> Path:
    """Writes a graph that returns what it is given."""
    source = helper.make_tensor_value_info("INPUT0", kind, shape)
    returned = helper.make_tensor_value_info("OUTPUT0", kind, shape)
    return _write(folder, [helper.make_node("Identity", ["INPUT0"], ["OUTPUT0"])], [source], [returned])


def product_graph(folder: Path) -> Path:
    """Writes a graph of two matrices of any size: those that do not fit each other fail while it computes."""
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", f"{name}0", f"{name}1"]) for name in "ab"
    ]
    outputs = [helper.make_tensor_value_info("c", TensorProto.FLOAT, ["batch", "a0", "b1"])]
    return _write(folder, [helper.make_node("MatMul", ["a", "b"], ["c"])], inputs, outputs)


def catalogue(folder: Path, graphs: Mapping[str, Path], **fields: Any) -> Path:
    """Writes a catalogue of experts that take tensors."""
    folder.mkdir()
    for name, graph in graphs.items():
        facts = {
            "id": name,
            "model": name,
            "runtime": "onnx",
            "task_types": ["tensor-inference"],
            "description": "Takes tensors.",
            "max_batch_size": 8,
            "source": {"folder": str(graph)},
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({**facts, **fields}))
    return folder


def _write(folder: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any]) -> Path:
    folder.mkdir(parents=True)
    graph = helper.make_graph(nodes, "tiny", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, str(folder / "model.onnx"))
    return folder
