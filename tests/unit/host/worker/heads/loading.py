"""Checkpoints with a head on both runtimes: as PyTorch saved them, and exported."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Final

import msgspec

from orchestrion_host.families import table
from orchestrion_host.worker import runtimes
from orchestrion_host.worker.exporting import onnx_model
from tests.checkpoints import text_models
from tests.unit.host.worker import calls

RUNTIMES: Final = ("transformers", "onnx")


def make(folder: Path, class_name: str, task_type: str, **settings: Any) -> Path:
    """Writes a BERT with a head, and the same as ONNX beside it."""
    text_models.bert(folder, class_name, **settings)
    return export(folder, task_type)


def export(folder: Path, task_type: str) -> Path:
    """Writes a checkpoint as ONNX beside it."""
    family = table.of("transformers", [task_type])
    assert family is not None
    with warnings.catch_warnings():
        # PyTorch warns of functions of its own that its exporter uses.
        warnings.simplefilter("ignore")
        onnx_model.write(folder, folder / "model.onnx", family.auto_class)
    return folder


def load(folder: Path, runtime: str, task_type: str, **options: Any) -> Any:
    """Loads one of the two as a worker does."""
    spec = msgspec.structs.replace(calls.spec(folder, task_type, **options), runtime=runtime)
    return runtimes.loader(spec)(spec)
