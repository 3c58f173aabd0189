"""The plan as a tree by dependency: each task under a task that it waits for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrion.snapshots import TaskSnapshot


@dataclass(frozen=True, slots=True)
class Row:
    """One task at its place in the tree."""

    task: TaskSnapshot
    levels: tuple[bool, ...] = ()
    """From the root down to this task, whether the branch is the last of its siblings; empty for a root."""
    has_children: bool = False
    also_after: tuple[str, ...] = ()
    """The other tasks that it waits for."""

    @property
    def depth(self) -> int:
        """How many tasks are above it."""
        return len(self.levels)


def rows(tasks: Mapping[str, TaskSnapshot]) -> tuple[Row, ...]:
    """Puts every task at one place: under the last planned of those that it waits for, else at the top.

    Args:
        tasks: The tasks by id, in the order of the plan.

    Returns:
        The rows from top to bottom.
    """
    place = {task_id: number for number, task_id in enumerate(tasks)}
    parent_of = {
        task.id: max((parent for parent in task.parents if parent in place), key=place.__getitem__, default=None)
        for task in tasks.values()
    }
    children: dict[str | None, list[TaskSnapshot]] = {}
    for task in tasks.values():
        children.setdefault(parent_of[task.id], []).append(task)
    placed: list[Row] = []
    seen: set[str] = set()
    # A plan that is not checked yet may have a circle, which hangs on no root: its first task then becomes one.
    for root in (*children.get(None, ()), *tasks.values()):
        waiting: list[tuple[TaskSnapshot, tuple[bool, ...]]] = [] if root.id in seen else [(root, ())]
        while waiting:
            task, levels = waiting.pop()
            seen.add(task.id)
            below = [child for child in children.get(task.id, ()) if child.id not in seen]
            others = tuple(parent for parent in task.parents if parent != parent_of[task.id])
            placed.append(Row(task, levels, bool(below), others))
            numbered = [(child, (*levels, child is below[-1])) for child in below]
            waiting += reversed(numbered)
    return tuple(placed)
