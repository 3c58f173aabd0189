"""The choices of a task type that are available: those that some available expert takes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from orchestrion.experts import Expert
from orchestrion.plans import Parameter, TaskType

_DOMAIN: Final = "domain"


def with_available_choices(task_type: TaskType, experts: Sequence[Expert]) -> TaskType:
    """Removes the choices that no expert takes, and optional inputs that are left without one.

    A domain is a choice where an expert is made for it. Where every expert is made for one, it has to be named:
    whatever else the task type can do, nobody does it now.

    Args:
        task_type: The task type.
        experts: The available experts that perform it, at least one.
    """
    inputs = (_with_available(parameter, experts) if parameter.choices else parameter for parameter in task_type.inputs)
    return replace(task_type, inputs=tuple(parameter for parameter in inputs if parameter is not None))


def _with_available(parameter: Parameter, experts: Sequence[Expert]) -> Parameter | None:
    left = tuple(
        choice for choice in parameter.choices if any(_takes(expert, parameter.name, choice) for expert in experts)
    )
    if not left:
        # A task without it fails at the selection, which says why.
        return None if parameter.optional else parameter
    must = parameter.name == _DOMAIN and all(expert.domain for expert in experts)
    return replace(parameter, choices=left, optional=parameter.optional and not must)


def _takes(expert: Expert, name: str, choice: str) -> bool:
    if name == _DOMAIN:
        return expert.domain.lower() == choice.lower()
    return all(choice in accepted.values for accepted in expert.accepts if accepted.input == name)
