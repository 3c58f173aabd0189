"""Splits a reply into the tokens of JSON as it comes, and of what language models write for JSON.

Beside JSON: comments (`//`, `#`, `/* */`), single quotes, line breaks and quotation marks inside strings, words without
quotation marks. A quotation mark ends a string where something follows that may follow a string; elsewhere it is one
of its letters.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

STRING: Final = "string"
WORD: Final = "word"
OTHER: Final = "other"
"""A character that no token begins with."""

_SPACE: Final = re.compile(r"\s*")
_WORD: Final = re.compile(r"[\w$.+-]+")
_ENDS: Final = {quote: re.compile(rf"[{quote}\\]") for quote in "\"'"}
_AFTER_STRING: Final = re.compile(r"[ \t]*(?:[,:}\]\r\n#\"']|/[/*])")
_UNDECIDED: Final = re.compile(r"[ \t]*/?\Z")
_ESCAPE: Final = re.compile(r'\\(u[0-9a-fA-F]{4}|.)|"', re.DOTALL)
_ESCAPABLE: Final = frozenset('"\\/bfnrtu')


@dataclass(frozen=True, slots=True)
class JsonToken:
    """A token."""

    kind: str
    """`{`, `}`, `[`, `]`, `:`, `,`, or `string`, `word`, `other`."""
    text: str
    """The string's own text, or the token as it is written."""


class Tokenizer:
    """Reads the tokens of a text that grows."""

    def __init__(self, text: str) -> None:
        """Begins with a text."""
        self._text = text
        self._pieces: list[str] = []
        """What was added to the text and need not be looked at yet, inside a string."""
        self._at = 0
        self._inside = 0
        """Up to where the string that begins at `_at` is read; 0 where none is."""

    @property
    def text(self) -> str:
        """The text so far, but for what was forgotten."""
        if self._pieces:
            self._text += "".join(self._pieces)
            self._pieces.clear()
        return self._text

    @property
    def rest(self) -> str:
        """The text that is not read."""
        return self.text[self._at :]

    def feed(self, text: str) -> None:
        """Adds to the text."""
        self._pieces.append(text)
        # Inside a long string there is nothing to be seen until it may end.
        if not self._inside or self._inside != len(self._text) or any(mark in text for mark in "\"'\\"):
            self._text = self.text

    def forget(self) -> None:
        """Lets go of the text that is read."""
        if self._at:
            self._inside -= self._at if self._inside else 0
            self._text, self._at = self.rest, 0

    def next(self, *, final: bool = False) -> JsonToken | None:
        """Returns the next token; None where the text ends before it does.

        Args:
            final: Whether nothing will be added to the text.
        """
        if final:
            self._text = self.text
        if self._pieces or (not self._inside and not self._skip(final=final)):
            return None
        first = self._text[self._at]
        if first in _ENDS:
            return self._string(first, final=final)
        if first in "{}[]:,":
            return self._take(first, self._at + 1, first)
        match = _WORD.match(self._text, self._at)
        if match is None:
            return self._take(OTHER, self._at + 1, first)
        if match.end() == len(self._text) and not final:
            return None
        return self._take(WORD, match.end(), match[0])

    def _take(self, kind: str, end: int, text: str) -> JsonToken:
        self._at = end
        return JsonToken(kind, text)

    def _skip(self, *, final: bool) -> bool:
        """Goes on to where a token begins; returns whether one does."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            opening = self._text[self._at : self._at + 2]
            if not opening or (opening == "/" and not final):
                return False
            if opening in ("//", "/*") or opening[0] == "#":
                closing = "*/" if opening == "/*" else "\n"
                end = self._text.find(closing, self._at + 2 if opening == "/*" else self._at)
                if end < 0:
                    self._at = len(self._text) if final else self._at
                    return False
                self._at = end + len(closing)
            else:
                return True

    def _string(self, quote: str, *, final: bool) -> JsonToken | None:
        start = self._at + 1
        place = max(self._inside, start)
        while True:
            match = _ENDS[quote].search(self._text, place)
            if match is None:
                self._inside = len(self._text)
                return None
            place = match.end()
            if match[0] == "\\":
                if place >= len(self._text):
                    self._inside = match.start()
                    return None
                place += 1
                continue
            undecided = _UNDECIDED.match(self._text, place)
            if undecided and not final:
                self._inside = match.start()
                return None
            if undecided or _AFTER_STRING.match(self._text, place):
                self._inside = 0
                return self._take(STRING, place, _decoded(self._text[start : match.start()]))


def _decoded(body: str) -> str:
    """Decodes what stands between quotation marks; a backslash before what it does not escape is a letter."""
    if "\\" not in body and '"' not in body:
        return body

    def escaped(match: re.Match[str]) -> str:
        if match[0] == '"':
            return '\\"'
        if match[1] == "'":
            return "'"
        is_escape = match[1] in _ESCAPABLE and match[1] != "u"
        return match[0] if is_escape or len(match[1]) > 1 else "\\\\" + match[1]

    text: str = json.loads(f'"{_ESCAPE.sub(escaped, body)}"', strict=False)
    return text
