"""Writes a PyTorch model of texts as ONNX, and measures how far the outputs of the two are apart."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx_ir
import onnxruntime
import torch
import transformers
from transformers.exporters.configs import OnnxConfig
from transformers.exporters.exporter_onnx import OnnxExporter

from orchestrion_host.worker.library_types import AutoClass, Model, Session, Tokenizer

# The class of encoders, whose first output are the states of the tokens.
_ENCODER: Final = "AutoModel"
_SENTENCES: Final = [
    "The bridge freezes before the road.",
    "Ice.",
    "A longer sentence, of other words, in the same batch.",
]


@dataclass(frozen=True, slots=True)
class OutputDifference:
    """The outputs of an export beside those of PyTorch, on a batch of another shape than the one it was traced with."""

    difference: float
    """The largest absolute difference; not a number where one of them has such an output."""
    largest: float
    """The largest absolute output of PyTorch's."""


def write(source: Path, target: Path, auto_class: str = _ENCODER) -> OutputDifference:
    """Exports the model of a folder with a dynamic batch and length.

    Args:
        source: The folder of the checkpoint and its tokenizer.
        target: The file to write.
        auto_class: The class of the library that loads it: `Family.auto_class`.

    Returns:
        How far the two are apart.
    """
    # It warns about functions of its own that it does not know.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    tokenizer: Tokenizer = transformers.AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    kind: AutoClass = getattr(transformers, auto_class)
    # In single precision, whatever the checkpoint was saved in: that is what both compute in on a processor.
    model: Model = kind.from_pretrained(
        source, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
    ).eval()
    # What decoders keep for their next token is no output here.
    model.config.use_cache = False
    inputs = dict(tokenizer(_SENTENCES[:2], padding=True, return_tensors="pt"))
    exporter = OnnxExporter()  # type: ignore[no-untyped-call]  # The library is not typed here.
    program = exporter.export(model, inputs, OnnxConfig(dynamic=True)).program
    onnx_ir.save(program, str(target))
    write_tokenizer(tokenizer, target.parent / "tokenizer.json")
    other = dict(tokenizer(_SENTENCES, padding=True, return_tensors="pt"))
    with torch.inference_mode():
        computed = model(**other)
    session: Session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    wanted = {item.name for item in session.get_inputs()}
    arrays = {name: tensor.numpy() for name, tensor in other.items() if name in wanted}
    names = [item.name for item in session.get_outputs()]
    expected = [
        computed[name].numpy() if name in computed else computed[place].numpy() for place, name in enumerate(names)
    ]
    pairs = list(zip(session.run(None, arrays), expected, strict=True))
    return OutputDifference(
        float(np.max([np.abs(ours - theirs).max() for ours, theirs in pairs])),
        max(float(np.abs(theirs).max()) for _, theirs in pairs),
    )


def write_tokenizer(tokenizer: Tokenizer, target: Path) -> None:
    """Writes a tokenizer in the form of the package `tokenizers`, where the file is not there yet.

    Raises:
        ValueError: It is one in Python, which has no such form.
    """
    if target.is_file():
        return
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ValueError("the tokenizer of the model cannot be written as tokenizer.json, which the runtime onnx reads")
    backend.save(str(target))
