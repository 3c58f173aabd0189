"""Checks the outputs of experts that third parties wrote against what the task type declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.values import Value
from orchestrion_host.inputs import fits

_CURES: Final = {ParameterKind.JSON: "; write Json(…) around it"}


def check(expert: str, task_type: TaskType, outputs: Mapping[str, Value]) -> None:
    """Checks all outputs of a call: whoever reads them relies on what the task type says.

    Args:
        expert: The expert's id.
        task_type: What is declared.
        outputs: The outputs by name.

    Raises:
        InternalError: EXPERT_FAILED: one is missing, or is not what is declared.
    """
    for name in outputs:
        if task_type.output(name) is None:
            declared = ", ".join(parameter.name for parameter in task_type.outputs)
            raise _error(expert, f"returned `{name}`, which is no output of {task_type.name}; those are {declared}.")
    for parameter in task_type.outputs:
        if parameter.name in outputs:
            _check_one(expert, parameter, outputs[parameter.name])
        elif not parameter.optional:
            raise _error(expert, f"did not return the output `{parameter.name}` of {task_type.name}.")


def _check_one(expert: str, parameter: Parameter, value: Value) -> None:
    kind = parameter.kind.name.lower()
    if parameter.repeated and not isinstance(value, tuple):
        raise _error(expert, f"returned `{parameter.name}`, which must be a list of the kind {kind}.")
    items = value if parameter.repeated and isinstance(value, tuple) else (value,)
    if not all(fits(parameter.kind, item) for item in items):
        cure = _CURES.get(parameter.kind, "")
        raise _error(expert, f"returned `{parameter.name}`, which must be of the kind {kind}{cure}.")
    if parameter.choices and not set(items) <= set(parameter.choices):
        raise _error(expert, f"returned `{parameter.name}`, which must be one of {', '.join(parameter.choices)}.")


def _error(expert: str, problem: str) -> OrchestrionError:
    return Reason.EXPERT_FAILED.error(f"{expert} {problem}", expert=expert)
