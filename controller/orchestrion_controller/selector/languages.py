"""Detects the language of a text from its script and its commonest words. Pure; empty where it is not clear."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_MOST_CHARACTERS: Final = 2_000
_LEAST_HITS: Final = 2
"""Fewer common words than these say nothing."""
_LEAST_SHARE: Final = 0.6
"""The share of the evidence that one language needs."""

_COMMON_TEXT: Final[Mapping[str, str]] = {
    "en": (
        "the of and to is that it was for with as his on be at by this had not are but from they which you "
        "one we were her all there been their has when who will what my your she he have our its can"
    ),
    "de": (
        "der die das und ist nicht ein eine zu den mit sich auf für dem des im von ich sie es dass wie auch "
        "als bei aus nach wird war sind wir haben hat einen einem einer oder aber am um noch über kein keine "
        "mir"
    ),
    "fr": (
        "le la les et est des une du que dans qui pour ne pas sur au avec il elle ce cette sont nous vous je "
        "mais son sa ses aux ont été plus comme par très"
    ),
    "es": (
        "el la los las y es que en un una por con para no se del al lo su como más pero sus le está este esta "
        "muy son fue hay yo mi"
    ),
    "it": (
        "il lo gli e è che di un una per con non si del della dei le nel alla sono come più ma anche questo "
        "questa molto suo ha ho"
    ),
    "pt": (
        "o os as e é que de um uma por com para não se do da dos das no na em ao como mais mas seu sua foi "
        "são está muito você eu"
    ),
    "nl": (
        "de het een en is van dat niet te op zijn met voor er aan ook als bij naar maar om hij ze wij ik "
        "heeft deze wordt nog"
    ),
    "pl": ("i w nie na się z jest że do to jak po co ale za od przez są tym tego był dla jego bardzo"),
    "sv": ("och att det som en på är av för med den inte om ett han var jag de till har från kan men så vi"),
    "tr": ("ve bir bu için çok ile da de ne daha gibi olarak ben sen o kadar ama var yok değil"),
}
_COMMON: Final = {language: frozenset(words.split()) for language, words in _COMMON_TEXT.items()}

_SCRIPTS: Final = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("uk", re.compile("[іїєґІЇЄҐ]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("fa", re.compile("[پچژگ]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("el", re.compile("[\u0370-\u03ff]")),
)
"""What each script is written for, as far as that is one language mostly; the more particular ones come first."""

_WORD: Final = re.compile(r"[^\W\d_]+")


def common_words() -> frozenset[str]:
    """Returns the commonest words of English, which say nothing about what a text is about."""
    return _COMMON["en"]


@lru_cache(maxsize=1024)
def guess(text: str) -> str:
    """Returns the primary subtag of the language that a text is in, such as `de`; empty where that is not clear."""
    text = text[:_MOST_CHARACTERS]
    letters = sum(character.isalpha() for character in text)
    for language, script in _SCRIPTS:
        count = len(script.findall(text))
        # A few kana among Chinese characters mean Japanese, and one Ukrainian letter among Cyrillic ones Ukrainian.
        particular = language in ("ja", "uk", "fa")
        if count >= 2 and (count >= letters / 2 or (particular and count >= letters / 25)):
            return language
    words = [word.casefold() for word in _WORD.findall(text)]
    hits = {language: sum(word in common for word in words) for language, common in _COMMON.items()}
    best = max(hits, key=lambda language: hits[language])
    second = max(count for language, count in hits.items() if language != best)
    clear = hits[best] >= _LEAST_HITS and hits[best] >= _LEAST_SHARE * (hits[best] + second)
    return best if clear and hits[best] > second else ""


@lru_cache(maxsize=4096)
def primary(tag: str) -> str:
    """Returns the primary subtag of a BCP 47 tag: `de` of `de-AT`."""
    return tag.split("-", maxsplit=1)[0].lower()


@lru_cache(maxsize=4096)
def primaries(tags: tuple[str, ...]) -> frozenset[str]:
    """Returns the primary subtags of several tags."""
    return frozenset(primary(tag) for tag in tags) - {""}
