"""The nearest request that can be done: what a person said, without the words that nobody here can do."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

_LOOSE = " \t\n,;:，、；："
_ENDS = ".!?。！？"


class Stretch(Protocol):
    """A part of a request."""

    @property
    def start(self) -> int:
        """Where it begins, in characters."""

    @property
    def end(self) -> int:
        """Where it ends."""


def request(text: str, lost: Sequence[Stretch], others: Sequence[Stretch], plans: Callable[[str], bool]) -> str:
    """Takes what cannot be done out of a request, with the small words that joined it.

    Args:
        text: The request.
        lost: What cannot be done.
        others: What can be.
        plans: Whether a text comes to the same plan, and to nothing that cannot be done.

    Returns:
        The first shorter request that does; empty where none does.
    """
    spans = [(item.start, item.end) for item in lost]
    ends = [item.end for item in others]
    if not spans or not others:
        return ""
    bare = _without(text, spans)
    # What stands between the words before and the unmet ones often joins them only: "and", "dann".
    joined = _without(
        text, [(max((end for end in ends if end <= start), default=start), stop) for start, stop in spans]
    )
    for shorter in dict.fromkeys((joined, bare)):
        if shorter and shorter != text and plans(shorter):
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
