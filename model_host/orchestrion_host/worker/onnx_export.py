"""Writes a PyTorch encoder as ONNX, and measures how far the two are apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx_ir
import onnxruntime
import torch
import transformers
from transformers.exporters.configs import OnnxConfig
from transformers.exporters.exporter_onnx import OnnxExporter

_SENTENCES: Final = [
    "The bridge freezes before the road.",
    "Ice.",
    "A longer sentence, of other words, in the same batch.",
]


def write(source: Path, target: Path) -> float:
    """Exports the encoder of a folder with a dynamic batch and length.

    Args:
        source: The folder of the checkpoint and its tokenizer.
        target: The file to write.

    Returns:
        The largest absolute difference between the token states of the two, on a batch of another shape than the one
        that the export was traced with.
    """
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    model: Any = transformers.AutoModel.from_pretrained(source, use_safetensors=True, trust_remote_code=False).eval()
    inputs = dict(tokenizer(_SENTENCES[:2], padding=True, return_tensors="pt"))
    exporter: Any = OnnxExporter()  # type: ignore[no-untyped-call]
    program: Any = exporter.export(model, inputs, OnnxConfig(dynamic=True)).program
    onnx_ir.save(program, str(target))
    other = dict(tokenizer(_SENTENCES, padding=True, return_tensors="pt"))
    with torch.inference_mode():
        expected = model(**other).last_hidden_state.numpy()
    session: Any = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    wanted = {item.name for item in session.get_inputs()}
    given = {name: tensor.numpy() for name, tensor in other.items() if name in wanted}
    return float(np.abs(session.run(None, given)[0] - expected).max())
