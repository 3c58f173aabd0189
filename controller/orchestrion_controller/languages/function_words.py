"""Function words: articles, pronouns, prepositions, politeness; what asks for nothing by itself."""

from __future__ import annotations

from functools import cache

from orchestrion_controller.languages.folders import load
from orchestrion_controller.languages.phrases import Phrases, fold, word_boundary


def only(text: str, tag: str) -> bool:
    """Whether a text in a language is made of its function words, marks and spaces alone."""
    folded = fold(text)
    phrases = _phrases(tag)
    reached = {0}
    for start in range(len(folded)):
        if start not in reached:
            continue
        if not folded[start].isalnum():
            reached.add(start + 1)
        if word_boundary(folded, start):
            reached |= {end for end, _ in phrases.at(folded, start) if word_boundary(folded, end)}
    return len(folded) in reached


@cache
def _phrases(tag: str) -> Phrases[bool]:
    phrases: Phrases[bool] = Phrases()
    for phrase in str(load()[tag].grammar.get("function_words", "")).split(","):
        if phrase.strip():
            phrases.slot(phrase.strip(), default=True)
    return phrases
