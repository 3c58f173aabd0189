"""The messages of the API as schemas of OpenAPI, in their proto3 JSON form, made from their descriptors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from orchestrion.v1 import (
    artifact_service_pb2,
    model_host_service_pb2,
    plan_service_pb2,
    registry_service_pb2,
    run_service_pb2,
    select_service_pb2,
)

Schema: TypeAlias = dict[str, Any]

_PACKAGE: Final = "orchestrion.v1"
_SERVICES: Final = (
    artifact_service_pb2,
    model_host_service_pb2,
    plan_service_pb2,
    registry_service_pb2,
    run_service_pb2,
    select_service_pb2,
)
"""The files of the services; each brings those of its messages."""
_POOL: Final = _SERVICES[0].DESCRIPTOR.pool
_PREFIX: Final = "#/components/schemas/"
_SCALARS: Final[Mapping[int, Schema]] = {
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "format": "byte"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_INT64: {"type": "string", "format": "int64"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
}
_WELL_KNOWN: Final[Mapping[str, Schema]] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Value": {},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
}

_ERROR: Final = "ErrorResponse"

ERROR: Final[Schema] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["reason", "message", "metadata"],
            "properties": {
                "reason": {"type": "string", "description": "The stable name of what went wrong."},
                "message": {"type": "string", "description": "What went wrong, and the cure."},
                "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
                "retryAfterMs": {"type": "integer", "description": "When trying again makes sense."},
                "notDone": {"type": "array", "items": {"$ref": f"{_PREFIX}NotDone"}},
                "questions": {"type": "array", "items": {"$ref": f"{_PREFIX}Question"}},
            },
        }
    },
}


def takes(message: str, *, required: bool = True) -> Schema:
    """Describes the body of a call, for `openapi_extra`."""
    return {"requestBody": {"required": required, "content": _content(_reference(message), "application/json")}}


def gives(message: str, status: int = 200, description: str = "Done.") -> dict[int | str, Schema]:
    """Describes the response of a call that is one message, for `responses`."""
    return {status: {"description": description, "content": _content(_reference(message), "application/json")}}


def streams(description: str) -> dict[int | str, Schema]:
    """Describes the response of a call that is a stream of server-sent events, for `responses`."""
    return {200: {"description": description, "content": _content({"type": "string"}, "text/event-stream")}}


def complete(app: FastAPI) -> Callable[[], Schema]:
    """Returns what makes the description of an application, with every message that it names, and its errors."""
    make = app.openapi

    def openapi() -> Schema:
        described = app.openapi_schema or make()
        schemas = described.setdefault("components", {}).setdefault("schemas", {})
        # FastAPI's own form of an error, which no call here has.
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas[_ERROR] = ERROR
        for operation in (operation for path in described["paths"].values() for operation in path.values()):
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {
                "description": "What went wrong.",
                "content": _content(_reference(_ERROR), "application/json"),
            }
        pending = list(_referred(described))
        while pending:
            name = pending.pop()
            if name not in schemas:
                schemas[name] = _message(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
                pending.extend(_referred(schemas[name]))
        app.openapi_schema = described
        return described

    return openapi


def _message(descriptor: Descriptor) -> Schema:
    return {"type": "object", "properties": {field.json_name: _field(field) for field in descriptor.fields}}


def _field(field: FieldDescriptor) -> Schema:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        return {"type": "object", "additionalProperties": _one(message.fields_by_name["value"])}
    one = _one(field)
    return {"type": "array", "items": one} if _is_repeated(field) else one


def _one(field: FieldDescriptor) -> Schema:
    if field.enum_type is not None:
        return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
    if field.message_type is None:
        return dict(_SCALARS[field.type])
    message = field.message_type
    well_known = _WELL_KNOWN.get(message.full_name)
    return _reference(message.name) if well_known is None else dict(well_known)


def _is_repeated(field: FieldDescriptor) -> bool:
    # protobuf 5 has no `is_repeated`, and 7 has no `label` any more.
    if hasattr(field, "is_repeated"):
        return bool(field.is_repeated)
    return bool(getattr(field, "label") == FieldDescriptor.LABEL_REPEATED)  # noqa: B009


def _reference(name: str) -> Schema:
    return {"$ref": f"{_PREFIX}{name}"}


def _content(schema: Schema, media_type: str) -> Schema:
    return {media_type: {"schema": schema}}


def _referred(part: Any) -> Iterator[str]:
    """Yields the names of the messages that a part of the description refers to."""
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_PREFIX)
        for inner in part.values():
            yield from _referred(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _referred(inner)
