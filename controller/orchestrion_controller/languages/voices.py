"""Kinds of voices in words, such as `a woman's voice`, and how high they are."""

from __future__ import annotations

from functools import cache

from orchestrion_controller.languages.folders import load
from orchestrion_controller.languages.phrases import Phrases, fold, word_boundary


def read(text: str) -> str | None:
    """Reads the kind of voice that words name, such as `female`: of several the longest, then the first."""
    return _longest(text, _phrases("voices"))


def pitch(text: str) -> str | None:
    """Reads whether words want a voice deeper, `-`, or higher, `+`."""
    return _longest(text, _phrases("voice_pitches"))


def _longest(text: str, phrases: Phrases[str]) -> str | None:
    folded = fold(text)
    best = ""
    longest = 0
    for start in range(len(folded)):
        if word_boundary(folded, start):
            for end, kind in phrases.at(folded, start):
                if word_boundary(folded, end) and end - start > longest:
                    best, longest = kind, end - start
    return best or None


@cache
def _phrases(section: str) -> Phrases[str]:
    phrases: Phrases[str] = Phrases()
    for language in load().values():
        for kind, words in language.grammar.get(section, {}).items():
            for phrase in str(words).split(","):
                phrases.slot(phrase.strip(), default=kind)
    return phrases
