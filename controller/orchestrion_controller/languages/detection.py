"""Which language a text is in: by its script where that decides, by py3langid among the languages of the script."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from threading import Lock
from typing import Any, Final

from orchestrion_controller.languages.folders import load
from orchestrion_controller.languages.language import symbols
from orchestrion_controller.languages.phrases import fold

_MOST_CHARACTERS: Final = 1_000
"""More of a text changes nothing, and takes longer."""
_MOST_SEARCHED: Final = 20_000
"""Characters that are searched for what is no aside."""
_CERTAIN: Final = 0.99
"""How likely it is that a text is in one of its possible languages."""
_EXPECTED_WEIGHT: Final = 4.0
"""How much likelier a language is for a text that comes with another text in it."""
_LEAST_PROBABILITY: Final = 0.4
"""Among the languages that there are folders for, less than this says nothing."""
_LEAST_KANA: Final = 0.1
"""Of a text's kana and Han characters: Japanese has more kana than that, a Chinese text that names something less."""
_LETTERS_IN_HAN: Final = 3
"""A Han character or kana stands for about as many letters of an alphabet."""

_loading: Final = Lock()  # Threads that detect at once load the classifier once.

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
    possible: frozenset[str] = frozenset()
    """The tags of all languages that it may be in, some dozens for a word or two; empty for a text without letters."""


def detect(text: str, default: str = "en") -> str:
    """Returns the tag of the folder's language that a text is in, `default` where that is not clear.

    What is quoted, and names of files, count only where there is nothing else.
    """
    text = text[:_MOST_SEARCHED]
    own = _ASIDE.sub(" ", text)
    best = _among(frozenset(load()), (own if _script(own) else text)[:_MOST_CHARACTERS])
    return best.tag if best.probability >= _LEAST_PROBABILITY else default


def detect_any(text: str, expected: str = "") -> Detected:
    """Returns the likeliest of all languages that py3langid tells apart (some 140).

    To the classifier all languages are alike before it reads; but of a few letters that might be English or Nigerian
    Pidgin, they more often are the former. What it is sure of, in a text of some length, stays sure.

    Args:
        text: The text.
        expected: The tag of a language that it is likelier to be in than others; empty for none.
    """
    return _weighed(text[:_MOST_CHARACTERS], expected)


@lru_cache(maxsize=4096)
def canonical(tag: str) -> str:
    """Returns the language of a BCP 47 tag by its primary subtag: `de` of `de-AT`, `zh` of `cmn` or `yue`."""
    primary = tag.split("-", maxsplit=1)[0].lower()
    return str(symbols()["same_language"].get(primary, primary))


def prepare() -> None:
    """Loads the classifier where that is still to be done, which takes some tenths of a second."""
    with _loading:
        _classifier()


async def prepared() -> None:
    """Returns when the classifier is loaded: to tell a language then takes a fraction of a millisecond.

    On a thread: it takes some tenths of a second, in which other runs are served.
    """
    if not _classifier.cache_info().currsize:
        await asyncio.to_thread(prepare)


@lru_cache(maxsize=1024)
def _among(among: frozenset[str], text: str) -> Detected:
    """Returns the likeliest of some languages."""
    if not (script := _script(text)):
        return Detected("", 0.0)
    likely = _languages_of(script) & among
    if len(likely) < 2:
        return Detected(min(likely), 1.0, likely) if likely else Detected("", 0.0)
    scores = {tag: score for tag, score in _rank(text) if tag in likely}
    words = set(_WORD.findall(folded := fold(text)))
    for tag in scores:
        # Scripts without spaces have no words to compare: what stands anywhere in the text counts.
        common = _common(tag)
        hits = sum(word in folded for word in common) if script in _UNSPACED else len(words & common)
        scores[tag] *= _COMMON_WORD_WEIGHT**hits
    return _likeliest(scores)


@lru_cache(maxsize=1024)
def _weighed(text: str, expected: str) -> Detected:
    """Returns the likeliest of all languages, each weighed by how much is written in it."""
    if not (script := _script(text)):
        return Detected("", 0.0)
    likely = _languages_of(script)
    if len(likely) == 1:
        return Detected(min(likely), 1.0, likely)
    weights = _weights_of(script, canonical(expected))
    return _likeliest({tag: score * weights[tag] for tag, score in _rank(text) if tag in weights})


def _likeliest(scores: Mapping[str, float]) -> Detected:
    """Returns the language of the highest score, its share, and the fewest that are certain to have the right one."""
    ordered = sorted(scores, key=lambda tag: -scores[tag])
    total = sum(scores.values())
    shares = accumulate(scores[tag] / total for tag in ordered)
    count = next((count for count, share in enumerate(shares, start=1) if share >= _CERTAIN), len(ordered))
    return Detected(ordered[0], scores[ordered[0]] / total, frozenset(ordered[:count]))


@cache
def _languages_of(script: str) -> frozenset[str]:
    """Returns the languages that a script is used for; those of no other script for Latin letters and unlisted ones."""
    scripts: Mapping[str, list[str]] = symbols()["scripts"]
    others = (tag for tags in scripts.values() for tag in tags)
    return frozenset(scripts[script]) if script in scripts else _classifier_labels().difference(others)


@lru_cache(maxsize=1024)
def _weights_of(script: str, expected: str) -> Mapping[str, float]:
    """Returns how likely each language of a script is before a text is read, relative to the others."""
    spread = {tag.strip(): float(weight) for weight, tags in symbols()["spread"].items() for tag in tags.split(",")}
    return {
        tag: spread.get(tag, 1.0) * (_EXPECTED_WEIGHT if canonical(tag) == expected else 1.0)
        for tag in _languages_of(script)
    }


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


@lru_cache(maxsize=64)
def _rank(text: str) -> Sequence[tuple[str, float]]:
    prepare()
    ranked: Sequence[tuple[str, float]] = _classifier().rank(text)
    return ranked


@cache
def _classifier() -> Any:  # The library has no types.
    from py3langid import langid

    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


@cache
def _classifier_labels() -> frozenset[str]:
    prepare()
    return frozenset(_classifier().labels) - {"zxx"}  # What is no language at all.
