"""What a host tells while it runs one task. Fields are those of the messages of the same names in the protos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from orchestrion.values import Value


@dataclass(frozen=True, slots=True)
class InferProgress:
    """How far it is, 0 to 1, or None when not known."""

    fraction: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class InferText:
    """A piece of a text output, in order."""

    output: str
    text: str


@dataclass(frozen=True, slots=True)
class InferPreview:
    """A first look at an output, at most 64 KiB."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class InferOutputs:
    """The outputs, and where the time went; always last."""

    outputs: Mapping[str, Value] = field(default_factory=dict)
    queue_ms: float = 0.0
    compute_ms: float = 0.0
    batch_size: int = 1


InferPayload: TypeAlias = InferProgress | InferText | InferPreview | InferOutputs
"""What a host can tell."""
