"""Brings plans that do the same into one form, so that a gold plan need not list every way to write it down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.requests.plans import Inputs, OutputOf, Step, Value, outputs_in
from orchestrion import task_types

_SOUND_CHANGES = "audio-to-audio"


def unfolded(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Returns a task for each item of a task's list, equal tasks once, and chains of sound changes as one task."""
    tasks: list[Step] = []
    places: dict[int, int | list[int]] = {}
    """Where the tasks of the plan are now; a list for one that ran once an item."""
    for place in _by_need(steps):
        step = steps[place]
        inputs = {name: _at(step.type, name, _moved(value, places)) for name, value in step.inputs.items()}
        lists = {
            name: value
            for name, value in inputs.items()
            if isinstance(value, tuple) and not _is_repeated(step.type, name)
        }
        if lists:
            count = max(map(len, lists.values()))
            places[place] = [_put(tasks, Step(step.type, _item(inputs, lists, index))) for index in range(count)]
        else:
            places[place] = _put(tasks, Step(step.type, inputs))
    return _joined(tuple(tasks))


def _by_need(steps: Sequence[Step]) -> Sequence[int]:
    """Returns the tasks' places, each after those of the tasks that it refers to."""
    order: list[int] = []
    visited = set()

    def visit(place: int) -> None:
        if place in visited:
            return
        visited.add(place)
        for value in steps[place].inputs.values():
            for reference in outputs_in(value):
                if 0 <= reference.task < len(steps):
                    visit(reference.task)
        order.append(place)

    for place in range(len(steps)):
        visit(place)
    return order


def _moved(value: Value, places: Mapping[int, int | list[int]]) -> Value:
    """Returns a value with the tasks' new places; a list where it stands for several."""
    match value:
        case tuple():
            items = [_moved(item, places) for item in value]
            return tuple(part for item in items for part in (item if isinstance(item, tuple) else (item,)))
        case OutputOf(task, output, index):
            place = places.get(task)
            match place:
                case None:
                    return OutputOf(-1, output)
                case int():
                    return OutputOf(place, output if index is None else f"{output}[{index}]")
                case _ if index is None:
                    return tuple(OutputOf(one, output) for one in place)
                case _:
                    return OutputOf(place[index] if index < len(place) else -1, output)
        case _:
            return value


def _at(task_type: str, name: str, value: Value) -> Value:
    return (value,) if _is_repeated(task_type, name) and not isinstance(value, tuple) else value


def _is_repeated(task_type: str, name: str) -> bool:
    its_type = task_types.load().get(task_type)
    parameter = its_type.input(name) if its_type else None
    return bool(parameter and parameter.repeated)


def _item(inputs: Inputs, lists: Mapping[str, tuple[Value, ...]], index: int) -> Inputs:
    """Returns the inputs of one call; of a list that is shorter, the last item stays."""
    return {**inputs, **{name: items[min(index, len(items) - 1)] for name, items in lists.items() if items}}


def _put(tasks: list[Step], step: Step) -> int:
    if step not in tasks:
        tasks.append(step)
    return tasks.index(step)


def _joined(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Joins sound changes one after another, where no option is set twice and nothing else uses what lies between."""
    for place, step in enumerate(steps):
        before = _sound_change_before(steps, place)
        if before is None:
            continue
        first = dict(steps[before].inputs)
        if not first.keys() - {"audio"} or step.inputs.keys() == {"audio"}:
            first["noise_reduction"] = 1  # What it does where no option is set.
        joined = Step(step.type, {**step.inputs, **first})
        kept = [joined if at == place else other for at, other in enumerate(steps) if at != before]
        return _joined(tuple(Step(s.type, {n: _without(before, v) for n, v in s.inputs.items()}) for s in kept))
    return steps


def _sound_change_before(steps: Sequence[Step], place: int) -> int | None:
    """Returns the place of the sound change that the one at `place` goes on from, None where they cannot be one."""
    step = steps[place]
    source = step.inputs.get("audio")
    if step.type != _SOUND_CHANGES or not isinstance(source, OutputOf) or source.task < 0:
        return None
    before = steps[source.task]
    if before.type != _SOUND_CHANGES or (before.inputs.keys() & step.inputs.keys()) - {"audio"}:
        return None
    others = (other for at, other in enumerate(steps) if at != place)
    values = (value for other in others for value in other.inputs.values())
    used = any(reference.task == source.task for value in values for reference in outputs_in(value))
    return None if used else source.task


def _without(place: int, value: Value) -> Value:
    """Returns a value as it is when the task at `place` is taken out."""
    match value:
        case tuple():
            return tuple(_without(place, item) for item in value)
        case OutputOf(task, output):
            return OutputOf(task - (task > place), output)
        case _:
            return value
