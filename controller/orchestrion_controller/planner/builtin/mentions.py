"""The attachments and the options that a clause speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrion.plans import ParameterKind
from orchestrion_controller.planner.builtin.lexicon import Lexicon
from orchestrion_controller.planner.builtin.words import Token


@dataclass(frozen=True, slots=True)
class Mention:
    """An attachment, or several, spoken of."""

    position: int
    kind: ParameterKind | None = None
    """None for any."""
    ordinal: int | None = None
    """Its place among those of the kind, from 1; -1 for the last."""
    file_name: str = ""
    is_many: bool = False


def mentions(text: str, words: Sequence[Token], lexicon: Lexicon) -> list[Mention]:
    """Finds words for attachments, with their number or their place in a row."""
    ordinals = lexicon.ordinals.find(words)
    quantities = lexicon.quantities.find(words)
    used: set[int] = set()
    found: list[Mention] = []
    for noun in lexicon.nouns.find(words):
        written = text[words[noun.start].start : words[noun.end - 1].end].casefold()
        counted = any(0 <= noun.start - mark.end <= 2 for mark in quantities)
        number = words[noun.end].text if noun.end < len(words) else ""
        place = next((mark for mark in ordinals if 0 <= noun.start - mark.end <= 1), None)
        ordinal = int(number) if number.isdecimal() and len(number) < 3 else place.value if place else None
        if place:
            used.add(place.start)
        is_many = noun.value.is_many or counted or written.endswith("s")
        found.append(Mention(words[noun.start].start, noun.value.kind, ordinal, is_many=is_many and ordinal is None))
    for mark in ordinals:
        if mark.start not in used and mark.start and lexicon.articles.at(words, mark.start - 1):
            found.append(Mention(words[mark.start].start, None, mark.value))
    return found


def options(text: str, words: Sequence[Token], lexicon: Lexicon) -> dict[str, tuple[str | float, ...]]:
    """Finds words for values of parameters, and numbers given by the parameter's name: `speed 1.5`, `pitch of 0.8`."""
    found: dict[str, tuple[str | float, ...]] = {}
    for mark in lexicon.options.find(words):
        name, value = mark.value
        if value not in found.get(name, ()):
            found[name] = (*found.get(name, ()), value)
    for match in re.finditer(r"\b([a-z_]+)\s*(?:of|to|at|=|:|is)?\s*(\d+(?:\.\d+)?)\b", text, re.IGNORECASE):
        if match.group(1).casefold() in lexicon.number_parameters:
            found[match.group(1).casefold()] = (float(match.group(2)),)
    return found
