"""What a tool was called with: held to its schema, and made values of a task. Pure."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from orchestrion import ArtifactRef, Json, Reason, TaskType, names
from orchestrion.plans import Parameter, ParameterKind
from orchestrion.values import Value
from orchestrion_gateway.mcp_server.tool_schemas import JsonSchema

RESOURCE: Final = re.compile(rf"orchestrion://(artifacts/{names.ARTIFACT_ID})")
"""The URI of a resource, and in it the name of the artifact."""

_LONGEST: Final = 300


def checked(arguments: Mapping[str, Any] | None, schema: JsonSchema) -> dict[str, Any]:
    """Returns arguments that have the form of a schema; what is `null` counts as left out, as models write it.

    Raises:
        InvalidArgumentError: They do not; the error names the argument.
    """
    properties = schema["properties"]
    # Where any JSON may stand, null is a value like others.
    wanted = {
        name: value
        for name, value in (arguments or {}).items()
        if value is not None or (name in properties and "type" not in properties[name])
    }
    fault = best_match(Draft202012Validator(schema).iter_errors(wanted))
    if fault is None:
        return wanted
    place = _place(fault)
    message = fault.message if len(fault.message) <= _LONGEST else f"{fault.message[:_LONGEST]} …"
    raise Reason.INVALID_FIELD.error(f"{place}: {message}." if place else f"{message}.", field=place or "arguments")


def files_among(task_type: TaskType, arguments: Mapping[str, Any]) -> Iterator[str]:
    """Yields what stands for files among the arguments of a task."""
    for parameter in task_type.inputs:
        if parameter.kind.is_media and parameter.name in arguments:
            value = arguments[parameter.name]
            yield from value if parameter.repeated else [value]


def inputs_of(task_type: TaskType, arguments: Mapping[str, Any], files: Mapping[str, ArtifactRef]) -> dict[str, Value]:
    """Returns the inputs of a task.

    Args:
        task_type: The task type.
        arguments: The arguments, which have the form of its schema.
        files: The artifacts by what stands for them.
    """
    return {
        parameter.name: _value(parameter, arguments[parameter.name], files)
        for parameter in task_type.inputs
        if parameter.name in arguments
    }


def _value(parameter: Parameter, argument: Any, files: Mapping[str, ArtifactRef]) -> Value:
    if parameter.repeated:
        return tuple(_item(parameter, item, files) for item in argument)
    return _item(parameter, argument, files)


def _item(parameter: Parameter, argument: Any, files: Mapping[str, ArtifactRef]) -> Value:
    if parameter.kind.is_media:
        return files[argument]
    if parameter.kind is ParameterKind.NUMBER:
        return _number(parameter, argument)
    if parameter.kind is ParameterKind.JSON:
        return Json(argument)
    if parameter.kind is ParameterKind.TEXT and not parameter.choices and (match := RESOURCE.fullmatch(argument)):
        # The text of a file, which the platform reads: no text that was meant as one looks like this.
        return ArtifactRef(match.group(1))
    value: Value = argument
    return value


def _number(parameter: Parameter, argument: Any) -> float:
    number = float(argument) if abs(argument) <= sys.float_info.max else math.inf
    if not math.isfinite(number):
        raise Reason.INVALID_FIELD.error(f"{parameter.name}: it is no number that can be sent.", field=parameter.name)
    return number


def _place(fault: ValidationError) -> str:
    place = ""
    for step in fault.absolute_path:
        place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else str(step)
    return place
