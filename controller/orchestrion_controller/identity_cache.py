"""Keeps what was made of objects that stay the same for a while, such as the task types on offer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_LARGEST: Final = 4
"""How many are kept; the oldest one goes."""


class IdentityCache(Generic[T]):
    """The last few things that were made, each with the objects that it was made of.

    Objects are the same where they are identical: to compare, or hash, some hundred task types takes as long as what is
    to be saved. Two threads may make the same thing at once; neither waits.
    """

    def __init__(self) -> None:
        """Starts empty."""
        self._entries: tuple[tuple[tuple[object, ...], T], ...] = ()

    def get(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """Returns what was made of these objects, and makes it where nobody has.

        Args:
            key: The objects, which must not change; they are kept, so that no other object is ever taken for them.
            make: Makes it.
        """
        for objects, value in self._entries:
            if len(objects) == len(key) and all(map(_is, objects, key)):
                return value
        made = make()
        self._entries = ((key, made), *self._entries[: _LARGEST - 1])
        return made


def _is(one: object, other: object) -> bool:
    return one is other
