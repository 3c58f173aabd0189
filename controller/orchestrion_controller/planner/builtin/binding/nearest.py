"""The nearest request that can be done: what a person said, without the words that nobody here can do."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

from collections.abc import Callable

from orchestrion_controller.planner.builtin.reading.reader import Reading

_LOOSE = " \t\n,;:，、；："
_ENDS = ".!?。！？"


def request(text: str, reading: Reading, plans_whole: Callable[[str], bool]) -> str:
    """Takes the unmet words out of a request, with the small words that joined them.

    Args:
        text: The request.
        reading: What it says.
        plans_whole: Whether a text asks for the same steps and for nothing that cannot be done.

    Returns:
        The first shorter request that does; empty where none does.
    """
    spans = [(item.start, item.end) for item in reading.of_role("unmet")]
    others = [(item.start, item.end) for item in reading.segments if item.label != "unmet"]
    if not spans or not others:
        return ""
    bare = _without(text, spans)
    # What stands between the words before and the unmet ones often joins them only: "and", "dann".
    joined = _without(
        text, [(max((end for _, end in others if end <= start), default=start), stop) for start, stop in spans]
    )
    for shorter in dict.fromkeys((joined, bare)):
        if shorter and shorter != text and plans_whole(shorter):
            return shorter
    return ""


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    kept, last = [], 0
    for start, end in sorted(spans):
        kept.append(text[last:start] if start >= last else "")
        last = max(last, end)
    rest = text[last:]
    joined = " ".join(part.strip(_LOOSE) for part in (*kept, rest) if part.strip(_LOOSE + _ENDS))
    mark = text.rstrip()[-1:]
    joined = joined.strip(_LOOSE)
    return joined + mark if mark and mark in _ENDS and joined and joined[-1] not in _ENDS else joined
