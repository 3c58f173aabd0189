"""How values are spread over the inputs of task types, and which of several steps comes first. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.values import Value
from orchestrion_controller.planner.builtin.sources import Source
from orchestrion_controller.plans.kinds import accepts


def slots_of(task_type: TaskType) -> tuple[Parameter, ...]:
    """The inputs that a step works on: those it needs, but for choices, which are options."""
    return tuple(parameter for parameter in task_type.inputs if not parameter.optional and not parameter.choices)


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
    inputs: Sequence[dict[str, Value]], task_type: TaskType, options: Mapping[str, tuple[str | float, ...]]
) -> Sequence[dict[str, Value]]:
    """Adds the options that a task type has. Several values of one go to the tasks in order, or make more tasks."""
    for name, values in options.items():
        if not task_type.input(name):
            continue
        if len(inputs) == 1:
            inputs = [{**inputs[0], name: value} for value in values]
        else:
            each = values if len(values) == len(inputs) else values[-1:] * len(inputs)
            inputs = [{**item, name: value} for item, value in zip(inputs, each, strict=True)]
    return inputs


def producers_first(task_types: Sequence[TaskType]) -> list[TaskType]:
    """Orders the steps of a clause so that one whose output another takes comes before it; else as they are said."""
    waiting = list(dict.fromkeys(task_types))
    ordered: list[TaskType] = []
    while waiting:
        free = next((item for item in waiting if not any(feeds(other, item) for other in waiting)), waiting[0])
        waiting.remove(free)
        ordered.append(free)
    return ordered


def feeds(producer: TaskType, consumer: TaskType) -> bool:
    """Whether one step works on what the other gives, and not the other way round as well."""
    return producer is not consumer and _gives(producer, consumer) and not _gives(consumer, producer)


def _gives(producer: TaskType, consumer: TaskType) -> bool:
    return any(accepts(slot.kind, output.kind) for output in producer.outputs[:1] for slot in slots_of(consumer))
