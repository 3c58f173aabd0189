"""JSON Schemas of what tools take and return, made from task types. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from orchestrion.plans import Parameter, ParameterKind, TaskType

JsonSchema: TypeAlias = dict[str, Any]

FILE_FORMS: Final = "the URI of a resource of this server, or a data: URI"
LOCAL_FILE_FORMS: Final = "the URI of a resource of this server, a data: URI, or the absolute path of a local file"

_INPUTS: Final[Mapping[ParameterKind, JsonSchema]] = {
    ParameterKind.TEXT: {"type": "string"},
    ParameterKind.NUMBER: {"type": "number"},
    ParameterKind.BOOLEAN: {"type": "boolean"},
    ParameterKind.JSON: {},
}
_MEDIA: Final[Mapping[ParameterKind, str]] = {
    ParameterKind.IMAGE: "An image",
    ParameterKind.AUDIO: "A sound",
    ParameterKind.VIDEO: "A video",
    ParameterKind.DOCUMENT: "A file",
}

FILE_SCHEMA: Final[JsonSchema] = {
    "type": "object",
    "properties": {
        "uri": {"type": "string", "description": "The resource, which other tools take and resources/read returns."},
        "file_name": {"type": "string"},
        "media_type": {"type": "string"},
        "size_bytes": {"type": "integer"},
    },
    "required": ["uri", "file_name", "media_type", "size_bytes"],
}
"""What stands for a file in structured content."""


def input_schema(task_type: TaskType, *, local_files: bool) -> JsonSchema:
    """Returns the schema of what a task takes.

    Args:
        task_type: The task type.
        local_files: Whether files may be named by their paths.
    """
    return {
        "type": "object",
        "properties": {parameter.name: _input(parameter, local_files=local_files) for parameter in task_type.inputs},
        "required": [parameter.name for parameter in task_type.inputs if not parameter.optional],
        "additionalProperties": False,
    }


def output_schema(task_type: TaskType) -> JsonSchema:
    """Returns the schema of the structured content that a task returns."""
    return {
        "type": "object",
        "properties": {parameter.name: _output(parameter) for parameter in task_type.outputs},
        "required": [parameter.name for parameter in task_type.outputs if not parameter.optional],
    }


def file_list(*, local_files: bool) -> JsonSchema:
    """Returns the schema of a list of files of any kind."""
    forms = LOCAL_FILE_FORMS if local_files else FILE_FORMS
    return {
        "type": "array",
        "items": {"type": "string"},
        "description": f"Images, sounds, videos and documents that the request is about. Each is {forms}.",
    }


def _input(parameter: Parameter, *, local_files: bool) -> JsonSchema:
    description = parameter.description
    if parameter.kind.is_media:
        item: JsonSchema = {"type": "string"}
        forms = LOCAL_FILE_FORMS if local_files else FILE_FORMS
        description = f"{description} {_MEDIA[parameter.kind]}: {forms}.".strip()
    else:
        item = dict(_INPUTS.get(parameter.kind, {}))
    if parameter.choices:
        item["enum"] = list(parameter.choices)
    if parameter.minimum is not None:
        item["minimum"] = _tidy(parameter.minimum)
    if parameter.maximum is not None:
        item["maximum"] = _tidy(parameter.maximum)
    return _described(parameter, item, description)


def _output(parameter: Parameter) -> JsonSchema:
    # What experts return is theirs; choices and limits are those of inputs.
    item = dict(FILE_SCHEMA) if parameter.kind.is_media else dict(_INPUTS.get(parameter.kind, {}))
    return _described(parameter, item, parameter.description)


def _described(parameter: Parameter, item: JsonSchema, description: str) -> JsonSchema:
    schema: JsonSchema = {"type": "array", "items": item} if parameter.repeated else item
    return {**schema, "description": description} if description else schema


def _tidy(number: float) -> float:
    return int(number) if number.is_integer() else number
