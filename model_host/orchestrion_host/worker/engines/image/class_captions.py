"""Captions made of classes: what a classifier takes a picture for, as a phrase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_SURE: Final = 0.6
"""From this share on a class is told alone."""
_ENOUGH: Final = 0.75
"""Further classes are told until all that are told have this share together."""
_MOST: Final = 3
_LEAST: Final = 0.05
"""A class with a smaller share is not told beside others."""
_VOWELS: Final = "aeiou"
# Of a thousand classes those that are told without an article: stuffs, and what is in the plural.
_WITHOUT_ARTICLE: Final = frozenset(
    {
        "broccoli", "carbonara", "cauliflower", "chainlink fence", "chocolate sauce", "consomme", "dough", "espresso",
        "guacamole", "hay", "ice cream", "mashed potato", "rapeseed", "red wine", "sunglasses", "toilet tissue",
        "velvet",
    }
)  # fmt: skip


def describe(ranked: Sequence[tuple[str, float]]) -> str:
    """Writes a caption: `an Egyptian cat`, or `probably a tiger cat, an Egyptian cat or a tabby`.

    Args:
        ranked: The classes with their shares, the likeliest first, at least one. Of a class with several names, such as
            `tabby, tabby cat`, the first is told.
    """
    likeliest = [ranked[0]]
    if ranked[0][1] < _SURE:
        for label, share in ranked[1:_MOST]:
            if sum(own for _, own in likeliest) >= _ENOUGH or share < _LEAST:
                break
            likeliest.append((label, share))
    names = [_with_article(label.partition(",")[0]) for label, _ in likeliest]
    written = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    together = sum(share for _, share in likeliest)
    return (
        written
        if together >= _ENOUGH and len(likeliest) == 1
        else f"{'probably' if together >= 0.5 else 'perhaps'} {written}"
    )


def _with_article(name: str) -> str:
    if name.lower() in _WITHOUT_ARTICLE:
        return name
    return f"{'an' if name[0].lower() in _VOWELS else 'a'} {name}"
