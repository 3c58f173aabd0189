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


def in_words(labels: Iterable[str], nothing: str = "nothing") -> str:
    """Counts labels and tells them in a sentence's words, the most frequent first.

    Args:
        labels: English names, one for each thing.
        nothing: What is told where there is none.
    """
    counts = Counter(labels)
    parts = [f"{count} {label if count == 1 else plural(label)}" for label, count in counts.most_common()]
    if len(parts) < 2:
        return parts[0] if parts else nothing
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def plural(label: str) -> str:
    """Returns the plural of an English name, that of its last word; a name in other letters stays as it is."""
    head, space, word = label.rpartition(" ")
    if not word.isascii() or not word.isalpha():
        return label
    if word.lower() in _IRREGULAR:
        return f"{head}{space}{_IRREGULAR[word.lower()]}"
    if word.endswith("y") and word[-2:-1].lower() not in _VOWELS:
        return f"{head}{space}{word[:-1]}ies"
    return f"{head}{space}{word}{'es' if word.endswith(_HISSING) else 's'}"
