"""The JSON Schema of a plan over given task types: what an endpoint can be held to while the model writes.

It keeps to what strict modes take: every property required, none besides, optional inputs nullable, no recursion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_controller.language_model import Schema
from orchestrion_controller.plans.kinds import takes

_OUTPUT: Final = {"$ref": "#/$defs/output"}


def plan_schema(task_types: Iterable[TaskType], files: Mapping[str, str]) -> Schema:
    """Builds the schema.

    Args:
        task_types: What tasks may be of.
        files: The artifacts that tasks may name, with their media types.
    """
    tasks = [_task(task_type, files) for task_type in task_types]
    reason = {"type": "string", "description": "Empty when there are tasks; else why the request needs none."}
    schema = _object({"tasks": {"type": "array", "items": {"anyOf": tasks}}, "noTaskReason": reason})
    index = {"type": ["integer", "null"], "description": "Takes one item of a list, from 0; null takes all."}
    output = _object({"taskId": {"type": "string"}, "output": {"type": "string"}, "index": index})
    return Schema("plan", {**schema, "$defs": {"output": _object({"output": output})}})


def _task(task_type: TaskType, files: Mapping[str, str]) -> dict[str, Any]:
    inputs = {parameter.name: _input(parameter, files) for parameter in task_type.inputs}
    return _object({"id": {"type": "string"}, "type": {"const": task_type.name}, "inputs": _object(inputs)})


def _input(parameter: Parameter, files: Mapping[str, str]) -> dict[str, Any]:
    """A single value, a list of such, or null for an optional one that is left out."""
    single = _single(parameter, files)
    listed = _object({"list": _object({"items": {"type": "array", "items": {"anyOf": single}}})})
    # An output can be a list already.
    choices = [*([_OUTPUT] if parameter.repeated else single), listed]
    return {"anyOf": [*choices, {"type": "null"}] if parameter.optional else choices}


def _single(parameter: Parameter, files: Mapping[str, str]) -> list[dict[str, Any]]:
    fitting = [name for name, media_type in files.items() if takes(parameter, media_type)]
    named = [_object({"artifact": {"enum": fitting}})] if fitting else []
    if parameter.kind.is_media:
        return [*named, _OUTPUT]
    text = {"enum": list(parameter.choices)} if parameter.choices else {"type": "string"}
    literals: dict[ParameterKind, Sequence[dict[str, Any]]] = {
        ParameterKind.TEXT: [{"text": text}],
        ParameterKind.NUMBER: [{"number": {"type": "number"}}],
        ParameterKind.BOOLEAN: [{"boolean": {"type": "boolean"}}],
        # Free-form data cannot be described strictly; what an input of this kind also takes can.
        ParameterKind.JSON: [{"text": text}, {"number": {"type": "number"}}, {"boolean": {"type": "boolean"}}],
    }
    return [*(_object(literal) for literal in literals[parameter.kind]), *named, _OUTPUT]


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
