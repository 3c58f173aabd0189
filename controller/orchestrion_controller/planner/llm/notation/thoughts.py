"""Finds in prose where JSON may begin, and where a language model's thoughts begin and end."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

_TAGS: Final = "think|thinking|thoughts?|reasoning|reason|reflection|analysis|scratchpad"
_OPENING: Final = re.compile(rf"<({_TAGS})(?:\s[^<>]*)?>|\[(THINK|THINKING)\]|<\|channel\|>\s*analysis", re.IGNORECASE)
_CLOSING: Final = re.compile(rf"</(?:{_TAGS})\s*>|\[/(?:THINK|THINKING)\]", re.IGNORECASE)
_CHANNEL_END: Final = re.compile(r"<\|(?:end|return|start|channel)\|>")
_LONGEST_TAG: Final = 40
"""Characters of a tag, at most."""
_BEGUN: Final = re.compile(r"(?:[<\[][^<>\[\]{}\n]{0,%d}|<\|channel\|>\s*[a-z]{0,8})\Z" % (_LONGEST_TAG - 1))  # noqa: UP031
_BEGINNING: Final = re.compile(r"[<\[{]")
_JSON: Final = re.compile(r"""\[\s*(?:[{/#,]|\Z)|\{\s*(?:["'}\w$.+/#,-]|\Z)""")
"""What a list of objects may begin with, or an object."""


class MarkKind(enum.Enum):
    """What a place in prose is."""

    NONE = enum.auto()
    """Nothing; from here on the text is still to be looked at."""
    JSON = enum.auto()
    """A bracket that JSON may begin with."""
    OPENING = enum.auto()
    """Thoughts begin."""
    CLOSING = enum.auto()
    """Thoughts end that had no beginning: all before was thought."""


@dataclass(frozen=True, slots=True)
class ReplyMark:
    """A place in prose."""

    kind: MarkKind
    start: int
    end: int
    closing: re.Pattern[str] | None = None
    """What ends the thoughts that begin here."""


def next_mark(text: str, *, final: bool) -> ReplyMark:
    """Finds the first mark in prose.

    Args:
        text: The prose, as far as it has come.
        final: Whether nothing will be added to it.
    """
    for match in _BEGINNING.finditer(text):
        place = match.start()
        if opening := _OPENING.match(text, place):
            return ReplyMark(MarkKind.OPENING, place, opening.end(), _end_of(opening))
        if closing := _CLOSING.match(text, place):
            return ReplyMark(MarkKind.CLOSING, place, closing.end())
        if match[0] != "{" and not final and _BEGUN.match(text, place):
            return ReplyMark(MarkKind.NONE, place, place)
        if _JSON.match(text, place):
            return ReplyMark(MarkKind.JSON, place, place + 1)
    return ReplyMark(MarkKind.NONE, len(text), len(text))


def end_of_thoughts(text: str, closing: re.Pattern[str]) -> tuple[int, bool]:
    """Returns where thoughts end, or from where on they are still to be looked at; and whether they ended."""
    match = closing.search(text)
    return (match.end(), True) if match else (max(0, len(text) - _LONGEST_TAG), False)


def _end_of(opening: re.Match[str]) -> re.Pattern[str]:
    if opening[1]:
        return re.compile(rf"</{opening[1]}\s*>", re.IGNORECASE)
    return re.compile(rf"\[/{opening[2]}\]", re.IGNORECASE) if opening[2] else _CHANNEL_END
