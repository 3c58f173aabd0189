"""What a model will take of a device, as long as that was not measured. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from orchestrion.values import JsonObject

_SINGLE: Final = 4
_HALF: Final = 2
_PRECISIONS: Final = {"float32": _SINGLE, "float16": _HALF, "bfloat16": _HALF}
# Beside its weights a model takes what it computes with: a fifth of them, and at least this much.
_MARGIN: Final = 1.2
_LEAST_MARGIN_BYTES: Final = 32 << 20
# ONNX models were measured to take 1.8 times their file, the largest batch included.
_ONNX_FACTOR: Final = 1.8


def estimate(checkpoints: Iterable[JsonObject], *, runtime: str, options: JsonObject, has_graphics: bool) -> int:
    """Estimates what a model takes, in bytes.

    Args:
        checkpoints: What was counted in each: `number_count`, `other_bytes`.
        runtime: What it runs on.
        options: Its options; `dtype` says its precision.
        has_graphics: Whether the host has a graphics processor, where models are loaded in half precision.
    """
    numbers = other = 0
    for counted in checkpoints:
        numbers += int(counted["number_count"])
        other += int(counted["other_bytes"])
    if runtime == "onnx":
        return int(other * _ONNX_FACTOR) + _LEAST_MARGIN_BYTES
    width = _PRECISIONS.get(str(options.get("dtype")), _HALF if has_graphics else _SINGLE)
    return _with_margin(numbers * width + other)


def _with_margin(weight_bytes: int) -> int:
    """Adds what a model takes beside its weights."""
    return max(int(weight_bytes * _MARGIN), weight_bytes + _LEAST_MARGIN_BYTES)
