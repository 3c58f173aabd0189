"""The words that a request has for one step: its clause, what the step is about, a question, a language, a number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion_controller.planner.builtin.learned.marking import Aside

_CLAUSE_END: Final = re.compile(
    r"[.?!;](?=\s|$)|,?\s+(?:and\s+)?(?:then|after that|afterwards|finally|next)\b|,\s+and\s+|,\s+"
)
_SENTENCE_END: Final = re.compile(r"[.!?](?=\s|$)|\n")
_ABOUT: Final = re.compile(
    r"\b(?:of|about|showing|depicting|that shows|titled|called|on|for|as|saying|says|with the words?|from)\s+(?=\S)",
    re.IGNORECASE,
)
_TRIM: Final = " \t\n.,;:!?"
_REFERRING: Final = re.compile(
    r"^(?:the|this|that|these|those|its?|my|mine|your|our|ours|their|them|each|both|all|what)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Region:
    """The part of a request that belongs to one step."""

    start: int
    """Where the words for the step begin."""
    end: int
    """Where the words for the next step begin, or the request ends."""


def regions(text: str, positions: Sequence[int]) -> list[Region]:
    """Gives each step the words from its own up to the next one's."""
    ends = [min((other for other in positions if other > position), default=len(text)) for position in positions]
    return [Region(position, end) for position, end in zip(positions, ends, strict=True)]


def sentence_at(text: str, position: int) -> str:
    """Returns the sentence that a place lies in."""
    starts = [match.end() for match in _SENTENCE_END.finditer(text, 0, position)]
    start = starts[-1] if starts else 0
    match = _SENTENCE_END.search(text, position)
    end = match.end() if match else len(text)
    return text[start:end].strip()


def subject(text: str, region: Region, asides: Sequence[Aside]) -> str:
    """Takes the words that say what is to be made: "a lighthouse in a storm" of "draw a picture of a lighthouse …".

    Empty when they only refer to something ("of it", "of the summary").
    """
    clause_end = _CLAUSE_END.search(text, region.start + 1, region.end)
    end = clause_end.start() if clause_end and clause_end.group().strip(" ,") else region.end
    match = _ABOUT.search(text, region.start, end)
    words = text[match.end() : end].strip(_TRIM) if match else ""
    if not words or _REFERRING.match(words) or any(item.start < end and item.end > region.start for item in asides):
        return ""
    return words if len(words.split()) > 1 or words[:1].isupper() else ""


def question(text: str, region: Region) -> str:
    """Takes the sentence with the words for a step, where it asks something; else empty."""
    sentence = sentence_at(text, region.start)
    return sentence if sentence else ""
