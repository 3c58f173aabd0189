"""What no expert here does, and one does that people can get: a language model may name it for what it leaves out."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrion.plans import TaskType
from orchestrion.refusals import NotDone
from orchestrion_controller import languages, refusals
from orchestrion_controller.identity_cache import IdentityCache
from orchestrion_controller.languages.examples import examples
from orchestrion_controller.planner.llm.relevance import Likeness, worded, words
from orchestrion_controller.stages import PlanningRequest

MOST: Final = 6
"""How many are shown."""


@dataclass(frozen=True, slots=True)
class AbsentAbility:
    """A task type, or one of its choices, for which no expert is here."""

    task_type: TaskType
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What a plan calls it, such as `image-to-text domain=caption`."""
        return " ".join([self.task_type.name, *(f"{name}={value}" for name, value in self.choices.items())])

    def part(self, part: NotDone, request: PlanningRequest, language: str) -> NotDone:
        """Returns a part that it would do with the reason, and with the command that brings an expert for it."""
        cure = request.cures.find(self.task_type.name, self.choices)
        return refusals.no_expert(part.words, self.task_type, cure, language, choices=self.choices)


def absent(request: PlanningRequest, text: str) -> tuple[AbsentAbility, ...]:
    """Lists what people can get experts for: what is most like a request, the likeliest first.

    Args:
        request: The request, with what is on offer, and what could be.
        text: Its words.
    """
    if request.replaced:
        return ()
    key = (request.defined, request.on_offer, request.cures)
    candidates, likeness = _obtainable.get(key, lambda: _what_is_obtainable(request))
    scores = likeness.scores(words(text))
    ranked = sorted(zip(scores, candidates, strict=True), key=lambda pair: -pair[0])
    return tuple(item for score, item in ranked[:MOST] if score > 0)


_obtainable: Final[IdentityCache[tuple[Sequence[AbsentAbility], Likeness]]] = IdentityCache()


def _what_is_obtainable(request: PlanningRequest) -> tuple[Sequence[AbsentAbility], Likeness]:
    """Returns all that nobody here does and people can get experts for, with the words of each."""
    candidates = [
        item for item in _candidates(request) if request.cures.expert(item.task_type.name, item.choices) is not None
    ]
    return candidates, Likeness(list(map(_words_of, candidates)))


def _candidates(request: PlanningRequest) -> Iterable[AbsentAbility]:
    for name, task_type in request.defined.items():
        offered = request.on_offer.get(name)
        if offered is None:
            yield AbsentAbility(task_type)
            continue
        for parameter in task_type.inputs:
            own = offered.input(parameter.name)
            taken: Sequence[str] = own.choices if own else ()
            if parameter.choices and parameter.optional and own and not own.optional:
                # Whatever the task type does where that is left open, nobody does here.
                yield AbsentAbility(task_type)
            for choice in parameter.choices:
                if choice not in taken:
                    yield AbsentAbility(task_type, {parameter.name: choice})


def _words_of(item: AbsentAbility) -> frozenset[str]:
    return _words(item.task_type, tuple(item.choices.items()))


@functools.lru_cache(maxsize=1024)
def _words(task_type: TaskType, choices: tuple[tuple[str, str], ...]) -> frozenset[str]:
    own = AbsentAbility(task_type, dict(choices)).name.replace("-", " ").replace("=", " ")
    if not choices:
        return words(" ".join([own, *task_type.cues, *worded(task_type.name)]))
    # The phrases of a task type are about all of its choices.
    entries = (
        entry
        for language in languages.load()
        for entry in examples(language).get(task_type.name, ())
        if entry.choices.items() >= dict(choices).items()
    )
    return words(" ".join([own, *(f"{entry.does} {entry.request}" for entry in entries)]))
