"""Chains of task types that turn one kind of value into another: the steps that a request leaves unsaid."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_controller.plans.kinds import accepts

_LONGEST: Final = 3


@dataclass(frozen=True, slots=True)
class Link:
    """A task type with the input and the output through which a chain goes."""

    task_type: TaskType
    input: Parameter
    output: Parameter


def find(task_types: Iterable[TaskType], given: ParameterKind, wanted: ParameterKind) -> tuple[Link, ...] | None:
    """Finds the shortest chain from one kind to another; empty when none is needed, None when there is none."""
    known = tuple(task_types)
    # Where task types say of themselves that they convert, others are not taken unasked.
    converters = tuple(task_type for task_type in known if task_type.converts) or known
    links = tuple(link for task_type in converters for link in _links(task_type))
    queue: deque[tuple[ParameterKind, tuple[Link, ...]]] = deque([(given, ())])
    seen = {given}
    while queue:
        kind, chain = queue.popleft()
        if accepts(wanted, kind):
            return chain
        for link in links if len(chain) < _LONGEST else ():
            if accepts(link.input.kind, kind) and link.output.kind not in seen:
                seen.add(link.output.kind)
                queue.append((link.output.kind, (*chain, link)))
    return None


def converts(task_type: TaskType) -> bool:
    """Whether a task type only turns one medium into a text, as reading and listening do."""
    taken = task_type.inputs[0] if len(task_type.inputs) == 1 or task_type.converts else None
    gives = task_type.outputs[0].kind if task_type.outputs else None
    return taken is not None and taken.kind.is_media and gives is ParameterKind.TEXT


def _links(task_type: TaskType) -> tuple[Link, ...]:
    """A task type fits in unsaid when it needs one value only, and people have words for it: it is no test's.

    One with a choice to make does different things, which must be asked for.
    """
    required = [parameter for parameter in task_type.inputs if not parameter.optional]
    has_choice = not task_type.converts and any(parameter.choices for parameter in task_type.inputs)
    if len(required) != 1 or required[0].repeated or has_choice or not task_type.cues or not task_type.outputs:
        return ()
    return (Link(task_type, required[0], task_type.outputs[0]),)
