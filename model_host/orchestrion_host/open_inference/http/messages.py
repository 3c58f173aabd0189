"""Requests and answers as JSON, with binary tensors behind it where they are wanted. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonData, JsonObject
from orchestrion_host import tensors
from orchestrion_host.open_inference.messages import (
    InputTensor,
    ModelAnswer,
    ModelRequest,
    OutputTensor,
    Parameter,
    RequestedOutput,
    region_of,
)
from orchestrion_host.tensors import BYTES, Tensor

BINARY_SIZE: Final = "binary_data_size"
_REQUEST_FIELDS: Final = frozenset({"id", "parameters", "inputs", "outputs"})


@dataclass(frozen=True, slots=True)
class AnswerBody:
    """An answer as bytes."""

    content: bytes
    """The JSON, and behind it the binary tensors."""
    json_length: int | None
    """How long the JSON is, in bytes; None where nothing is behind it."""


def request_of(body: bytes, json_length: int | None, model: str, version: str) -> ModelRequest:
    """Reads a request.

    Args:
        body: The body.
        json_length: How much of it is JSON, in bytes; None for all.
        model: The model that the path names.
        version: The version that it names; empty for none.

    Raises:
        InvalidArgumentError: INVALID_FIELD, INVALID_INPUT: the body is no request of the protocol; the field is named.
    """
    end = len(body) if json_length is None else json_length
    if not 0 <= end <= len(body):
        raise bad("Inference-Header-Content-Length", f"is {end}; the body has {len(body)} bytes")
    described = _object(read_json(body[:end]), "body")
    if unknown := set(described) - _REQUEST_FIELDS:
        raise bad(min(unknown), f"is no field of a request; those are {', '.join(sorted(_REQUEST_FIELDS))}")
    binary = _Binary(memoryview(body)[end:])
    inputs = [_input(own, binary) for own in _objects(described, "inputs")]
    if binary.rest:
        raise bad("inputs", f"leave {binary.rest} bytes of the binary data behind the JSON unused")
    return ModelRequest(
        model,
        version,
        _text(described, "id", "id"),
        _parameters(described, "parameters"),
        inputs,
        [_requested(own) for own in _objects(described, "outputs")],
    )


def body_of(answer: ModelAnswer, request: ModelRequest) -> AnswerBody:
    """Writes an answer: tensors are binary where the request asks for that, for one or for all.

    Raises:
        InvalidArgumentError: INVALID_FIELD: an output cannot be written as JSON, and was not own for as binary.
    """
    by_default = bool(request.parameters.get("binary_data_output"))
    wanted = {output.name: output.binary for output in request.outputs}
    binary: list[bytes] = []
    described = []
    for output in answer.outputs:
        own = wanted.get(output.name)
        described.append(_output(output, binary, raw=by_default if own is None else own))
    fields: dict[str, JsonData] = {"model_name": answer.model, "model_version": answer.version}
    if answer.id:
        fields["id"] = answer.id
    text = json.dumps({**fields, "outputs": described}, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    head = text.encode("utf-8", "replace")
    return AnswerBody(b"".join([head, *binary]), len(head) if binary else None)


def read_json(content: bytes) -> JsonData:
    """Reads JSON; an empty body is an empty object.

    Raises:
        InvalidArgumentError: INVALID_FIELD: it is none.
    """
    try:
        return json.loads(content or b"{}")
    except (ValueError, RecursionError) as error:
        raise bad("body", f"is no JSON: {error}") from error


def bad(field: str, problem: str) -> OrchestrionError:
    """Builds the error that says what is wrong with a field of a request."""
    return Reason.INVALID_FIELD.error(f"{field[:80]} {problem}.", field=field[:80])


class _Binary:
    """What is behind the JSON, taken from the front."""

    def __init__(self, content: memoryview) -> None:
        self._content = content

    @property
    def rest(self) -> int:
        return len(self._content)

    def take(self, name: str, size: int) -> bytes:
        if size > len(self._content):
            raise tensors.bad(name, f"has {size} bytes of binary data; {len(self._content)} are left.")
        taken, self._content = bytes(self._content[:size]), self._content[size:]
        return taken


def _input(described: JsonObject, binary: _Binary) -> InputTensor:
    name = _text(described, "name", "inputs.name")
    field = f"inputs.{name}"
    parameters = _parameters(described, "parameters")
    datatype = _text(described, "datatype", f"{field}.datatype")
    shape = described.get("shape")
    if not isinstance(shape, list) or not all(type(length) is int for length in shape):
        raise bad(f"{field}.shape", "must be a list of whole numbers")
    region = region_of(parameters, field)
    if region is not None:
        return InputTensor(name, Tensor(datatype, tuple(shape), b""), region, parameters)
    size = parameters.get(BINARY_SIZE)
    if size is not None:
        if type(size) is not int or size < 0:
            raise bad(f"{field}.parameters.{BINARY_SIZE}", "must be a whole number of bytes")
        return InputTensor(name, Tensor(datatype, tuple(shape), binary.take(name, size)), None, parameters)
    return InputTensor(name, _listed(name, datatype, tuple(shape), described.get("data")), None, parameters)


def _listed(name: str, datatype: str, shape: tuple[int, ...], data: JsonData) -> Tensor:
    if not isinstance(data, list):
        raise tensors.bad(name, "has no `data`, which is a list, and no binary data.")
    items = list(_flat(data))
    if datatype == BYTES:
        texts = [item.encode("utf-8", "replace") if isinstance(item, str) else None for item in items]
        if None in texts:
            raise tensors.bad(name, "is of the kind BYTES; its data are texts.")
        tensor = tensors.of_strings([text for text in texts if text is not None], shape)
    else:
        tensor = tensors.of_numbers(name, datatype, items, shape)
    if any(length < 0 for length in shape) or len(items) != tensor.element_count:
        raise tensors.bad(name, f"has {len(items)} elements; its shape {list(shape)} has {tensor.element_count}.")
    return tensor


def _flat(data: list[Any]) -> Iterator[Any]:
    for item in data:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def _requested(described: JsonObject) -> RequestedOutput:
    name = _text(described, "name", "outputs.name")
    parameters = _parameters(described, "parameters")
    binary = parameters.get("binary_data")
    count = parameters.get("classification", 0)
    return RequestedOutput(
        name,
        region_of(parameters, f"outputs.{name}"),
        None if binary is None else bool(binary),
        count if type(count) is int else 1,
    )


def _output(output: OutputTensor, binary: list[bytes], *, raw: bool) -> JsonData:
    tensor = output.tensor
    about = dict(output.parameters)
    described: dict[str, JsonData] = {"name": output.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
    if "shared_memory_region" not in about:
        if raw:
            about[BINARY_SIZE] = len(tensor.content)
            binary.append(bytes(tensor.content))
        else:
            described["data"] = _data(output.name, tensor)
    return {**described, "parameters": about} if about else described


def _data(name: str, tensor: Tensor) -> list[JsonData]:
    try:
        if tensor.datatype == BYTES:
            return [item.decode("utf-8") for item in tensors.strings(name, tensor)]
        numbers = list(tensors.numbers(name, tensor))
        json.dumps(numbers, allow_nan=False)
    except ValueError as error:
        text = f"outputs.{name}: JSON cannot have what it holds ({error}); ask for it with binary_data."
        raise Reason.INVALID_FIELD.error(text, field=f"outputs.{name}") from error
    return numbers


def _parameters(described: JsonObject, field: str) -> dict[str, Parameter]:
    parameters = _object(described.get(field, {}), field)
    for name, value in parameters.items():
        if not isinstance(value, str | int | float | bool):
            raise bad(f"{field}.{name}", "must be a text, a number or a truth value")
    return dict(parameters)


def _objects(described: JsonObject, field: str) -> list[JsonObject]:
    items = described.get(field, [])
    if not isinstance(items, list):
        raise bad(field, "must be a list")
    return [_object(item, field) for item in items]


def _object(item: JsonData, field: str) -> Mapping[str, JsonData]:
    if not isinstance(item, dict):
        raise bad(field, "must be an object")
    return item


def _text(described: JsonObject, key: str, field: str) -> str:
    value = described.get(key, "")
    if not isinstance(value, str):
        raise bad(field, "must be a text")
    return value
