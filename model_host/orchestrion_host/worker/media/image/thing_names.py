"""Words for things: which classes of a detector a person means by `bikes`, `sofa` or `animals`."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from orchestrion_host.worker.media.image import counting

_SEPARATORS: Final = re.compile(r"[\s_-]+")
_DATA: Final = Path(__file__).with_name("thing_names.yaml")


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: tuple[str, ...]
    names: tuple[str, ...]
    """None of them for every class."""


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    synonyms: tuple[tuple[str, ...], ...]
    groups: tuple[_Group, ...]


@dataclass(frozen=True, slots=True)
class Things:
    """What a label means to a detector."""

    name: str
    """What they are called in the singular: `zebra`, `animal`."""
    classes: tuple[str, ...]
    """The classes of the detector that are such things, at least one."""


def meaning(label: str, names: Iterable[str]) -> Things | None:
    """Returns the classes that a label means; None where it means none of them.

    Case makes no difference, nor does the plural: `Zebras` is `zebra`, `person` is `people`. A class of the very name
    comes before synonyms, those before groups: of a detector that has a class `animal`, `animals` are that class.

    Args:
        label: What a person calls the thing, in English.
        names: All classes that the detector tells apart, in its order.
    """
    own = tuple(names)
    words = _words()
    for synonyms in [(label,), *(each for each in words.synonyms if _is_any(label, each))]:
        if same := tuple(name for name in own if _is_any(name, synonyms)):
            return Things(same[0], same)
    for group in words.groups:
        if _is_any(label, group.words):
            members = [things.classes for member in group.names if (things := meaning(member, own))]
            chosen = tuple(name for name in own if not group.names or any(name in each for each in members))
            return Things(group.words[0], chosen) if chosen else None
    return None


def plain(name: str) -> str:
    """Returns a name in lower case, its words apart by single spaces."""
    return _SEPARATORS.sub(" ", name).strip().casefold()


def similar_first(labels: Sequence[str], names: Iterable[str]) -> list[str]:
    """Puts the classes first that have a word in common with a label."""
    words = {word for label in labels for word in plain(label).split()}
    return sorted(names, key=lambda name: words.isdisjoint(plain(name).split()))


def _is_any(label: str, words: Iterable[str]) -> bool:
    one = plain(label)
    forms = {one, *counting.plurals(one)}
    return any(plain(word) in forms or one in counting.plurals(plain(word)) for word in words)


@functools.cache
def _words() -> _Words:
    return msgspec.yaml.decode(_DATA.read_bytes(), type=_Words)
