"""Writes a trained model as the planner reads it: layers as ONNX in eight bits, embeddings and heads as arrays."""

from __future__ import annotations

import gzip
import logging
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from training.planner.model import PlanModel

_HEADS = (
    "query",
    "key",
    "none",
    "whole_query",
    "pair_query",
    "pair_key",
    "pair_hidden",
    "pair_out",
    "root_hidden",
    "root_out",
)


class _Layers(nn.Module):
    """The encoder without its table of embeddings, which is looked up before it."""

    def __init__(self, model: PlanModel) -> None:
        super().__init__()
        self.bert = model.bert

    def forward(self, embedded: Tensor, mask: Tensor) -> Tensor:
        output: Tensor = self.bert(inputs_embeds=embedded, attention_mask=mask).last_hidden_state
        return output


def export(model: PlanModel, vocabulary: Sequence[str], folder: Path) -> float:
    """Writes `encoder.onnx.gz`, `heads.npz` and `vocabulary.txt`.

    Returns:
        The mean cosine between the vectors of the written encoder and those of the model, on pieces drawn at random.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = model.eval()
    (folder / "vocabulary.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    table = model.bert.embeddings.word_embeddings.weight.detach().numpy()
    # Six bits lose 0.05 % of a vector's direction, and pack to three quarters of what eight bits do.
    scales = np.maximum(np.abs(table).max(1), 1e-8) / 31
    quantized = np.round(table / scales[:, None]).astype(np.int8)
    arrays: dict[str, Any] = {"embedding": quantized, "embedding_scale": scales.astype(np.float32)}
    for name in _HEADS:
        layer: nn.Linear = getattr(model, name)
        arrays[f"{name}.weight"] = layer.weight.detach().numpy().astype(np.float16)
        arrays[f"{name}.bias"] = layer.bias.detach().numpy().astype(np.float32)
    for name in ("scale", "sharpness", "presence"):
        arrays[name] = getattr(model, name).detach().numpy().astype(np.float32)
    np.savez_compressed(folder / "heads.npz", **arrays)
    embedded = torch.from_numpy((quantized * scales[:, None]).astype(np.float32))
    ids = torch.randint(0, len(vocabulary), (2, 37))
    mask = torch.ones(2, 37)
    mask[1, 20:] = 0
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.onnx"
        _write(_Layers(model).eval(), (embedded[ids], mask), whole)
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
    computed = torch.from_numpy(session.run(None, {"embedded": embedded[ids].numpy(), "mask": mask.numpy()})[0])
    with torch.inference_mode():
        expected = model.hidden(ids, mask)
    return float(torch.cosine_similarity(computed, expected, dim=-1)[mask.bool()].mean())


def _write(layers: nn.Module, inputs: tuple[Tensor, Tensor], path: Path) -> None:
    """Exports with a dynamic batch and length."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    batch, length = torch.export.Dim("batch", min=1, max=64), torch.export.Dim("length", min=2, max=256)
    with warnings.catch_warnings():
        # The exporter warns of what it does itself: names that it does not need, its own deprecated calls.
        warnings.simplefilter("ignore")
        program: Any = torch.onnx.export(
            layers,
            inputs,
            input_names=["embedded", "mask"],
            output_names=["vectors"],
            dynamic_shapes={"embedded": {0: batch, 1: length}, "mask": {0: batch, 1: length}},
            dynamo=True,
        )
    program.save(str(path))
