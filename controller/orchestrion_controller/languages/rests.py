"""Words for what has not been spoken of yet, such as "the other one" and "the rest"."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from orchestrion_controller.languages.folders import load
from orchestrion_controller.languages.language import Language
from orchestrion_controller.languages.phrases import Phrases, fold, word_boundary


def read(text: str, languages: Sequence[Language]) -> tuple[int, ...]:
    """Reads where such words begin, in order."""
    folded = fold(text)
    return tuple(
        place
        for place in range(len(folded))
        if word_boundary(folded, place)
        and any(
            word_boundary(folded, end) for language in languages for end, _ in _phrases(language.tag).at(folded, place)
        )
    )


@cache
def _phrases(tag: str) -> Phrases[bool]:
    phrases: Phrases[bool] = Phrases()
    for phrase in str(load()[tag].grammar.get("rest", "")).split(","):
        if phrase.strip():
            phrases.slot(phrase.strip(), default=True)
    return phrases
