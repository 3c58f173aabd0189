"""Checks the inputs of a call against what its task type declares. Errors name the input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from orchestrion import names
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.values import ArtifactRef, Json, OutputRef, Value

_PYTHON_TYPES: Final = {
    ParameterKind.TEXT: (str,),
    ParameterKind.NUMBER: (int, float),
    ParameterKind.BOOLEAN: (bool,),
}


def check(task_type: TaskType | None, inputs: Mapping[str, Value]) -> None:
    """Checks all inputs of a call.

    Args:
        task_type: What is declared; None for a task type that only the expert knows, which checks by itself.
        inputs: The values by name.

    Raises:
        InvalidArgumentError: INVALID_INPUT, with the field `inputs.<name>`.
    """
    for name, value in inputs.items():
        if task_type is None:
            _check_no_reference(name, value)
            continue
        parameter = task_type.input(name)
        if parameter is None:
            declared = ", ".join(parameter.name for parameter in task_type.inputs)
            raise _error(name, f"is none of {task_type.name}, which takes {declared}.")
        _check_parameter(parameter, value)
    for parameter in task_type.inputs if task_type is not None else ():
        if not parameter.optional and parameter.name not in inputs:
            raise _error(parameter.name, "is missing.")


def check_domain(expert: str, domain: str, inputs: Mapping[str, Value]) -> None:
    """Checks that a call that names a domain has come to an expert of that domain.

    Args:
        expert: The expert's id.
        domain: What it was made for; empty for general use.
        inputs: The values by name.

    Raises:
        InvalidArgumentError: INVALID_INPUT, with the field `inputs.domain`.
    """
    requested = inputs.get("domain", domain)
    if domain and requested != domain:
        raise _error(
            "domain", f"is {requested!r}; {expert} was made for {domain!r}. Choose an expert for {requested!r}."
        )


def _check_parameter(parameter: Parameter, value: Value) -> None:
    if not parameter.repeated:
        _check_value(parameter, parameter.name, value)
        return
    if not isinstance(value, tuple):
        raise _error(parameter.name, "takes a list.")
    for place, item in enumerate(value):
        _check_value(parameter, f"{parameter.name}[{place}]", item)


def _check_value(parameter: Parameter, name: str, value: Value) -> None:
    _check_no_reference(name, value)
    if not fits(parameter.kind, value):
        raise _error(name, f"must be of the kind {parameter.kind.name.lower()}.")
    if isinstance(value, ArtifactRef):
        names.sha256_of(value.name, f"inputs.{name}")
    if parameter.choices and value not in parameter.choices:
        raise _error(name, f"must be one of {', '.join(parameter.choices)}.")
    if isinstance(value, int | float) and not isinstance(value, bool):
        too_low = parameter.minimum is not None and value < parameter.minimum
        too_high = parameter.maximum is not None and value > parameter.maximum
        if too_low or too_high or math.isnan(value):
            low, high = parameter.minimum, parameter.maximum
            raise _error(name, f"must be a number from {_bound(low)} to {_bound(high)}; it is {value:g}.")


def fits(kind: ParameterKind, value: Value) -> bool:
    """Whether a value is of a kind."""
    if kind.is_media:
        return isinstance(value, ArtifactRef)
    if kind is ParameterKind.JSON:
        return isinstance(value, Json)
    if kind is not ParameterKind.BOOLEAN and isinstance(value, bool):
        return False
    return isinstance(value, _PYTHON_TYPES.get(kind, (object,)))


def _check_no_reference(name: str, value: Value) -> None:
    if isinstance(value, OutputRef):
        raise _error(name, "is a reference to a task's output; a host takes values only.")


def _bound(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"


def _error(name: str, problem: str) -> OrchestrionError:
    return Reason.INVALID_INPUT.error(f"Input `{name}` {problem}", field=f"inputs.{name}")
