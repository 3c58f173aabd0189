"""Words of English texts: their stems, roughly, and those that carry no meaning of their own."""

from __future__ import annotations

import re
from typing import Final

from orchestrion_host.worker.text.lexicon import english

_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_ENDINGS: Final = (
    "ational",
    "ations",
    "ation",
    "ments",
    "ment",
    "ings",
    "ing",
    "ers",
    "ies",
    "ied",
    "ed",
    "er",
    "or",
    "es",
    "ly",
    "s",
)


def stems(text: str) -> frozenset[str]:
    """Returns the stems of the words of a text that carry meaning."""
    return frozenset(stem(word) for word in _WORD.findall(text) if not is_common(word))


def places(text: str) -> list[tuple[str, int, int]]:
    """Returns the stems of all words of a text that carry meaning, and where each begins and ends."""
    return [
        (stem(match.group()), match.start(), match.end())
        for match in _WORD.finditer(text)
        if not is_common(match.group())
    ]


def stem(word: str) -> str:
    """Cuts off endings of inflection; what is left has at least 3 letters, and no doubled one or `e` at its end."""
    folded = re.sub(r"['\u2019]s?$", "", word.casefold())
    ending = next((item for item in _ENDINGS if folded.endswith(item) and len(folded) - len(item) >= 3), "")
    root = folded[: len(folded) - len(ending)] if folded.isalpha() else folded
    root = root[:-1] if len(root) > 3 and root[-1] in "ey" else root
    return root[:-1] if len(root) > 3 and root[-1] == root[-2] else root


def is_common(word: str) -> bool:
    """Whether a word carries no meaning of its own, or none that tells one text from another."""
    return word.casefold() in english("common")
