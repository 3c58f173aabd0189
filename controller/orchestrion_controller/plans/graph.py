"""The graph that the references between tasks make."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from graphlib import CycleError, TopologicalSorter

from orchestrion.plans import Task
from orchestrion.values import Value, references


def dependencies(task: Task) -> tuple[str, ...]:
    """Lists the ids of the tasks that one refers to, each once, in the order of the references."""
    return tuple(dict.fromkeys(ref.task_id for value in task.inputs.values() for ref in references(value)))


def step_count(task: Task) -> int:
    """Returns how many values a task has, which is how much work each look at all of them is."""
    return 1 + sum(map(_value_count, task.inputs.values()))


def _value_count(value: Value) -> int:
    if not isinstance(value, tuple):
        return 1
    return 1 + sum(map(_value_count, value)) if any(isinstance(item, tuple) for item in value) else 1 + len(value)


def dependents(tasks: Iterable[Task]) -> dict[str, tuple[str, ...]]:
    """Lists for every task the ids of those that refer to it, in plan order."""
    tasks = tuple(tasks)
    by_task: dict[str, list[str]] = {task.id: [] for task in tasks}
    for task in tasks:
        for needed in dependencies(task):
            if needed in by_task:
                by_task[needed].append(task.id)
    return {task_id: tuple(ids) for task_id, ids in by_task.items()}


def leaves(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """Lists the tasks whose outputs no other task takes: the results of the plan."""
    tasks = tuple(tasks)
    taken = dependents(tasks)
    return tuple(task for task in tasks if not taken[task.id])


def ready(tasks: Iterable[Task], succeeded: Collection[str], begun: Collection[str] = ()) -> tuple[Task, ...]:
    """Lists the tasks that can start: every task they refer to has succeeded, and they have not begun."""
    return tuple(
        task for task in tasks if task.id not in begun and all(needed in succeeded for needed in dependencies(task))
    )


def order(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """Sorts tasks so that each comes after all that it refers to, and otherwise early and in plan order.

    References to tasks that are not among them are ignored.

    Raises:
        ValueError: The references make a cycle.
    """
    by_id = {task.id: task for task in tasks}
    try:
        return tuple(by_id[task_id] for task_id in _sorter(by_id).static_order())
    except CycleError as error:
        raise ValueError(f"no order: {error}") from error


def ancestors(tasks: Iterable[Task]) -> dict[str, frozenset[str]]:
    """Returns the ancestors of every task, by its id. The graph must have no cycle."""
    by_task: dict[str, frozenset[str]] = {}
    for task in order(tasks):
        needed = dependencies(task)
        by_task[task.id] = frozenset(needed).union(*(by_task.get(task_id, frozenset()) for task_id in needed))
    return by_task


def components(tasks: Iterable[Task]) -> tuple[tuple[Task, ...], ...]:
    """Splits tasks into connected components: each part in order, the parts by their first tasks."""
    sorted_tasks = order(tasks)
    part_of: dict[str, list[str]] = {}
    for task in sorted_tasks:
        part = [task.id]
        for needed in dependencies(task):
            other = part_of.get(needed, part)
            if other is not part:
                # Union by size keeps this near linear.
                part, other = (part, other) if len(part) >= len(other) else (other, part)
                part += other
                part_of.update(dict.fromkeys(other, part))
        part_of.setdefault(task.id, part)
    parts: dict[int, list[Task]] = {}
    for task in sorted_tasks:
        parts.setdefault(id(part_of[task.id]), []).append(task)
    return tuple(map(tuple, parts.values()))


def find_cycle(tasks: Iterable[Task]) -> tuple[str, ...] | None:
    """Finds a cycle: ids of which each refers to the next and the last to the first; None where there is none."""
    by_id = {task.id: task for task in tasks}
    try:
        _sorter(by_id).prepare()
    except CycleError as error:
        # graphlib lists a cycle in the direction of the data, with the first id again at the end.
        return tuple(reversed(error.args[1][1:]))
    return None


def _sorter(by_id: dict[str, Task]) -> TopologicalSorter[str]:
    return TopologicalSorter(
        {task_id: [needed for needed in dependencies(task) if needed in by_id] for task_id, task in by_id.items()}
    )
