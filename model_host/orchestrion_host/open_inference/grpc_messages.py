"""Requests and answers as protobuf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host import tensors
from orchestrion_host.open_inference.messages import (
    InputTensor,
    ModelAnswer,
    ModelRequest,
    Parameter,
    RequestedOutput,
    region_of,
)
from orchestrion_host.open_inference.v2 import grpc_service_pb2 as messages
from orchestrion_host.tensors import BYTES, Tensor

_LISTS: Final = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}


def request_of(message: messages.ModelInferRequest) -> ModelRequest:
    """Reads a request.

    Raises:
        InvalidArgumentError: INVALID_INPUT, INVALID_FIELD: contents are missing, or are in two places.
    """
    return ModelRequest(
        message.model_name,
        message.model_version,
        message.id,
        parameters_of(message.parameters),
        _inputs(message),
        [_requested(output) for output in message.outputs],
    )


def message_of(answer: ModelAnswer, *, streams: bool = False) -> messages.ModelInferResponse:
    """Writes an answer; on streams it says whether it is the last of its request."""
    message = messages.ModelInferResponse(model_name=answer.model, model_version=answer.version, id=answer.id)
    if streams:
        message.parameters["triton_final_response"].bool_param = answer.final
    for output in answer.outputs:
        written = message.outputs.add(name=output.name, datatype=output.tensor.datatype, shape=output.tensor.shape)
        set_parameters(written.parameters, output.parameters)
        message.raw_output_contents.append(bytes(output.tensor.content))
    return message


def failure_of(request_id: str, error: OrchestrionError) -> messages.ModelStreamInferResponse:
    """Writes the answer that says why a request of a stream failed, with the reason and the advice as parameters."""
    about: dict[str, Parameter] = {"reason": error.reason, "triton_final_response": True}
    if error.retry_after_ms is not None:
        about["retry_after_ms"] = error.retry_after_ms
    response = messages.ModelInferResponse(id=request_id)
    set_parameters(response.parameters, about)
    return messages.ModelStreamInferResponse(error_message=f"{error.reason}: {error.message}", infer_response=response)


def parameters_of(parameters: Mapping[str, messages.InferParameter]) -> dict[str, Parameter]:
    """Reads parameters."""
    kinds = {name: value.WhichOneof("parameter_choice") for name, value in parameters.items()}
    return {name: getattr(parameters[name], kind) for name, kind in kinds.items() if kind}


def set_parameters(target: Mapping[str, messages.InferParameter], parameters: Mapping[str, Parameter]) -> None:
    """Writes parameters into a map of a message."""
    for name, value in parameters.items():
        if isinstance(value, bool):
            target[name].bool_param = value
        elif isinstance(value, int):
            target[name].int64_param = value
        elif isinstance(value, float):
            target[name].double_param = value
        else:
            target[name].string_param = value


def _inputs(message: messages.ModelInferRequest) -> list[InputTensor]:
    raw: Sequence[bytes] = message.raw_input_contents
    read: list[InputTensor] = []
    place = 0
    for own in message.inputs:
        about = parameters_of(own.parameters)
        shape = tuple(own.shape)
        region = region_of(about, f"inputs.{own.name}")
        if region is not None:
            read.append(InputTensor(own.name, Tensor(own.datatype, shape, b""), region, about))
        elif raw:
            if own.HasField("contents"):
                raise tensors.bad(own.name, "has both raw and typed contents; send one of them.")
            if place >= len(raw):
                raise tensors.bad(own.name, "has no content among raw_input_contents.")
            read.append(InputTensor(own.name, Tensor(own.datatype, shape, raw[place]), None, about))
            place += 1
        else:
            read.append(InputTensor(own.name, _typed(own, shape), None, about))
    if place != len(raw):
        text = f"raw_input_contents: there are {len(raw)}; the inputs outside shared memory are {place}."
        raise Reason.INVALID_FIELD.error(text, field="raw_input_contents")
    return read


def _typed(own: messages.ModelInferRequest.InferInputTensor, shape: tuple[int, ...]) -> Tensor:
    expected = _LISTS.get(own.datatype)
    if expected is None:
        text = f"is of the kind {own.datatype[:20]!r}, which has no typed contents; send it raw."
        raise tensors.bad(own.name, text)
    for descriptor, _ in own.contents.ListFields():
        if descriptor.name != expected:
            raise tensors.bad(own.name, f"has {descriptor.name}; {own.datatype} has {expected}.")
    items = getattr(own.contents, expected)
    tensor = (
        tensors.of_strings(items, shape)
        if own.datatype == BYTES
        else tensors.of_numbers(own.name, own.datatype, items, shape)
    )
    if len(items) != tensor.element_count:
        raise tensors.bad(own.name, f"has {len(items)} elements; its shape {list(shape)} has {tensor.element_count}.")
    return tensor


def _requested(output: messages.ModelInferRequest.InferRequestedOutputTensor) -> RequestedOutput:
    about = parameters_of(output.parameters)
    count = about.get("classification", 0)
    return RequestedOutput(
        output.name, region_of(about, f"outputs.{output.name}"), None, count if isinstance(count, int) else 1
    )
