"""Chains of task types that turn one kind of value into another: the steps that a request leaves unsaid. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_controller.plans.kinds import accepts

_LONGEST: Final = 3


@dataclass(frozen=True, slots=True)
class Conversion:
    """A task type with the input and the output through which a chain goes."""

    task_type: TaskType
    input: Parameter
    output: Parameter


def chain(
    task_types: Iterable[TaskType], source: ParameterKind, target: ParameterKind
) -> tuple[Conversion, ...] | None:
    """Finds the shortest chain from one kind to another; empty when none is needed, None when there is none."""
    links = tuple(link for task_type in task_types for link in _links(task_type))
    queue: deque[tuple[ParameterKind, tuple[Conversion, ...]]] = deque([(source, ())])
    seen = {source}
    while queue:
        kind, so_far = queue.popleft()
        if accepts(target, kind):
            return so_far
        for link in links if len(so_far) < _LONGEST else ():
            if accepts(link.input.kind, kind) and link.output.kind not in seen:
                seen.add(link.output.kind)
                queue.append((link.output.kind, (*so_far, link)))
    return None


def _links(task_type: TaskType) -> tuple[Conversion, ...]:
    """A task type fits in unsaid when it says of itself that it converts, and needs one medium only."""
    required = [parameter for parameter in task_type.inputs if not parameter.optional]
    if not task_type.converts or len(required) != 1 or not required[0].kind.is_media or not task_type.outputs:
        return ()
    return (Conversion(task_type, required[0], task_type.outputs[0]),)
