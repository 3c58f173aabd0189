"""One row for each task type: a tiny real checkpoint, and what is asked of it through the whole system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TaskRow:
    """A task type performed by a tiny checkpoint, made on the spot and loaded like one from the Hub."""

    task_type: str
    expert: str
    """The id of the expert, such as `tiny-vit`."""
    make: Callable[[Path], None] | None
    """Writes the checkpoint into an empty folder with `save_pretrained`; None for engines, which bring their model."""
    inputs: Mapping[str, Any]
    """The inputs by name: text, number, truth value or list of these; a `Path` is uploaded; JSON as `Json`."""
    check: Callable[[Mapping[str, Any]], None]
    """Asserts on the outputs by name: artifacts are `Path`s of downloaded files, JSON is plain data."""
    runtime: str = "transformers"
    parts: Mapping[str, Callable[[Path], None]] = field(default_factory=dict)
    """Writes each further checkpoint that the model is made of, by what it is to it."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the catalogue entry, such as `options`."""
