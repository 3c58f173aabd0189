"""The attachments that a clause speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrion.plans import ParameterKind
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.words import Token, stem

_THE = stem("the")


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
    count: int = 1
    """How many from there on ("the first two")."""
    is_other: bool = False
    """Whether those are meant that were not spoken of yet."""
    is_left_out: bool = False
    """Whether it is named as what is not to be worked on."""


def mentions(text: str, words: Sequence[Token], lexicon: Lexicon, are_demonstratives_meant: bool) -> list[Mention]:
    """Finds words for attachments, with their number or their place in a row.

    Args:
        text: The request.
        words: The tokens of a part of it.
        lexicon: The words to know.
        are_demonstratives_meant: Whether a bare `this` or `that` stands for one of several attachments.
    """
    ordinals = lexicon.ordinals.find(words)
    quantities = lexicon.quantities.find(words)
    used: set[int] = set()
    found: list[Mention] = []
    for noun in lexicon.nouns.find(words):
        written = text[words[noun.start].start : words[noun.end - 1].end].casefold()
        counted = any(0 <= noun.start - mark.end <= 2 for mark in quantities)
        # "the picture 3 times as large" is not the third.
        follows = noun.end < len(words) and not lexicon.amounts.at(words, noun.end)
        number = words[noun.end].text if follows else ""
        place = next((mark for mark in ordinals if 0 <= noun.start - mark.end <= 1), None)
        ordinal = int(number) if number.isdecimal() and 0 < int(number) < 100 else place.value if place else None
        if place:
            used.add(place.start)
        is_other = any(mark.end == noun.start for mark in lexicon["others"].find(words))
        is_many = noun.value.is_many or counted or written.endswith("s")
        many = is_many and ordinal is None
        numbers = [mark.value for mark in quantities if place and mark.start == place.end]
        count = max(numbers, default=1)
        found.append(
            Mention(words[noun.start].start, noun.value.kind, ordinal, is_many=many, is_other=is_other, count=count)
        )
    for mark in ordinals:
        if mark.start not in used and mark.start and lexicon["articles"].at(words, mark.start - 1):
            numbers = [other.value for other in quantities if other.start == mark.end]
            found.append(Mention(words[mark.start].start, None, mark.value, count=max(numbers, default=1) or 1))
    if are_demonstratives_meant:
        spoken_of = {mention.position for mention in found}
        for demonstrative in lexicon["demonstratives"].find(words):
            after = words[demonstrative.end].start if demonstrative.end < len(words) else -1
            if after not in spoken_of:
                found.append(Mention(words[demonstrative.start].start))
    else:
        found += [
            Mention(words[mark.start].start, is_other=True)
            for mark in lexicon["others"].find(words)
            if mark.start and lexicon["articles"].at(words, mark.start - 1) and not _is_noun(words, mark.end, lexicon)
        ]
    return found


def has_demonstratives(words: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether a request sets things against each other without naming them: "this … that"."""
    bare = {
        words[min(mark.start + 1, mark.end - 1)].text if words[mark.start].text == _THE else words[mark.start].text
        for mark in lexicon["demonstratives"].find(words)
        if not _is_noun(words, mark.end, lexicon)
    }
    return len(bare) > 1


def _is_noun(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    return index < len(words) and bool(lexicon.nouns.at(words, index))
