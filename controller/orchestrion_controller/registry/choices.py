"""What of a task type is available: the choices, inputs and languages that some available expert takes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from orchestrion.experts import Expert
from orchestrion.plans import Parameter, TaskType
from orchestrion_controller.limits import TaskTypeLimits

_DOMAIN: Final = "domain"


def with_available_choices(task_type: TaskType, experts: Sequence[Expert]) -> TaskType:
    """Removes the choices and the optional inputs that no expert takes.

    A domain is a choice where an expert is made for it. Where every expert is made for one, it has to be named:
    whatever else the task type can do, nobody does it now.

    Args:
        task_type: The task type.
        experts: The available experts that perform it, at least one.
    """
    inputs = (
        _with_available(parameter, experts) if parameter.choices else _unless_refused(parameter, experts)
        for parameter in task_type.inputs
    )
    return replace(task_type, inputs=tuple(parameter for parameter in inputs if parameter is not None))


def limits(task_type: TaskType, experts: Sequence[Expert]) -> TaskTypeLimits:
    """Returns which languages, and which values of inputs without choices, the available experts take.

    Args:
        task_type: The task type.
        experts: The available experts that perform it.
    """
    languages: dict[str, tuple[str, ...]] = {}
    for domain in dict.fromkeys(expert.domain.lower() for expert in experts):
        own = [expert.languages for expert in experts if expert.domain.lower() == domain]
        # One that lists no languages has them all.
        if all(own):
            languages[domain] = tuple(dict.fromkeys(tag for tags in own for tag in tags))
    values: dict[str, tuple[str, ...]] = {}
    for parameter in task_type.inputs:
        accepted = [_accepted(expert, parameter.name) for expert in experts]
        if accepted and not parameter.choices and all(accepted):
            values[parameter.name] = tuple(dict.fromkeys(value for taken in accepted for value in taken or ()))
    return TaskTypeLimits(languages, values)


def _accepted(expert: Expert, name: str) -> tuple[str, ...] | None:
    """Returns the values that an expert takes of an input; None where it takes any."""
    return next((accepted.values for accepted in expert.accepts if accepted.input == name), None)


def _unless_refused(parameter: Parameter, experts: Sequence[Expert]) -> Parameter | None:
    refused = parameter.optional and all(_accepted(expert, parameter.name) == () for expert in experts)
    return None if refused else parameter


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
