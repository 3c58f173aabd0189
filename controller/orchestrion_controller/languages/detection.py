"""Which language a text is in: by its script where that decides, by py3langid among the languages of the script."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from orchestrion_controller.languages.folders import load
from orchestrion_controller.languages.language import symbols
from orchestrion_controller.languages.phrases import fold

_MOST_CHARACTERS: Final = 2_000
_LEAST_PROBABILITY: Final = 0.4
"""Among the languages that there are folders for, less than this says nothing."""
_LEAST_KANA: Final = 0.1
"""Of a text's kana and Han characters: Japanese has more kana than that, a Chinese text that names something less."""
_LETTERS_IN_HAN: Final = 3
"""A Han character or kana stands for about as many letters of an alphabet."""

_COMMON_WORD_WEIGHT: Final = 4.0
"""How much likelier a language is for each of its commonest words that a text has."""
_UNSPACED: Final = frozenset({"CJK", "KANA"})
_OF_COMMON_WORDS: Final = ("common", "number", "article", "ordinal", "measure", "thing")
_WORD: Final = re.compile(r"[^\W\d_]+")
_ASIDE: Final = re.compile(
    r"""https?://\S+|[\w./-]+\.\w{2,5}\b|"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|「[^」]*」|『[^』]*』""",
    re.ASCII,
)
"""File names, addresses and quotations, whose language need not be the text's."""


@dataclass(frozen=True)
class Detected:
    """The language that a text seems to be in."""

    tag: str
    """BCP 47; empty for a text without letters."""
    probability: float
    """Between 0 and 1, of this language among all that the text's script is used for."""


def detect(text: str, default: str = "en") -> str:
    """Returns the tag of the folder's language that a text is in, `default` where that is not clear.

    What is quoted, and names of files, count only where there is nothing else.
    """
    own = _ASIDE.sub(" ", text)
    best = _detect(own if _script(own) else text, frozenset(load()))
    return best.tag if best.probability >= _LEAST_PROBABILITY else default


def detect_any(text: str) -> Detected:
    """Returns the likeliest of all languages that py3langid tells apart (some 140)."""
    return _detect(text, frozenset())


@lru_cache(maxsize=1024)
def _detect(text: str, among: Collection[str]) -> Detected:
    """Returns the likeliest language among some, or among all where `among` is empty."""
    text = text[:_MOST_CHARACTERS]
    if not (script := _script(text)):
        return Detected("", 0.0)
    scripts: Mapping[str, list[str]] = symbols()["scripts"]
    candidates = scripts.get(script) or _classifier_labels() - {tag for tags in scripts.values() for tag in tags}
    likely = {tag for tag in candidates if not among or tag in among}
    if len(likely) < 2 and (among or script in scripts):
        return Detected(min(likely), 1.0) if likely else Detected("", 0.0)
    scores = {tag: score for tag, score in _classifier().rank(text) if tag in likely}
    if among:
        words = set(_WORD.findall(folded := fold(text)))
        for tag in scores:
            # Scripts without spaces have no words to compare: what stands anywhere in the text counts.
            common = _common(tag)
            hits = sum(word in folded for word in common) if script in _UNSPACED else len(words & common)
            scores[tag] *= _COMMON_WORD_WEIGHT**hits
    best = max(scores, key=lambda tag: scores[tag])
    return Detected(best, scores[best] / sum(scores.values()))


def _script(text: str) -> str:
    """Returns the name in Unicode of the script that most of a text is in; empty for a text without letters."""
    counts = Counter(_script_of(character) for character in text if character.isalpha())
    kana = counts.pop("HIRAGANA", 0) + counts.pop("KATAKANA", 0)
    han = counts.pop("CJK", 0)
    if kana + han:
        counts["KANA" if kana >= _LEAST_KANA * (kana + han) else "CJK"] = _LETTERS_IN_HAN * (kana + han)
    return counts.most_common(1)[0][0] if counts else ""


@lru_cache(maxsize=4096)
def _script_of(letter: str) -> str:
    return re.split("[ -]", unicodedata.name(letter, "LATIN"), maxsplit=1)[0]


@cache
def _common(tag: str) -> frozenset[str]:
    grammar = load()[tag].grammar
    return frozenset(_WORD.findall(fold(str([grammar.get(section) for section in _OF_COMMON_WORDS]))))


@cache
def _classifier() -> Any:  # The library has no types.
    from py3langid import langid

    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


@cache
def _classifier_labels() -> frozenset[str]:
    return frozenset(_classifier().labels) - {"zxx"}  # What is no language at all.
