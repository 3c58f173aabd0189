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
    """How far, 0 to 1; None when not known."""
    message: str = ""
    """What it is doing, such as `loading weights`."""


@dataclass(frozen=True, slots=True)
class InferText:
    """A piece of a text output, in order."""

    output: str
    """The name of the output."""
    text: str
    """The piece."""


@dataclass(frozen=True, slots=True)
class InferPreview:
    """A first look at an output, at most 64 KiB."""

    media_type: str
    """The media type of the content."""
    content: bytes
    """The content, at most 64 KiB."""


@dataclass(frozen=True, slots=True)
class InferOutputs:
    """The outputs, and where the time went; always last."""

    outputs: Mapping[str, Value] = field(default_factory=dict)
    """The outputs by name; artifacts are in the store already."""
    queue_ms: float = 0.0
    """The time in the queue, in milliseconds."""
    compute_ms: float = 0.0
    """The time of the forward pass, in milliseconds."""
    batch_size: int = 1
    """How many requests the forward pass took."""


InferPayload: TypeAlias = InferProgress | InferText | InferPreview | InferOutputs
"""What a host can tell."""
