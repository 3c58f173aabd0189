"""Bounds for what a schema leaves without an end: a small model that goes round in circles then comes to one.

Endpoints have bounds of their own kinds, and some decoders grow slow with large ones; our own hosts' does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrion.values import JsonData

_LONGEST_TEXT: Final = 1000
"""Characters of a text: longer ones that a person gives have names in plans."""
_MOST_ITEMS: Final = 64


def bounded(schema: Mapping[str, object]) -> dict[str, JsonData]:
    """Returns a JSON Schema whose texts and lists have an end; what has bounds keeps them."""
    return _members(schema)


def _bounded(part: object) -> JsonData:
    if isinstance(part, list | tuple):
        return [_bounded(item) for item in part]
    if isinstance(part, Mapping):
        return _members(part)
    return part if isinstance(part, str | int | float | bool) else None


def _members(part: Mapping[str, object]) -> dict[str, JsonData]:
    result: dict[str, JsonData] = {str(key): _bounded(item) for key, item in part.items()}
    kind = part.get("type")
    if kind == "string" and not {"maxLength", "enum", "const", "pattern", "format"} & part.keys():
        result["maxLength"] = _LONGEST_TEXT
    if kind == "array" and "maxItems" not in part:
        result["maxItems"] = max(_MOST_ITEMS, least if isinstance(least := part.get("minItems"), int) else 0)
    return result
