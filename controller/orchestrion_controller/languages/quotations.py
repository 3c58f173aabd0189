"""Texts that a request holds as they are: in quotation marks of any style, or after a colon."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_PAIRS: Final = {
    '"': '"',
    "'": "'",
    "`": "`",
    "“": "”",
    "”": "”",
    "„": "“”",
    "‘": "’",
    "‚": "‘’",
    "«": "»",
    "»": "«",
    "‹": "›",
    "「": "」",
    "『": "』",
    "《": "》",
}
_COLON: Final = re.compile(r"：|:(?=\s)")
# The same mark may open, close or be an apostrophe: its place decides.
_ALIKE: Final = frozenset("\"'`’")


@dataclass(frozen=True, slots=True)
class Quotation:
    """A text inside a request, byte for byte."""

    text: str
    start: int
    """Where it begins in the request, its mark included."""
    end: int


def quotations(request: str) -> list[Quotation]:
    """Finds the texts in quotation marks; other marks inside are text, and so are straight ones after a backslash."""
    quotations_so_far: list[Quotation] = []
    position = 0
    while position < len(request):
        closers = _PAIRS.get(request[position])
        if closers is None or not _can_open(request, position):
            position += 1
            continue
        end = _closing(request, position, closers)
        if end is None:
            position += 1
            continue
        quotations_so_far.append(Quotation(request[position + 1 : end], position, end + 1))
        position = end + 1
    return quotations_so_far


def after_colon(request: str, start: int = 0) -> Quotation | None:
    """Finds the text after the first colon that ends a word, up to the end; None where there is none.

    The white space that sets the text off from the colon is no part of it; a line break at the end is not, either.
    """
    match = _COLON.search(request, start)
    if match is None:
        return None
    rest = request[match.end() :]
    text = rest.lstrip().removesuffix("\n").removesuffix("\r")
    if not text:
        return None
    return Quotation(text, len(request) - len(rest.lstrip()), len(request))


def is_inside(request: str, position: int, since: int = 0) -> bool:
    """Whether a quotation that is opened from a place on goes on past another place."""
    start = since
    while start < position:
        closers = _PAIRS.get(request[start])
        end = _closing(request, start, closers) if closers and _can_open(request, start) else None
        if end is not None and end > position:
            return True
        start = start + 1 if end is None else end + 1
    return False


def _can_open(request: str, position: int) -> bool:
    if request[position] not in _ALIKE:
        return True
    before, after = request[position - 1 : position], request[position + 1 : position + 2]
    return bool(after) and not after.isspace() and not _is_letter(before)


def _is_letter(char: str) -> bool:
    # East Asian texts have no spaces: a mark may follow a character there.
    return char.isalnum() and ord(char) < 0x2E80


def _closing(request: str, start: int, closers: str) -> int | None:
    proper = _next(request, start, closers)
    again = request.find(request[start], start + 1)
    if request[start] in "„‚" and (proper is None or start < again < proper):
        # Many keyboards open in the German way and close in the English one.
        proper = _next(request, start, "\"'") or proper
    return proper


def _next(request: str, start: int, closers: str) -> int | None:
    """Finds where a quotation ends: at a mark outside words; after a backslash only where there is no other."""
    escaped = None
    for position in range(start + 2, len(request)):
        if request[position] not in closers:
            continue
        after = request[position + 1 : position + 2]
        if request[position] in _ALIKE and (_is_letter(after) or after in {'"', "\\"}):
            continue
        if request[position] not in _ALIKE or request[position - 1] != "\\":
            return position
        escaped = position
    return escaped
