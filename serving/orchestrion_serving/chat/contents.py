"""What a message's content says: text, thought or refusal, in each form that endpoints give it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_TEXT_FIELDS: Final = ("text", "output_text", "content", "value", "parts")
"""Where the parts of a content have their text."""
_THOUGHT_FIELDS: Final = (
    "reasoning_content",
    "reasoning",
    "thinking",
    "reasoning_text",
    "thought",
    "reasoning_details",
)
"""Where messages have thoughts beside their content."""
_THOUGHT_TYPES: Final = ("think", "reason", "thought")
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class Content:
    """What a content, or a piece of one, says."""

    text: str = ""
    refusal: str = ""
    thinks: bool = False
    """Whether there are thoughts in it; they are not kept."""

    def __add__(self, other: Content) -> Content:
        """Returns both, one after the other."""
        return Content(self.text + other.text, self.refusal + other.refusal, self.thinks or other.thinks)


def read_message(message: object, *, is_json: bool = False) -> Content:
    """Reads a message, or the delta of one.

    Args:
        message: The message as the endpoint has it: an object, or its content alone.
        is_json: Whether JSON was asked for: an endpoint may give it as an object, which is written out then.
    """
    if not isinstance(message, Mapping):
        return read_content(message)
    content = message.get("content")
    is_data = is_json and _is_data(content)
    said = Content(json.dumps(content, ensure_ascii=False)) if is_data else read_content(content)
    refusal = message.get("refusal")
    thinks = any(message.get(name) for name in _THOUGHT_FIELDS)
    return said + Content(refusal=refusal if isinstance(refusal, str) else "", thinks=thinks)


def read_content(content: object, depth: int = 0) -> Content:
    """Reads a content: a string, a part, a list of parts, parts in parts, or nothing."""
    if isinstance(content, str):
        return Content(content)
    if depth > _DEEPEST:
        return Content()
    if isinstance(content, list):
        return sum((read_content(part, depth + 1) for part in content), Content())
    if not isinstance(content, Mapping):
        return Content()
    kind = str(content.get("type") or "").casefold()
    if any(word in kind for word in _THOUGHT_TYPES) or content.get("thought") is True:
        return Content(thinks=True)
    if kind == "refusal" or isinstance(content.get("refusal"), str):
        said = content.get("refusal") or content.get("text")
        return Content(refusal=said if isinstance(said, str) else "")
    for name in _TEXT_FIELDS:
        if content.get(name):
            return read_content(content[name], depth + 1)
    return Content(thinks=any(content.get(name) for name in _THOUGHT_FIELDS))


def _is_data(content: object) -> bool:
    """Whether a content is the JSON that was asked for, and no part of a message."""
    return isinstance(content, Mapping) and not any(name in content for name in (*_TEXT_FIELDS, "type"))
