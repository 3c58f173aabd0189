"""Data of strangers inside a prompt, so written that it cannot pass for anything else.

A text of a file, a picture or a recording, and the name of a file, is one JSON string on one line, so it begins no line
of its own; and the lines stand between two fences that are longer than any row of backticks in the prompt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

from orchestrion.values import JsonData

_SHORTEST_FENCE: Final = 4
_BACKTICKS: Final = re.compile(r"`+")
_MISLEADING: Final = re.compile("[\\x7f-\\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON leaves as it is, and what breaks a line all the same, turns it round, or is half a letter."""


def quoted(text: str) -> str:
    """Writes a text as a JSON string on one line."""
    return json_line(text)


def json_line(data: JsonData) -> str:
    """Writes structured data as JSON on one line, the same for the same data; fractions have four digits that count."""
    written = json.dumps(_rounded(data), ensure_ascii=False, sort_keys=True, separators=(", ", ": "))
    return _MISLEADING.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


def one_line(text: str) -> str:
    """Writes on one line a text that is no stranger's but may have several, such as a description."""
    return " ".join(_MISLEADING.sub("", text).split())


def fenced(lines: Iterable[str], around: str = "") -> str:
    """Sets lines between fences.

    Args:
        lines: The lines, each without a line break.
        around: What stands in the same message, whose backticks cannot close the fence either.
    """
    body = "\n".join(lines)
    longest = max((len(row) for row in _BACKTICKS.findall(f"{around}\n{body}")), default=0)
    fence = "`" * max(_SHORTEST_FENCE, longest + 1)
    return f"{fence}\n{body}\n{fence}"


def _rounded(data: JsonData) -> JsonData:
    if isinstance(data, float):
        return int(data) if data.is_integer() else float(f"{data:.4g}")
    if isinstance(data, dict):
        return {str(name): _rounded(value) for name, value in data.items()}
    return [_rounded(item) for item in data] if isinstance(data, list | tuple) else data
