"""Structured outputs in short form: without places, times and runners-up, unless the request asks for these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


class ShortForms:
    """The short forms of one run's side outputs, each made once however often a prompt is written."""

    def __init__(self, wanted: frozenset[str]) -> None:
        """Begins.

        Args:
            wanted: The kinds of details that the request asks for.
        """
        self.wanted = wanted
        self._made: dict[tuple[str, str], JsonData | None] = {}

    def of(self, output: tuple[str, str], data: JsonData, principal: str) -> JsonData | None:
        """Returns `short_form` of an output, which is named by its task and itself."""
        if output not in self._made:
            self._made[output] = short_form(data, principal, self.wanted)
        return self._made[output]


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
    if isinstance(data, dict):
        entries = sorted(data.items())
        shown = _fitting((json_line({name: value}) for name, value in entries), most)
        return json_line(dict(entries[:shown])), shown, len(entries)
    if isinstance(data, list):
        shown = _fitting(map(json_line, data), most)
        return json_line(data[:shown]), shown, len(data)
    written = json_line(data)
    return (written, 1, 1) if most is None or len(written) <= most else (json_line(None), 0, 1)


def _fitting(entries: Iterable[str], most: int | None) -> int:
    """Counts the entries that there is room for, with the marks between them."""
    size, count = 2, 0
    for entry in entries:
        size += len(entry) + 2
        if most is not None and size > most:
            break
        count += 1
    return count


def _is_ranking(items: Sequence[Mapping[str, JsonData]], principal: str) -> bool:
    """Whether the first of the objects is the principal output and the others are its runners-up."""
    return bool(items and "score" in items[0] and principal and principal in _texts(items[0]))


def _is_said(items: Sequence[Mapping[str, JsonData]], text: str) -> bool:
    """Whether a text says all that the objects say."""
    folded, place = text.casefold(), 0
    for item in items:
        for own in _texts(item):
            # Most lists go along their text, so that each search begins where the last one ended.
            place = folded.find(own.casefold(), place)
            if place < 0:
                place = folded.find(own.casefold())
            if place < 0:
                return False
    return True


def _texts(item: JsonData) -> Iterator[str]:
    if isinstance(item, dict | list):
        for inner in item.values() if isinstance(item, dict) else item:
            yield from _texts(inner)
    elif item is not None and not isinstance(item, bool):
        yield item if isinstance(item, str) else json_line(item)
