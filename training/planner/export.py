"""Writes a trained model as the planner reads it: layers as ONNX in eight bits, heads as arrays."""

from __future__ import annotations

import gzip
import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from orchestrion_controller.planner.builtin.reading.base import WIDTH
from orchestrion_controller.plans.offers import Offer
from training.planner.model import PlanModel

_HEADS = (
    "role",
    "query",
    "key",
    "option_query",
    "option_key",
    "owner_query",
    "owner_key",
    "start",
    "change",
    "whole_query",
    "pair_query",
    "pair_key",
    "pair_hidden",
    "pair_out",
    "root_hidden",
    "root_out",
    "object_hidden",
    "object_out",
)


class _Layers(nn.Module):
    """The encoder without its base, which is computed before it."""

    def __init__(self, model: PlanModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, base: Tensor, marks: Tensor, mask: Tensor) -> Tensor:
        return self.model.hidden(base, marks, mask)


def export(model: PlanModel, folder: Path, library: Offer) -> float:
    """Writes `encoder.onnx.gz` and `heads.npz`.

    Args:
        model: The model.
        folder: Where they go.
        library: What the model knows more of than its texts.

    Returns:
        The mean cosine between the vectors of the written encoder and those of the model, on a base drawn at random.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = model.eval()
    arrays: dict[str, Any] = {}
    for name in _HEADS:
        layer: nn.Linear = getattr(model, name)
        arrays[f"{name}.weight"] = layer.weight.detach().numpy().astype(np.float16)
        arrays[f"{name}.bias"] = layer.bias.detach().numpy().astype(np.float32)
    for name in ("scale", "option_scale", "sharpness", "presence"):
        arrays[name] = getattr(model, name).detach().numpy().astype(np.float32)
    for name, digests in (("ability", library.ability_digests), ("option", library.option_digests)):
        arrays[f"{name}_own"] = getattr(model, f"{name}_own").detach().numpy().astype(np.float16)
        arrays[f"{name}_digests"] = np.array(digests, dtype=np.uint64)
    np.savez_compressed(folder / "heads.npz", **arrays)
    base, marks, mask = torch.randn(2, 37, WIDTH), torch.zeros(2, 37, dtype=torch.long), torch.ones(2, 37)
    marks[:, :2] = 3
    mask[1, 20:] = 0
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.onnx"
        _write(_Layers(model).eval(), (base, marks, mask), whole)
        small = Path(scratch) / "encoder.onnx"
        quantize_dynamic(
            str(whole),
            str(small),
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm"],
        )
        layers = small.read_bytes()
    # No time in it, so that the same weights give the same file.
    (folder / "encoder.onnx.gz").write_bytes(gzip.compress(layers, 9, mtime=0))
    session: Any = onnxruntime.InferenceSession(layers, providers=["CPUExecutionProvider"])
    computed = torch.from_numpy(
        session.run(None, {"base": base.numpy(), "marks": marks.numpy(), "mask": mask.numpy()})[0]
    )
    with torch.inference_mode():
        expected = model.hidden(base, marks, mask)
    return float(torch.cosine_similarity(computed, expected, dim=-1)[mask.bool()].mean())


def _write(layers: nn.Module, inputs: tuple[Tensor, Tensor, Tensor], path: Path) -> None:
    """Exports with a dynamic batch and length."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    batch, length = torch.export.Dim("batch", min=1, max=64), torch.export.Dim("length", min=2, max=256)
    with warnings.catch_warnings():
        # The exporter warns of what it does itself: names that it does not need, its own deprecated calls.
        warnings.simplefilter("ignore")
        program: Any = torch.onnx.export(
            layers,
            inputs,
            input_names=["base", "marks", "mask"],
            output_names=["vectors"],
            dynamic_shapes={name: {0: batch, 1: length} for name in ("base", "marks", "mask")},
            dynamo=True,
        )
    program.save(str(path))
