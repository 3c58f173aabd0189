"""What a value must be: a plain value, or conditions by name. Each check returns what is wrong, or nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from orchestrion.values import Json, Value

_EDGES: Final = " \n\t.!\"'“”„«»‘’"


def wrong(expected: Any, values: Sequence[Value], others: Callable[[str], list[Value]]) -> str:
    """Says what is wrong with the values of one input or output.

    Args:
        expected: A plain value or a mapping of conditions for every value, of which there must be at least one; or a
            list of as many as there are values.
        values: The values found.
        others: Finds the outputs that `same_as` names.

    Returns:
        A few words, or nothing when all is as expected.
    """
    if isinstance(expected, list):
        if len(values) != len(expected):
            return f"has {len(values)} values rather than {len(expected)}"
        pairs = list(zip(expected, values, strict=True))
    elif isinstance(expected, Mapping) and "unchanged" in expected:
        pairs = [(expected["unchanged"], value) for value in values]
    elif isinstance(expected, Mapping) and "count" in expected:
        return "" if len(values) == expected["count"] else f"has {len(values)} values rather than {expected['count']}"
    elif not values:
        return "is missing"
    else:
        pairs = [(expected, value) for value in values]
    return next((fault for wanted, value in pairs if (fault := _fault(wanted, value, others))), "")


def near(expected: Any, number: float, tolerance: float) -> bool:
    """Says whether a number is the one expected, within a share of it, or within its bounds `above` and `below`."""
    if isinstance(expected, Mapping):
        return bool(expected.get("above", -math.inf) < number < expected.get("below", math.inf))
    return math.isclose(number, expected, rel_tol=tolerance, abs_tol=1e-6)


def plain(text: str) -> str:
    """Returns a text in small letters, with single spaces, without quotation marks and full stops around it."""
    return " ".join(text.casefold().split()).strip(_EDGES)


def _fault(wanted: Any, value: Value, others: Callable[[str], list[Value]]) -> str:
    conditions = wanted if isinstance(wanted, Mapping) else {"equals": wanted}
    for name, bound in conditions.items():
        holds = value in others(bound) if name == "same_as" else CONDITIONS[name](value, bound)
        if not holds:
            return f"is {_cut(value)}, not {name.replace('_', ' ')} {bound}"
    return ""


def _equals(value: Value, bound: Any) -> bool:
    if isinstance(value, str):
        return plain(value) == plain(str(bound))
    return isinstance(value, int | float) and near(bound, value, 1e-6)


def _contains(value: Value, bound: str) -> bool:
    return isinstance(value, str) and plain(bound) in plain(value)


def _in_order(value: Value, bound: Sequence[str]) -> bool:
    return isinstance(value, str) and bool(re.search(".*".join(re.escape(plain(part)) for part in bound), plain(value)))


def _bounded(side: str) -> Callable[[Value, Any], bool]:
    return lambda value, bound: isinstance(value, int | float) and near({side: bound}, value, 0)


CONDITIONS: Final[Mapping[str, Callable[[Value, Any], bool]]] = {
    "equals": _equals,
    "above": _bounded("above"),
    "below": _bounded("below"),
    "contains": _contains,
    "lacks": lambda value, bound: not _contains(value, bound),
    "in_order": _in_order,
    "matches": lambda value, bound: isinstance(value, str) and bool(re.search(bound, value, re.IGNORECASE)),
    "words": lambda value, bound: isinstance(value, str) and near(bound, len(value.split()), 0),
    "length": lambda value, bound: isinstance(value, Json) and len(value.data) == bound,
}


def _cut(value: Value) -> str:
    shown = repr(value.data if isinstance(value, Json) else value)
    return shown if len(shown) <= 90 else f"{shown[:90]}…"
