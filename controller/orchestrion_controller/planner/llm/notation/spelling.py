"""Names that are spelled otherwise than declared: `image_to_text` and `ImageToText` are `image-to-text`."""

from __future__ import annotations

from collections.abc import Iterable


def letters(name: str) -> str:
    """Returns the letters and digits of a name, without case."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def spelled(name: str, names: Iterable[str]) -> str:
    """Returns the one name that has the same letters; the name as it is where none or several have."""
    names = tuple(names)
    if name in names:
        return name
    same = [other for other in names if letters(other) == letters(name)]
    return same[0] if len(same) == 1 else name
