"""How values are spread over the inputs of task types, and which of several steps comes first. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.values import Value
from orchestrion_controller.planner.builtin.grammar.clauses import Step
from orchestrion_controller.planner.builtin.grammar.sources import Source
from orchestrion_controller.plans.kinds import accepts


@dataclass(frozen=True, slots=True)
class Chosen:
    """A step whose meaning is settled."""

    task_type: TaskType
    step: Step
    options: Mapping[str, tuple[str | float, ...]]


def slots_of(task_type: TaskType, roles: Collection[str] = ()) -> tuple[Parameter, ...]:
    """The inputs that a step works on: those it needs, but for choices, and inputs whose value is words of the request.

    Args:
        task_type: The task type.
        roles: The names of inputs whose value is words of the request.
    """
    slots = [item for item in task_type.inputs if not item.optional and not item.choices]
    return tuple([item for item in slots if item.name not in roles] or slots)


def by_kind(slots: Sequence[Parameter]) -> dict[ParameterKind, list[Parameter]]:
    """Groups inputs by kind, since values are found by kind."""
    groups: dict[ParameterKind, list[Parameter]] = {}
    for slot in slots:
        groups.setdefault(slot.kind, []).append(slot)
    return groups


def spread(slots: Sequence[Parameter], sources: Sequence[Source]) -> list[tuple[Value, ...]]:
    """Spreads sources over the inputs of one kind: all in one list, one a task, or every pair."""
    if slots[0].repeated:
        return [(tuple(source.value for source in sources),)]
    if len(slots) == 1:
        return [(source.value,) for source in sources]
    given = [source for source in sources if isinstance(source.value, str)]
    others = [source for source in sources if not isinstance(source.value, str)]
    if len(slots) == 2 and len(given) == 1 and len(others) > 1:
        return [(source.value, given[0].value) for source in others]
    return list(combinations((source.value for source in sources), len(slots)))


def with_options(
    inputs: Sequence[dict[str, Value]], options: Mapping[str, tuple[str | float, ...]]
) -> Sequence[dict[str, Value]]:
    """Adds options. Several values of one go to the tasks in order, or make more tasks."""
    for name, values in options.items():
        if len(inputs) == 1:
            inputs = [{**inputs[0], name: value} for value in values]
        else:
            each = values if len(values) == len(inputs) else values[-1:] * len(inputs)
            inputs = [{**item, name: value} for item, value in zip(inputs, each, strict=True)]
    return inputs


def producers_first(steps: Sequence[Chosen], roles: Collection[str]) -> list[Chosen]:
    """Orders the steps of a clause so that one whose output another takes comes before it; else as they are said."""
    waiting = list(steps)
    ordered: list[Chosen] = []
    while waiting:
        free = next(
            (item for item in waiting if not any(feeds(other.task_type, item.task_type, roles) for other in waiting)),
            waiting[0],
        )
        waiting.remove(free)
        ordered.append(free)
    return ordered


def feeds(producer: TaskType, consumer: TaskType, roles: Collection[str]) -> bool:
    """Whether one step works on what the other gives, and not the other way round as well.

    One that gives a number feeds one that gives a medium, too: "tell me aloud how similar they are" cannot be done, but
    it is that number which is to be told.
    """
    return producer is not consumer and _gives(producer, consumer, roles) and not _gives(consumer, producer, roles)


def _gives(producer: TaskType, consumer: TaskType, roles: Collection[str]) -> bool:
    tells = any(output.kind.is_media for output in consumer.outputs[:1])
    return any(
        accepts(slot.kind, output.kind)
        or (tells and slot.kind is ParameterKind.TEXT and output.kind is ParameterKind.NUMBER)
        for output in producer.outputs[:1]
        for slot in slots_of(consumer, roles)
    )


def changes(task_type: TaskType) -> bool:
    """Whether a step gives a new thing of the kind that it takes."""
    return bool(task_type.outputs) and any(slot.kind is task_type.outputs[0].kind for slot in slots_of(task_type))
