"""How many numbers a file of weights holds, by its header alone: what a model takes follows from that."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from orchestrion_host import gguf_files

_LARGEST_HEADER: Final = 100_000_000
# Weights whose header is not read.
_UNREAD: Final = (".onnx", "_data", ".data", ".bin")
_FLOATING: Final = ("F64", "F32", "F16", "BF16")


def count_all(paths: Iterable[Path]) -> Mapping[str, int]:
    """Counts what the files of a checkpoint hold: `number_count`, and `other_bytes` for what is no such number.

    Raises:
        GgufError: A GGUF file is damaged.
    """
    numbers = other = 0
    for path in paths:
        if path.suffix == ".safetensors":
            more_numbers, more = count(path)
            numbers, other = numbers + more_numbers, other + more
        elif path.suffix == gguf_files.SUFFIX:
            # Numbers of a few bits each, which become such of the usual precision.
            numbers += gguf_files.read(path).number_count
        elif path.name.endswith(_UNREAD):
            other += path.stat().st_size
    return {"number_count": numbers, "other_bytes": other}


def count(path: Path) -> tuple[int, int]:
    """Counts what a file of safetensors holds.

    Returns:
        The number of floating-point numbers, which are loaded in the precision of the device; and the bytes of all
        else. A file with another header counts as single precision.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            # One that is longer than any is cut, and then is no JSON.
            header = json.loads(file.read(min(length, _LARGEST_HEADER)))
        numbers = other = 0
        for name, tensor in header.items():
            if name == "__metadata__":
                continue
            if tensor["dtype"] in _FLOATING:
                numbers += math.prod(tensor["shape"])
            else:
                start, end = tensor["data_offsets"]
                other += end - start
    except (ValueError, LookupError, TypeError, AttributeError):
        return size // 4, 0
    return numbers, other
