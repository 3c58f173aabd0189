"""Tensors to the values of a task, and back. Pure: files are handed over as bytes, for others to keep."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from orchestrion.errors import OrchestrionError
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.values import ArtifactRef, Json, Value
from orchestrion_host import tensors
from orchestrion_host.artifacts.exchange import FileContent
from orchestrion_host.tensors import BYTES, Tensor

Keep: TypeAlias = Callable[[bytes], ArtifactRef]
"""Takes the content of a file, and gives the name by which values refer to it."""


@dataclass(frozen=True, slots=True)
class OutputContent:
    """The tensor of an output, and what is said beside it."""

    tensor: Tensor
    parameters: Mapping[str, str]
    """`content_type`: the media type of files; the kind of texts and of structured data."""


def value_of(parameter: Parameter, tensor: Tensor, *, keep: Keep, is_artifact: bool = False) -> Value:
    """Reads the value of an input from its tensor.

    Args:
        parameter: What the task type declares.
        tensor: The tensor, checked.
        keep: Keeps the content of a file.
        is_artifact: Whether the elements are names of artifacts, for inputs that are files.

    Raises:
        InvalidArgumentError: INVALID_INPUT: the tensor does not stand for a value of that kind.
    """
    name = parameter.name
    if not parameter.repeated and tensor.element_count != 1:
        text = f"takes one element; its shape {list(tensor.shape)} has {tensor.element_count}. Send a request for each."
        raise tensors.bad(name, text)
    if parameter.kind is ParameterKind.NUMBER:
        items: list[Value] = [float(number) for number in _numbers(name, tensor)]
    elif parameter.kind is ParameterKind.BOOLEAN:
        if tensor.datatype != "BOOL":
            raise tensors.bad(name, f"is of the kind {tensor.datatype}; BOOL is expected.")
        items = [bool(truth) for truth in tensors.numbers(name, tensor)]
    else:
        read = _reader(parameter, keep, is_artifact=is_artifact)
        items = [read(item) for item in tensors.strings(name, tensor)]
    return tuple(items) if parameter.repeated else items[0]


def parameter_value(parameter: Parameter, argument: str | float | bool) -> Value:
    """Reads an input that a request has among its parameters rather than as a tensor.

    Raises:
        InvalidArgumentError: INVALID_INPUT: files and lists are no parameters; the JSON is none.
    """
    if parameter.repeated or parameter.kind.is_media:
        raise tensors.bad(parameter.name, "is a list or a file, which must be sent as a tensor.")
    if parameter.kind is ParameterKind.JSON:
        return _json(parameter.name, str(argument).encode())
    if parameter.kind is ParameterKind.NUMBER and isinstance(argument, int | float) and not isinstance(argument, bool):
        return float(argument)
    return argument


def contents_of(
    task_type: TaskType | None, outputs: Mapping[str, Value], files: Mapping[str, FileContent]
) -> dict[str, OutputContent]:
    """Writes outputs as tensors: those that are declared first, in their order, then what an expert adds.

    Args:
        task_type: What is declared; None where nothing is.
        outputs: The values by name.
        files: The contents of artifacts among them that stay on this host, by artifact; others stand by their names.
    """
    declared = {parameter.name: parameter for parameter in task_type.outputs} if task_type is not None else {}
    order = [name for name in declared if name in outputs] + [name for name in outputs if name not in declared]
    return {name: _content(declared.get(name), name, outputs[name], files) for name in order}


def _content(parameter: Parameter | None, name: str, value: Value, files: Mapping[str, FileContent]) -> OutputContent:
    items: Sequence[Value] = value if isinstance(value, tuple) else (value,)
    shape = (len(items),)
    kind = parameter.kind if parameter is not None else None
    if items and all(isinstance(item, bool) for item in items):
        return OutputContent(tensors.of_numbers(name, "BOOL", [bool(item) for item in items], shape), {})
    numbers = [item for item in items if isinstance(item, int | float) and not isinstance(item, bool)]
    if kind is ParameterKind.NUMBER or (items and len(numbers) == len(items)):
        return OutputContent(tensors.of_numbers(name, "FP64", numbers, shape), {})
    if kind is ParameterKind.BOOLEAN:
        return OutputContent(tensors.of_numbers(name, "BOOL", [], shape), {})
    about: dict[str, str] = {}
    written = [_bytes_of(item, files, about) for item in items]
    return OutputContent(tensors.of_strings(written, shape), about)


def _bytes_of(item: Value, files: Mapping[str, FileContent], about: dict[str, str]) -> bytes:
    if isinstance(item, ArtifactRef):
        file = files.get(item.name)
        if file is None:
            about["content_type"] = "artifact"
            return item.name.encode()
        about["content_type"] = file.media_type
        about["file_name"] = file.file_name
        return file.content
    if isinstance(item, str):
        return item.encode("utf-8", "replace")
    about["content_type"] = "application/json"
    return json.dumps(_plain(item), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _plain(item: Value) -> Any:  # JSON, which has no type of its own.
    if isinstance(item, Json):
        return item.data
    if isinstance(item, tuple):
        return [_plain(part) for part in item]
    return item.name if isinstance(item, ArtifactRef) else item


def _reader(parameter: Parameter, keep: Keep, *, is_artifact: bool) -> Callable[[bytes], Value]:
    name = parameter.name
    if parameter.kind.is_media:
        return (lambda item: ArtifactRef(_text(name, item))) if is_artifact else keep
    if is_artifact:
        raise tensors.bad(name, "is no file, so it can be no artifact.")
    if parameter.kind is ParameterKind.JSON:
        return lambda item: _json(name, item)
    return lambda item: _text(name, item)


def _numbers(name: str, tensor: Tensor) -> Sequence[float]:
    if tensor.datatype in (BYTES, "BOOL"):
        raise tensors.bad(name, f"is of the kind {tensor.datatype}; a kind of numbers is expected, such as FP64.")
    return tensors.numbers(name, tensor)


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise tensors.bad(name, f"is no text in UTF-8 (byte {error.start}).") from error


def _json(name: str, content: bytes) -> Json:
    try:
        return Json(json.loads(content, parse_constant=_no_constant))
    except (ValueError, RecursionError) as error:
        raise tensors.bad(name, f"is no JSON: {error}.") from error


def _no_constant(constant: str) -> OrchestrionError:
    raise ValueError(f"{constant} is no number of JSON")
