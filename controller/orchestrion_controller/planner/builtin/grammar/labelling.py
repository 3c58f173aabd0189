"""The labels that a clause gives to choose from: in quotation marks, around `or`, after "which of"."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from orchestrion_controller.languages.quotations import Quotation
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.words import Token, stem, tokens

_BREAKS: Final = frozenset(",.;:!?…，。；：！？、()[]{}-–—")
_COMMAS: Final = frozenset(",;，、/")
_AND: Final = frozenset(map(stem, ("and", "und", "et", "y", "&", "和")))
_BETWEEN: Final = frozenset(map(stem, ("between", "from", "into", "among", "zwischen", "entre")))
_NOT: Final = stem("not")
_ASKED_AFTER: Final = frozenset(map(stem, ("does", "do", "did")))
_MOST_LABEL_WORDS: Final = 4
_WHICH_OF: Final = re.compile(
    r"\b(?:which|what|one|any|welche[rs]?|laquelle|cuál)\s+(?:one\s+)?(?:of|von|de|is it|does it|fits?)\b"
    r"(?:[^:?.,]{0,40}:)?\s*(?P<list>[^:?.!]{3,200}?)"
    r"(?=\s+(?:does|do|is|are|fits?|would|should|can|could|describes?|best|suits?|matches)\b|[?.!:]|$)",
    re.IGNORECASE,
)


def labels(
    text: str,
    words: Sequence[Token],
    lexicon: Lexicon,
    quoted: Sequence[Quotation],
    cued: Collection[int] = (),
    *,
    explicit: bool,
) -> tuple[list[str], tuple[int, int]]:
    """Finds the labels that a clause gives to choose from.

    Args:
        text: The request.
        words: The tokens of the clause.
        lexicon: The words to know.
        quoted: The texts in quotation marks in the clause.
        cued: The indices of the tokens of cues that ask to sort, which are no labels.
        explicit: Whether the clause asks to sort something; without, only words with "or" between are alternatives.

    Returns:
        The labels, and where their list begins and ends in the request; no labels when there are none.
    """
    listed = _quoted(words, lexicon, quoted, explicit) or _unquoted(text, words, lexicon, cued, explicit=explicit)
    listed = listed or _enumerated(text, words)
    return listed if listed and not _are_things(listed[0], lexicon) else ([], (0, 0))


def _are_things(items: Sequence[str], lexicon: Lexicon) -> bool:
    """Whether all of a list are attachments, in order: "the first or the second recording"."""
    parts = [tokens(item) for item in items]
    return all(
        any(lexicon.ordinals.at(part, index) for index in range(min(2, len(part))))
        and all(
            lexicon.ordinals.at(part, index) or word.text in lexicon.function_words for index, word in enumerate(part)
        )
        for part in parts
    )


def _enumerated(text: str, words: Sequence[Token]) -> tuple[list[str], tuple[int, int]] | None:
    """Finds the labels after "which of", up to the verb or the end of the question."""
    if not words:
        return None
    match = _WHICH_OF.search(text[words[0].start : words[-1].end])
    items = as_list(match.group("list")) if match else []
    if match is None or len(items) < 2 or "," not in match.group("list"):
        return None
    return items, (words[0].start + match.start("list"), words[0].start + match.end("list"))


def as_list(text: str) -> list[str]:
    """Reads a whole text as a list of labels; empty when it is none."""
    parts = [
        part.strip(" \t\n\"'“”.?![](){}") for part in re.split(r"[,;\n/、，]|\s+(?:or|and|oder|und|ou|et|o|y)\s+", text)
    ]
    items = [re.sub(r"^(?:or|and|oder|und|ou|et)\s+", "", part) for part in parts if part]
    return items if len(items) > 1 and all(len(item.split()) <= _MOST_LABEL_WORDS for item in items) else []


def _quoted(
    words: Sequence[Token], lexicon: Lexicon, quoted: Sequence[Quotation], explicit: bool
) -> tuple[list[str], tuple[int, int]] | None:
    """Finds quoted labels: neighbours with nothing but commas, `or` and `and` between."""
    by_start = {item.start: item for item in quoted}
    runs: list[list[Quotation]] = [[]]
    has_or = False
    for index, word in enumerate(words):
        if word.start in by_start and not word.text:
            runs[-1].append(by_start[word.start])
        elif lexicon["alternatives"].at(words, index):
            has_or = True
        elif word.text not in _COMMAS | _AND and runs[-1]:
            runs.append([])
    run = max(runs, key=len)
    if len(run) < 2 or not (has_or or explicit):
        return None
    return [item.text for item in run], (run[0].start, run[-1].end)


def _unquoted(
    text: str, words: Sequence[Token], lexicon: Lexicon, cued: Collection[int], *, explicit: bool
) -> tuple[list[str], tuple[int, int]] | None:
    """Finds labels around `or`, back to what leads them in; `and` and commas will do where a clause asks to sort."""
    joins = [index for index in range(1, len(words)) if lexicon["alternatives"].at(words, index)]
    if not joins and explicit:
        joins = [index for index in range(1, len(words)) if words[index].text in _AND]
        joins = joins[-1:] if any(word.text in _BETWEEN | _COMMAS for word in words) else []
    if not joins and explicit:
        joins = [index for index in range(1, len(words)) if words[index].text in _COMMAS][-1:]
    if not joins:
        return None
    spans: list[tuple[int, int]] = []
    end = next((index for index in range(joins[-1] + 1, len(words)) if _ends_list(words, index, lexicon)), len(words))
    borders = {joins[-1]}
    position = joins[-1]
    while (
        position > 0
        and not (position - 1 in cued or _leads_in(words, position - 1, lexicon))
        and joins[-1] - position < 40
    ):
        position -= 1
        if words[position].text in _COMMAS or position in joins:
            borders.add(position)
        elif words[position].text in _BREAKS:
            position += 1
            break
    start = position
    for border in [*sorted(borders), end]:
        spans.append((start, border))
        start = border + 1
    items = [_item(text, words, first, last, lexicon) for first, last in spans]
    items = [item for item in items if item]
    if items and items[-1].casefold() in {"not", "no", "nicht"}:
        items[-1] = f"not {items[0]}"
    if len(items) < 2 or any(len(item.split()) > _MOST_LABEL_WORDS for item in items):
        return None
    return items, (words[position].start, words[end - 1].end)


def _ends_list(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    return words[index].text in _BREAKS or (
        words[index].text in _ASKED_AFTER and bool(lexicon["polar_questions"].at(words, index))
    )


def _leads_in(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    if words[index].text in {":", "："} or not words[index].text:
        return True
    # "This letter private or …": the noun says what is sorted; but in "music, film or …" it is a label.
    is_listed = index > 0 and words[index - 1].text in _COMMAS | {":", "："}
    is_noun = any(mark.start <= index < mark.end for mark in lexicon.nouns.at(words, index))
    return (is_noun and not is_listed) or bool(lexicon["lead_ins"].at(words, index))


def _item(text: str, words: Sequence[Token], first: int, last: int, lexicon: Lexicon) -> str:
    """Takes a label without its article and without what leads the next one in ("about sport or about politics")."""
    little = frozenset(map(stem, ("a", "an", "the", "some", "rather", "either", "ein", "eine", "un", "une", "una")))
    while (
        first < last
        and (words[first].text in little or lexicon["lead_ins"].at(words, first) or words[first].text in _COMMAS)
        and words[first].text != _NOT
    ):
        first += 1
    while last > first + 1 and (words[last - 1].text in _BREAKS or lexicon["fillers"].at(words, last - 1)):
        last -= 1
    return text[words[first].start : words[last - 1].end] if last > first else ""
