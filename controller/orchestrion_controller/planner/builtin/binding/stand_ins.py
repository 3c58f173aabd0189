"""Stand-ins: whatever detectors know by name is read as the thing that the reader has met most often.

"Count the skateboards" is "count the cats", but for what is counted. The reader has seen a few things of each kind, and
languages list the words for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from orchestrion.plans import Task
from orchestrion.values import Value
from orchestrion_controller.languages import function_words
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.languages.phrases import fold
from orchestrion_controller.planner.builtin.binding.looked_for import LABELS
from orchestrion_controller.planner.builtin.binding.named_things import NamedThing, NamedThings

_OFTEN_MET: Final = ("cat", "dog")
"""The English names of things that the reader has met often, in one language this, in another that."""


@dataclass(frozen=True, slots=True)
class SubstituteRequest:
    """A request with other things in the place of those that it names."""

    text: str
    names: tuple[str, ...]
    """What it really names, as detectors call it, in order."""
    forms: frozenset[str]
    """How the stand-in is written, folded."""

    def put_back(self, tasks: Sequence[Task]) -> tuple[Task, ...]:
        """Returns the tasks for the request itself; none where its things are anything but what one task looks for."""
        detectors = [task for task in tasks if self._is_looked_for(task.inputs.get(LABELS))]
        if len(detectors) != 1 or any(map(self._is_spoken_of, tasks)):
            return ()
        return tuple(
            replace(task, inputs={**task.inputs, LABELS: self.names}) if task is detectors[0] else task
            for task in tasks
        )

    def _is_spoken_of(self, task: Task) -> bool:
        """Whether a text of the task has the stand-in, such as the prompt for a picture of it."""
        texts = [fold(value) for value in task.inputs.values() if isinstance(value, str)]
        return any(form in text for form in self.forms for text in texts)

    def _is_looked_for(self, labels: Value | None) -> bool:
        return isinstance(labels, tuple) and {fold(str(label)) for label in labels} <= self.forms and bool(labels)


def stand_ins(text: str, language: str, asides: Sequence[tuple[int, int]]) -> Iterator[SubstituteRequest]:
    """Puts other things in the place of those that a request names.

    Args:
        text: The request.
        language: Its tag.
        asides: Where something stands that is not to be read, from the first to its last character.

    Yields:
        The request as it may be read; nothing where it names no other things, or names them in several places: "the
        picture of the car: count the people".
    """
    things = NamedThings(text, language).outside(asides)
    if all(function_words.only(text[one.end : other.start], language) for one, other in pairwise(things)):
        for name in _OFTEN_MET:
            if things and {thing.name for thing in things} != {name}:
                yield _with(name, text, language, things)


def _with(name: str, text: str, language: str, things: Sequence[NamedThing]) -> SubstituteRequest:
    forms = words_of(language).thing_forms(name)
    parts, end = [], 0
    for thing in things:
        parts += [text[end : thing.start], forms[min(_form(text, thing, language), len(forms) - 1)]]
        end = thing.end
    names = tuple(dict.fromkeys(thing.name for thing in things))
    return SubstituteRequest("".join((*parts, text[end:])), names, frozenset(map(fold, (*forms, name))))


def _form(text: str, thing: NamedThing, language: str) -> int:
    """Which form of its name is written: 0 for one thing, 1 for several, where the language has both."""
    forms = [fold(form) for form in words_of(language).thing_forms(thing.name)]
    written = fold(text[thing.start : thing.end])
    return forms.index(written) if written in forms else 0
