"""The things that a call to a detector asks for by name, among those that its model tells apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.image import counting

_MOST_SHOWN: Final = 8
_LONGEST_SHOWN: Final = 60
_SEPARATORS: Final = re.compile(r"[\s_-]+")


def read(call: Call, names: Iterable[str]) -> tuple[str, ...]:
    """Returns the names of the classes that a call asks for by `labels`, in its order; none where it asks for all.

    Args:
        call: The call.
        names: All classes that the model tells apart.

    Raises:
        InvalidArgumentError: The model does not tell one of them apart, or one is empty. The message has some of those
            that it does, the most similar first: an empty result would say that there is no such thing to be seen.
    """
    own = tuple(dict.fromkeys(names))
    chosen, others = sort(call, own)
    if others:
        words = {word for label in others for word in _plain(label).split()}
        similar_first = sorted(own, key=lambda name: words.isdisjoint(_plain(name).split()))
        raise call.bad_input(
            "labels",
            f"names {shown(others)}, which this expert does not tell apart. It knows {shown(similar_first, mark='')}; "
            "an expert of zero-shot-object-detection looks for things of any name.",
        )
    return chosen


def sort(call: Call, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tells the labels of a call that name classes from those that do not.

    Case makes no difference, nor does the plural: `Zebras` is `zebra`, `person` is `people`.

    Returns:
        The names of classes, and the labels that name none, both in the order of the call.

    Raises:
        InvalidArgumentError: A label is empty.
    """
    chosen: dict[str, None] = {}
    others: dict[str, None] = {}
    for label in call.inputs.get("labels") or ():
        if not str(label).strip():
            raise call.bad_input("labels", "has a label that is empty; name what to look for, or leave `labels` out.")
        matches = [name for name in names if _is_same(str(label), name)]
        chosen |= dict.fromkeys(matches)
        others |= dict.fromkeys([] if matches else [str(label).strip()])
    return tuple(chosen), tuple(others)


def shown(labels: Sequence[str], *, mark: str = "`") -> str:
    """Lists labels for a message: the first few, and how many there are beyond them."""
    first = ", ".join(f"{mark}{label[:_LONGEST_SHOWN]}{mark}" for label in labels[:_MOST_SHOWN])
    more = len(labels) - _MOST_SHOWN
    return f"{first} and {more} more" if more > 0 else first


def _is_same(label: str, name: str) -> bool:
    one, other = _plain(label), _plain(name)
    return one == other or one in counting.plurals(other) or other in counting.plurals(one)


def _plain(name: str) -> str:
    return _SEPARATORS.sub(" ", name).strip().casefold()
