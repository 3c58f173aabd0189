"""What a request leaves out: "all but the last", "leave the other alone", "don't touch sign.png"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from orchestrion_controller.planner.builtin.grammar.cutting import Parts
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.mentions import Mention, mentions
from orchestrion_controller.planner.builtin.grammar.phrases import Mark
from orchestrion_controller.planner.builtin.grammar.spans import PUNCTUATION
from orchestrion_controller.planner.builtin.grammar.words import Token, stem

_FARTHEST: Final = 4
_NEEDS_MORE: Final = frozenset(map(stem, ("leave", "lass", "lasse")))
_OUT: Final = stem("out")
_ONE: Final = frozenset(map(stem, ("one", "ones", "picture", "file")))


def without_left_out(request: Parts, lexicon: Lexicon) -> tuple[Sequence[Token], list[Mention]]:
    """Takes the words for what is left out off a request, and lists what they name."""
    files = {file.start: file.text for file in request.files}
    found = left_out(request.words, frozenset(files), lexicon)
    if not found:
        return request.words, []
    named: list[Mention] = []
    for start, end in found:
        part = request.words[start:end]
        named += [Mention(word.start, file_name=files[word.start]) for word in part if word.start in files]
        # An ordinal without a noun is a thing only after an article.
        named += mentions(request.text, part, lexicon, are_demonstratives_meant=False)
    dropped = {index for start, end in found for index in range(start, end)}
    rest = [word for index, word in enumerate(request.words) if index not in dropped]
    return rest, [replace(mention, is_left_out=True) for mention in named] if rest else []


def left_out(words: Sequence[Token], files: frozenset[int], lexicon: Lexicon) -> list[tuple[int, int]]:
    """Finds the words for what is left out.

    Args:
        words: The tokens of a request.
        files: Where the names of files begin in it.
        lexicon: The words to know.

    Returns:
        Where each begins and ends among the tokens, what says that it is left out included.
    """
    found: list[tuple[int, int]] = []
    ordinals = {index for mark in lexicon.ordinals.find(words) for index in mark.matched}
    others = {index for mark in lexicon["others"].find(words) for index in mark.matched}
    marks: list[Mark[None]] = lexicon["exclusions"].find(words)
    measured = {index for mark in lexicon.amounts.find(words) for index in mark.matched}
    for mark in marks:
        if mark.end in measured:
            # "Minus 5 dB" is an amount.
            continue
        last = _thing(words, mark.end, ordinals | others, files, lexicon)
        if last is None:
            continue
        exempt = lexicon["exempt"].at(words, last) if last < len(words) else []
        is_out = words[mark.end - 1].text == _OUT
        if words[mark.start].text in _NEEDS_MORE and not (exempt or is_out):
            continue
        # In "all pictures but the last", "all pictures" is what is meant.
        start = mark.start if mark.end - mark.start == len(mark.matched) else mark.matched[-1]
        found.append((start, max((item.end for item in exempt), default=last)))
    return found


def _thing(words: Sequence[Token], index: int, places: set[int], files: frozenset[int], lexicon: Lexicon) -> int | None:
    """Finds the end of the name of one of several things; None where no such name follows."""
    end: int | None = None
    for position in range(index, min(index + _FARTHEST, len(words))):
        word = words[position]
        is_place = position in places or word.start in files
        is_noun = bool(lexicon.nouns.at(words, position)) or word.text in _ONE
        if is_place or (end is not None and is_noun):
            end = position + 1
        elif word.text in PUNCTUATION or (end is not None) or word.text not in lexicon.function_words:
            break
    return end
