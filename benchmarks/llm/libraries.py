"""What is on offer where a recorded conversation is planned anew: as experts of the catalogue narrow it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from orchestrion import task_types
from orchestrion.experts import AcceptedValues, Expert, InputLimit
from orchestrion.plans import TaskType
from orchestrion_controller.limits import TaskTypeLimits
from orchestrion_controller.registry import choices
from orchestrion_host.catalogue import reader
from orchestrion_host.catalogue.facts import ModelFacts

STARTER: Final = "starter"
"""The experts that every installation had when the conversations were recorded."""
ALL: Final = "all"
"""Every expert of the catalogue."""
# A request that nobody could do then may be one that somebody can do now: what is right of a reply would be another.
_RECORDED_WITH: Final = (
    "all-minilm-l6-v2", "espeak-ng", "langid", "opencv", "opencv-faces", "pocketsphinx", "rapidocr", "sound-tools",
    "text-rules", "universal-sentence-encoder", "vader",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Library:
    """What experts have on offer."""

    task_types: Mapping[str, TaskType]
    """By name, in the project's order, with all choices."""
    offered: Mapping[str, TaskType]
    """The same with the choices and inputs that some expert takes."""
    limits: Mapping[str, TaskTypeLimits]
    """What the experts take beyond choices."""


@cache
def defined() -> Mapping[str, TaskType]:
    """Returns every task type, but those for tests alone."""
    performed = {name for facts in catalogue().values() for name in facts.task_types}
    return {name: task_type for name, task_type in task_types.load().items() if name in performed}


@cache
def catalogue() -> Mapping[str, ModelFacts]:
    """Returns the models of the project's catalogue by id."""
    return reader.read((), test_experts=False)


@cache
def library(name: str) -> Library:
    """Returns what the starter experts had on offer, or those of the whole catalogue have."""
    ids = _RECORDED_WITH if name == STARTER else catalogue().keys()
    return _library(expert(catalogue()[expert_id]) for expert_id in sorted(ids))


def expert(facts: ModelFacts, memory_bytes: int = 0) -> Expert:
    """Describes a model as its host does."""
    return Expert(
        id=facts.id,
        model=facts.model,
        runtime=facts.runtime,
        task_types=facts.task_types,
        description=facts.description,
        languages=facts.languages,
        domain=facts.domain,
        license=facts.license,
        memory_bytes=memory_bytes,
        download_count=facts.download_count,
        like_count=facts.like_count,
        accepts=tuple(AcceptedValues(name, values) for name, values in facts.accepts.items()),
        input_limits=tuple(InputLimit(name, **limit) for name, limit in facts.input_limits.items()),
        accuracy=facts.accuracy,
        accuracy_measure=facts.accuracy_measure,
    )


def _library(experts: Iterable[Expert]) -> Library:
    by_type: dict[str, list[Expert]] = {}
    for one in experts:
        for name in one.task_types:
            by_type.setdefault(name, []).append(one)
    whole = {name: task_type for name, task_type in defined().items() if name in by_type}
    return Library(
        whole,
        {name: choices.with_available_choices(task_type, by_type[name]) for name, task_type in whole.items()},
        {name: choices.limits(task_type, by_type[name]) for name, task_type in whole.items()},
    )
