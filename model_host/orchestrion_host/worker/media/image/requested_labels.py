"""The things that a call to a detector asks for by name, among those that its model tells apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.image import thing_names
from orchestrion_host.worker.media.image.thing_names import Things

_MOST_SHOWN: Final = 8
_LONGEST_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class RequestedLabels:
    """What a call asks for by `labels`."""

    things: tuple[Things, ...] = ()
    """What is looked for, in the order of the call; all that there is where there are none."""
    others: tuple[str, ...] = ()
    """Labels of the call that mean nothing to the model: it does not tell such things apart."""

    def includes(self, label: str) -> bool:
        """Says whether a class is looked for."""
        return not self.things or any(label in thing.classes for thing in self.things)

    def absent(self, labels: Iterable[str]) -> list[str]:
        """Returns the names of what is looked for and not among the labels of what was detected."""
        seen = set(labels)
        return [thing.name for thing in self.things if seen.isdisjoint(thing.classes)]


EVERYTHING: Final = RequestedLabels()
"""What a call asks for that has no labels."""


def read(call: Call, names: Iterable[str]) -> RequestedLabels:
    """Returns what a call asks for by `labels`.

    A call that names some things that the model tells apart and some that it does not is for the former. The others
    have to be told beside what was seen: a count of none would say that there are none.

    Args:
        call: The call.
        names: All classes that the model tells apart.

    Raises:
        InvalidArgumentError: The model tells none of them apart, or one is empty. The message has some of those that it
            does, the most similar first.
    """
    own = tuple(dict.fromkeys(names))
    requested = sort(call, own)
    if requested.others and not requested.things:
        similar_first = thing_names.similar_first(requested.others, own)
        kinds = f"{len(own)} kinds of things, such as " if len(own) > _MOST_SHOWN else ""
        raise call.bad_input(
            "labels",
            f"names {shown(requested.others)}, which this expert does not tell apart. "
            f"It knows {kinds}{shown(similar_first, mark='')}; "
            "an expert of zero-shot-object-detection looks for things of any name.",
        )
    return requested


def sort(call: Call, names: Sequence[str]) -> RequestedLabels:
    """Tells the labels of a call that mean classes from those that do not, both in the order of the call.

    Raises:
        InvalidArgumentError: A label is empty.
    """
    things: dict[Things, None] = {}
    others: dict[str, None] = {}
    for label in call.inputs.get("labels") or ():
        text = str(label).strip()
        if not text:
            raise call.bad_input("labels", "has a label that is empty; name what to look for, or leave `labels` out.")
        match = thing_names.meaning(text, names)
        if match is None:
            others[text] = None
        else:
            things[match] = None
    return RequestedLabels(tuple(things), tuple(others))


def shown(labels: Sequence[str], *, mark: str = "`") -> str:
    """Lists labels for a message: the first few, and how many there are beyond them."""
    first = ", ".join(f"{mark}{label[:_LONGEST_SHOWN]}{mark}" for label in labels[:_MOST_SHOWN])
    more = len(labels) - _MOST_SHOWN
    return f"{first} and {more} more" if more > 0 else first
