"""The part of a request that is a text to work on: what follows a heading, or stands on lines of its own.

Long texts are set aside here, so that nothing after this reads them word by word.
"""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrion_controller.languages.quotations import Quotation, after_colon, is_inside

_LONG: Final = 2000
_LONGEST_INSTRUCTION: Final = 600
_SENTENCE_END: Final = re.compile(r"(?:(?<=[.!?。！？])(?![\"'”»’])|(?<=[.!?。！？][\"'”»’]))\s*(?=\S)")
_HEADING: Final = re.compile(r"(?:^|(?<=[\n.?!]))[ \t]*(\w[\w ]{0,30}?)[ \t]*[:：](?=\s|\S)", re.MULTILINE)
_ARTICLE: Final = re.compile(
    r"^(?:here is\s+)?(?:what\s+)?(?:the|this|that|my|our|der|die|das|le|la|l|el)\s+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Block:
    """A text of the request, and what it is for."""

    given: Quotation
    role: str = "text"
    """`text`, `question` or `labels`."""


def blocks(text: str, headings: Mapping[str, str], asks: Callable[[str], bool]) -> list[Block]:
    """Finds the parts of a request that are texts, in order.

    Args:
        text: The request.
        headings: The roles of parts, by their heading.
        asks: Whether a part asks for something to be done.
    """
    return _under_headings(text, headings, asks) or _on_own_lines(text, asks) or _in_one_long_line(text, asks)


def _under_headings(text: str, headings: Mapping[str, str], asks: Callable[[str], bool]) -> list[Block]:
    marks = [
        (match, role)
        for match in _HEADING.finditer(text)
        if (role := headings.get(_ARTICLE.sub("", match.group(1).strip().casefold())))
    ]
    # "Text: …" alone says nothing about what to do with it, and "the review: …" is a colon like any other.
    before = text[: marks[0][0].start()] if marks else ""
    last = len(text)
    if marks and not before.strip() and all(role == "text" for _, role in marks):
        # "The manual says: … How do I reset it?": what it is all for comes last.
        last = _before_question(text, marks[-1][0].end(), asks)
    if not marks or not (asks(before) or last < len(text) or any(role != "text" for _, role in marks)):
        return []
    ends = [match.start() for match, _ in marks[1:]] + [last]
    found = []
    for (match, role), end in zip(marks, ends, strict=True):
        block = _stripped(text, match.end(), end)
        if block:
            found.append(Block(Quotation(block.text, match.start(), end), role))
    return found


def _before_question(text: str, start: int, asks: Callable[[str], bool]) -> int:
    """Finds where the last sentence begins, when that asks something; else the end."""
    since = max(start, len(text) - _LONGEST_INSTRUCTION)
    ends = [since + match.end() for match in _SENTENCE_END.finditer(text[since:])]
    if ends and text.rstrip().endswith(("?", "？")) and asks(text[ends[-1] :]):
        return ends[-1]
    return len(text)


def _on_own_lines(text: str, asks: Callable[[str], bool]) -> list[Block]:
    lines = [match.span() for match in re.finditer(r"[^\n]*\S[^\n]*", text)]
    if len(lines) < 2:
        return []
    first, last = lines[0], lines[-1]
    asking = [asks(text[start : min(end, start + _LONGEST_INSTRUCTION)]) for start, end in (first, last)]
    if is_inside(text, first[1], first[0] if first[1] - first[0] <= _LONGEST_INSTRUCTION else first[1]):
        # A quotation of several lines is one text.
        return []
    if asking[0] and text[: first[1]].rstrip().endswith((":", "：")):
        # All that follows a colon is the text, byte for byte.
        block = after_colon(text, len(text[: first[1]].rstrip()) - 1)
        return [Block(block)] if block else []
    if all(end - start <= _LONGEST_INSTRUCTION and asks(text[start:end]) for start, end in lines):
        return []
    if asking[0] and first[1] - first[0] <= _LONGEST_INSTRUCTION:
        return _block(text, first[1], len(text))
    if (
        asking[1]
        and last[1] - last[0] <= _LONGEST_INSTRUCTION
        and not is_inside(text, last[0], max(0, last[0] - _LONG))
    ):
        return _block(text, 0, last[0])
    return []


def _in_one_long_line(text: str, asks: Callable[[str], bool]) -> list[Block]:
    if len(text) <= _LONG:
        return []
    head = text[:_LONGEST_INSTRUCTION]
    colon = after_colon(text, 0)
    if colon and colon.start < _LONGEST_INSTRUCTION and asks(text[: colon.start]):
        return [Block(colon)]
    first = _SENTENCE_END.search(head)
    if first and asks(text[: first.start()]):
        return _block(text, first.start(), len(text))
    ends = [match.start() for match in _SENTENCE_END.finditer(text[-_LONGEST_INSTRUCTION:])]
    if ends:
        cut = len(text) - _LONGEST_INSTRUCTION + ends[-1]
        if asks(text[cut:]):
            return _block(text, 0, cut)
    return _block(text, first.start(), len(text)) if first else _block(text, 0, len(text))


def _block(text: str, start: int, end: int) -> list[Block]:
    given = _stripped(text, start, end)
    return [Block(given)] if given else []


def _stripped(text: str, start: int, end: int) -> Quotation | None:
    """Takes the white space off a part, and quotation marks that hold all of it."""
    part = text[start:end]
    inner = part.strip()
    if not inner:
        return None
    begin = start + part.index(inner[0])
    for opening, closing in ('""', "“”", "«»", "„“"):
        if len(inner) > 2 and inner[0] == opening and inner[-1] == closing and closing not in inner[1:-1]:
            inner = inner[1:-1]
    return Quotation(inner, begin, end)
