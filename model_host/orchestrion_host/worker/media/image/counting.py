"""Counts of detections in words: `2 cats and 1 dog`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

_IRREGULAR: Final[Mapping[str, str]] = {
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
    "mouse": "mice",
    "knife": "knives",
    "sheep": "sheep",
    "deer": "deer",
    "fish": "fish",
    "skis": "skis",
    "scissors": "scissors",
}
_HISSING: Final = ("s", "x", "z", "ch", "sh")
_VOWELS: Final = "aeiou"


def in_words(labels: Iterable[str], nothing: str = "nothing", absent: Iterable[str] = ()) -> str:
    """Counts labels and tells them in a sentence's words, the most frequent first.

    Args:
        labels: English names, one for each thing.
        nothing: What is told where there is none.
        absent: Names of what there is none of, as is told: `no zebras`.
    """
    counts = Counter(labels)
    parts = [f"{count} {label if count == 1 else plural(label)}" for label, count in counts.most_common()]
    parts += [f"no {plural(label)}" for label in absent]
    if len(parts) < 2:
        return parts[0] if parts else nothing
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def plural(label: str) -> str:
    """Returns the plural of an English name, that of its last word; a name in other letters stays as it is."""
    head, space, word = label.rpartition(" ")
    if not word.isascii() or not word.isalpha():
        return label
    return f"{head}{space}{_IRREGULAR.get(word.lower()) or _regular(word)}"


def plurals(label: str) -> set[str]:
    """Returns the plurals that people write of an English name in lower case: `people` and `persons`."""
    head, space, word = label.rpartition(" ")
    return {plural(label), f"{head}{space}{_regular(word)}"}


def _regular(word: str) -> str:
    if word.endswith("y") and word[-2:-1].lower() not in _VOWELS:
        return f"{word[:-1]}ies"
    return f"{word}{'es' if word.endswith(_HISSING) else 's'}"
