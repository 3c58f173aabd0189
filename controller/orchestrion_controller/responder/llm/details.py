"""Structured outputs in short form: without places, times and runners-up, unless the request asks for these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from orchestrion.values import JsonData
from orchestrion_controller.responder.llm.data_block import json_line

PLACE: Final = "place"
TIME: Final = "time"
LIKELIHOOD: Final = "likelihood"

_DETAILS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "box": frozenset({PLACE}),
        "points": frozenset({PLACE}),
        "row": frozenset({PLACE}),
        "column": frozenset({PLACE}),
        "area_share": frozenset({PLACE}),
        "start": frozenset({PLACE, TIME}),
        "end": frozenset({PLACE, TIME}),
        "start_s": frozenset({TIME}),
        "end_s": frozenset({TIME}),
        "score": frozenset({LIKELIHOOD}),
        "scores": frozenset({LIKELIHOOD}),
    }
)
"""Of what kind a detail is, by the name of the output or field. What is not here is no detail but the thing itself."""


def is_wanted(name: str, wanted: frozenset[str]) -> bool:
    """Whether an output or field is told: it is no detail, or one of a kind that the request asks for."""
    return name not in _DETAILS or not wanted.isdisjoint(_DETAILS[name])


def short_form(data: JsonData, principal: str, wanted: frozenset[str]) -> JsonData | None:
    """Leaves out of structured data what the request does not ask for.

    Args:
        data: A side output.
        principal: The principal output of the same result, where it is a text.
        wanted: The kinds of details that the request asks for.

    Returns:
        The rest, equal objects once and counted; None where the principal output has said it.
    """
    if isinstance(data, dict):
        return {name: value for name, value in data.items() if is_wanted(name, wanted)} or None
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        return data
    rest = [{name: value for name, value in item.items() if is_wanted(name, wanted)} for item in data]
    has_details = any(name in _DETAILS for item in rest for name in item)
    if not has_details and (_is_ranking(data, principal) or _is_said(rest, principal)):
        return None
    # Equal ones are many where the fields that tell them apart are left out: 40 objects of one label.
    counts = Counter(json_line(item) for item in rest)
    firsts = {json_line(item): item for item in reversed(rest)}
    grouped = [firsts[line] if count == 1 else {"times": count, **firsts[line]} for line, count in counts.items()]
    return grouped or None


def that_fit(data: JsonData, most: int | None) -> tuple[str, int, int]:
    """Writes as many whole entries of structured data as there is room for.

    Args:
        data: The data.
        most: How many characters there may be; None for any number.

    Returns:
        JSON on one line, how many entries it has, and how many there are; a single value is one entry.
    """
    if most is None or len(whole := json_line(data)) <= most:
        count = len(data) if isinstance(data, list | dict) else 1
        return json_line(data) if most is None else whole, count, count
    if isinstance(data, dict):
        entries = sorted(data.items())
        shown = _fitting([len(json_line({name: value})) for name, value in entries], most)
        return json_line(dict(entries[:shown])), shown, len(entries)
    if isinstance(data, list):
        shown = _fitting([len(json_line(item)) + 2 for item in data], most)
        return json_line(data[:shown]), shown, len(data)
    return json_line(None), 0, 1


def _fitting(sizes: list[int], most: int) -> int:
    size = 2
    for place, own in enumerate(sizes):
        size += own
        if size > most:
            return place
    return len(sizes)


def _is_ranking(items: Sequence[Mapping[str, JsonData]], principal: str) -> bool:
    """Whether the first of the objects is the principal output and the others are its runners-up."""
    return bool(items and "score" in items[0] and principal and principal in _texts(items[0]))


def _is_said(items: Sequence[Mapping[str, JsonData]], text: str) -> bool:
    """Whether a text says all that the objects say."""
    return all(own.casefold() in text.casefold() for item in items for own in _texts(item))


def _texts(item: JsonData) -> Iterator[str]:
    if isinstance(item, dict | list):
        for inner in item.values() if isinstance(item, dict) else item:
            yield from _texts(inner)
    elif item is not None and not isinstance(item, bool):
        yield item if isinstance(item, str) else json_line(item)
