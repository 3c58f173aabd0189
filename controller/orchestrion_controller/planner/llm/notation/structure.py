"""Builds values of JSON's tokens, one token at a time, and leaves out what only looks like a mistake.

Commas may be missing or too many. A closing bracket that fits a container further out closes those inside it too; one
that fits none is passed over. What cannot be read is skipped up to the end of the task that it stands in.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from orchestrion.values import JsonData
from orchestrion_controller.planner.llm.notation.tokens import OTHER, STRING, WORD, JsonToken

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_CONSTANTS: Final = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_DEEPEST: Final = 64
_MOST_DIGITS: Final = 300
"""Digits of an integer that is read as one: Python reads no longer ones than 4,300."""


class MalformedError(Exception):
    """The text is no JSON; the message says where, in words for its author."""


class TooDeepError(MalformedError):
    """Brackets are nested deeper than any plan's."""


@dataclass(frozen=True, slots=True)
class Twice:
    """The values of a name that an object has more than once, and not with the same value."""

    values: tuple[JsonData, ...]


@dataclass(slots=True, eq=False)
class Frame:
    """A container that is open."""

    value: dict[str, JsonData] | list[JsonData]
    key: str | None = None
    """In an object, the name whose value comes next."""
    has_colon: bool = False

    @property
    def closer(self) -> str:
        """The bracket that closes it."""
        return "}" if isinstance(self.value, dict) else "]"


@dataclass(frozen=True, slots=True)
class Closed:
    """A value that is whole."""

    value: JsonData
    parent: Frame | None
    """The container that it stands in; None for the outermost."""
    key: str | None
    """Its name there."""


class JsonStructure:
    """The containers that are open, the outermost first."""

    def __init__(self) -> None:
        """Prepares for one value."""
        self.frames: list[Frame] = []
        self._after_comma = False

    @property
    def is_between(self) -> bool:
        """Whether nothing but closing brackets is missing."""
        return not self._after_comma and all(frame.key is None for frame in self.frames[-1:])

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the outermost object, as far as it is written."""
        if not self.frames or not isinstance(self.frames[0].value, dict):
            return ()
        key = self.frames[0].key
        return (*self.frames[0].value, *([key] if key is not None else []))

    def take(self, token: JsonToken) -> list[Closed]:
        """Takes a token, and returns the values that it makes whole, the innermost first.

        Raises:
            MalformedError: It has no meaning here.
        """
        top = self.frames[-1] if self.frames else None
        self._after_comma = token.kind == ","
        if token.kind == OTHER:
            raise MalformedError(f"`{token.text}` has no meaning outside a string")
        if token.kind in "}]":
            return self._close(token.kind)
        if token.kind == ",":
            if top and top.key is not None:
                raise MalformedError(f"`{top.key[:40]}` has no value")
            return []
        if top and isinstance(top.value, dict) and not top.has_colon:
            return self._name(top, token)
        if token.kind == ":":
            raise MalformedError("a colon stands where no name is before it")
        if token.kind in "{[":
            if len(self.frames) >= _DEEPEST:
                raise TooDeepError("brackets are nested too deep")
            self.frames.append(Frame({} if token.kind == "{" else []))
            return []
        return [self._put(token.text if token.kind == STRING else _meaning(token.text))]

    def close_all(self) -> list[Closed]:
        """Closes whatever is open, as brackets at the end would."""
        return [closed for frame in reversed(self.frames.copy()) for closed in self._close(frame.closer)]

    def _name(self, frame: Frame, token: JsonToken) -> list[Closed]:
        if frame.key is None and token.kind in (STRING, WORD):
            frame.key = token.text
        elif frame.key is not None and token.kind == ":":
            frame.has_colon = True
        elif frame.key is not None:
            raise MalformedError(f"a colon and a value are missing after `{frame.key[:40]}`")
        else:
            raise MalformedError(f"`{token.text}` stands where a name is expected")
        return []

    def _close(self, closer: str) -> list[Closed]:
        if not any(frame.closer == closer for frame in self.frames):
            return []
        closed: list[Closed] = []
        while True:
            frame = self.frames[-1]
            if frame.key is not None:
                raise MalformedError(f"`{frame.key[:40]}` has no value")
            self.frames.pop()
            closed.append(self._put(frame.value))
            if frame.closer == closer:
                return closed

    def _put(self, value: JsonData) -> Closed:
        if not self.frames:
            return Closed(value, None, None)
        top = self.frames[-1]
        key, top.key, top.has_colon = top.key, None, False
        if isinstance(top.value, list):
            top.value.append(value)
        elif key is not None:
            before = top.value.get(key, value)
            if isinstance(before, Twice) or before != value or type(before) is not type(value):
                value = Twice((*(before.values if isinstance(before, Twice) else (before,)), value))
            top.value[key] = value
        return Closed(value, top, key)


def parsed(text: str) -> JsonData:
    """Returns the object or list that a text is, as JSON proper; None for any other text."""
    try:
        data = json.loads(text)
        return data if isinstance(data, dict | list) and _depth(data) <= _DEEPEST else None
    except (ValueError, RecursionError):
        return None


def _depth(data: JsonData) -> int:
    if not isinstance(data, dict | list):
        return 0
    return 1 + max(map(_depth, data.values() if isinstance(data, dict) else data), default=0)


def _meaning(word: str) -> JsonData:
    """Returns the value of a word without quotation marks; one that is no constant and no number is a text."""
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    match = _NUMBER.fullmatch(word)
    if match is None:
        return word
    return float(word) if match[1] or match[2] or len(word) > _MOST_DIGITS else int(word)
