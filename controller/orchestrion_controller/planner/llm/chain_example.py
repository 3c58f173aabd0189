"""An example made of task types that there are no examples for: one task takes what another one gives."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Final

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.values import JsonData, JsonObject
from orchestrion_controller.plans.kinds import accepts
from orchestrion_controller.plans.offers import words_of

_MOST: Final = 60
"""Task types that are looked at."""
_MEDIA_TYPES: Final = {
    ParameterKind.IMAGE: "image/jpeg",
    ParameterKind.AUDIO: "audio/wav",
    ParameterKind.VIDEO: "video/mp4",
    ParameterKind.DOCUMENT: "application/pdf",
}
_TEXT: Final = "The boat leaves at noon."


@functools.lru_cache(maxsize=64)
def chain_request(task_types: tuple[TaskType, ...]) -> JsonObject | None:
    """Makes a request for two tasks in a row, and its plan, as an entry of `examples.yaml`; None where none can be.

    Args:
        task_types: What tasks may be of.
    """
    return next(_chains(task_types[:_MOST]), None)


def _chains(task_types: tuple[TaskType, ...]) -> Iterator[JsonObject]:
    for first in task_types:
        principal = _principal(first)
        if principal is None or not first.outputs:
            continue
        output = first.outputs[0]
        for second in task_types:
            taking = _taking(second, output)
            if taking is None or second is first:
                continue
            source, files = _source(principal)
            said = f"“{source}”" if not files else "this file"
            yield {
                "request": f"Do {words_of(first.name)} with {said}, then {words_of(second.name)} with what that gives.",
                "files": files,
                "tasks": [
                    _task("first", first, principal, source if not files else "$1"),
                    _task("second", second, taking, f"$first.{output.name}"),
                ],
            }


def _task(task_id: str, task_type: TaskType, parameter: Parameter, value: JsonData) -> JsonObject:
    inputs = {parameter.name: [value] if parameter.repeated else value}
    return {"id": task_id, "type": task_type.name, "inputs": inputs}


def _source(parameter: Parameter) -> tuple[str, list[str]]:
    """Returns the text that an input is given, or the file."""
    return (_TEXT, []) if parameter.kind is ParameterKind.TEXT else ("", [_MEDIA_TYPES[parameter.kind]])


def _principal(task_type: TaskType) -> Parameter | None:
    """Returns the input that a task needs alone, a text or a file."""
    return next((one for one in _alone(task_type) if one.kind is ParameterKind.TEXT or one.kind.is_media), None)


def _taking(task_type: TaskType, output: Parameter) -> Parameter | None:
    """Returns the input that a task needs alone and that takes an output."""
    fitting = (one for one in _alone(task_type) if accepts(one.kind, output.kind) and one.repeated == output.repeated)
    return next(fitting, None)


def _alone(task_type: TaskType) -> tuple[Parameter, ...]:
    """Lists the inputs of which one is enough: the only one that is required, or any where none is."""
    required = [parameter for parameter in task_type.inputs if not parameter.optional]
    free = tuple(parameter for parameter in (required or task_type.inputs) if not parameter.choices)
    return free if len(required) <= 1 else ()
