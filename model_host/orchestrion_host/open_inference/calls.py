"""One request for inference from its tensors to those of its answers, by way of the host's one way of inference."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.inference import InferOutputs, InferText
from orchestrion.values import ArtifactRef, Value, renamed
from orchestrion_host import tensors
from orchestrion_host.artifacts.exchange import ArtifactExchange
from orchestrion_host.inference import ContentOutputs, InferCall, Inference
from orchestrion_host.open_inference import task_values
from orchestrion_host.open_inference.messages import ModelAnswer, ModelRequest, OutputTensor, Parameter
from orchestrion_host.open_inference.models import VERSION, ServedModel, ServedModels
from orchestrion_host.open_inference.shared_memory import SharedMemory
from orchestrion_host.report import HostDescription
from orchestrion_host.tensors import Tensor

Send: TypeAlias = Callable[[ModelAnswer], Awaitable[None]]
"""Takes an answer to a request of a stream."""

_OWN_PARAMETERS: Final = frozenset(
    {
        "binary_data_output",
        "priority",
        "sequence_end",
        "sequence_id",
        "sequence_start",
        "timeout",
        "triton_enable_empty_final_response",
    }
)


class ProtocolCalls:
    """Runs requests for inference."""

    def __init__(
        self,
        *,
        models: ServedModels,
        inference: Inference,
        exchange: ArtifactExchange,
        shared_memory: SharedMemory,
        description: HostDescription,
        room_wait_s: float,
    ) -> None:
        """Keeps its collaborators.

        Args:
            models: What is served.
            inference: Runs calls.
            exchange: Keeps files that come with requests.
            shared_memory: The regions that clients registered.
            description: Says whether the host takes work.
            room_wait_s: How long a request without a deadline waits for memory, in seconds.
        """
        self._models = models
        self._inference = inference
        self._exchange = exchange
        self._shared_memory = shared_memory
        self._description = description
        self._room_wait_s = room_wait_s

    async def infer(self, request: ModelRequest, remaining_s: float | None = None) -> ModelAnswer:
        """Runs a request and returns its one answer, which has all outputs.

        Args:
            request: The request.
            remaining_s: How long the caller waits, in seconds; None for any time.

        Raises:
            OrchestrionError: As the API says of `Infer`; INVALID_INPUT, INVALID_FIELD for what is sent.
        """
        async with _limited(request), contextlib.aclosing(self._run(request, remaining_s)) as payloads:
            async for payload in payloads:
                if isinstance(payload, ModelAnswer):
                    return payload
        raise Reason.INTERNAL.error("The call ended without outputs.")

    async def stream(self, request: ModelRequest, send: Send, remaining_s: float | None = None) -> None:
        """Runs a request and sends its answers: pieces of texts as they are written, then the other outputs.

        Errors are those of `infer`. After pieces, an answer without outputs is the last where the request asks for it
        (`triton_enable_empty_final_response`), or where there are no other outputs.

        Args:
            request: The request.
            send: Takes an answer; may wait until there is room for it.
            remaining_s: How long the caller waits, in seconds; None for any time.
        """
        pieces: dict[str, list[str]] = {}
        wanted = {output.name for output in request.outputs}
        ends_empty = bool(request.parameters.get("triton_enable_empty_final_response"))
        async with _limited(request), contextlib.aclosing(self._run(request, remaining_s)) as payloads:
            async for payload in payloads:
                if isinstance(payload, ModelAnswer):
                    rest = [output for output in payload.outputs if not _was_sent(output, pieces)]
                    ends_here = not (pieces and ends_empty)
                    if rest or ends_here:
                        await send(_answer(request, rest, final=ends_here))
                    if not ends_here:
                        await send(_answer(request, [], final=True))
                elif not wanted or payload.output in wanted:
                    pieces.setdefault(payload.output, []).append(payload.text)
                    tensor = tensors.of_strings([payload.text.encode("utf-8", "replace")], (1,))
                    await send(_answer(request, [OutputTensor(payload.output, tensor)], final=False))

    async def _run(
        self, request: ModelRequest, remaining_s: float | None
    ) -> AsyncGenerator[InferText | ModelAnswer, None]:
        if self._description.draining:
            raise Reason.HOST_DRAINING.error("This host is shutting down and takes no new work.")
        model = self._models.find(request.model, request.version)
        _check_parameters(model, request)
        async with (
            self._call(model, request, remaining_s) as call,
            contextlib.aclosing(self._inference.run(model.expert, call)) as payloads,
        ):
            async for payload in payloads:
                if isinstance(payload, InferText):
                    yield payload
                elif isinstance(payload, InferOutputs):
                    yield self._answered(model, request, payload)

    @contextlib.asynccontextmanager
    async def _call(
        self, model: ServedModel, request: ModelRequest, remaining_s: float | None
    ) -> AsyncGenerator[InferCall, None]:
        """Makes the call of a request, and keeps its files until the context ends."""
        sent = self._tensors(request)
        room_wait_s = self._room_wait_s if remaining_s is None else max(remaining_s, 0.0)
        if model.takes_tensors:
            yield InferCall(model.task_type, room_wait_s=room_wait_s, tensors=sent, takes_content=True)
            return
        contents: list[bytes] = []
        values = _values(model, request, sent, contents)
        async with self._exchange.kept(contents) as names:
            places = {_place(number): name for number, name in enumerate(names)}
            inputs = {name: renamed(value, places) for name, value in values.items()}
            yield InferCall(model.task_type, inputs, room_wait_s=room_wait_s, takes_content=True)

    def _tensors(self, request: ModelRequest) -> dict[str, Tensor]:
        """Returns the tensors of a request by name, checked, with what is in shared memory."""
        sent: dict[str, Tensor] = {}
        for own in request.inputs:
            tensor = own.tensor
            if own.region is not None:
                tensor = Tensor(tensor.datatype, tensor.shape, self._shared_memory.read(own.region))
            tensors.check(own.name, tensor)
            if own.name in sent:
                raise tensors.bad(own.name, "is there twice.")
            sent[own.name] = tensor
        return sent

    def _answered(self, model: ServedModel, request: ModelRequest, outputs: InferOutputs) -> ModelAnswer:
        own = outputs if isinstance(outputs, ContentOutputs) else ContentOutputs(outputs.outputs)
        written = {
            name: OutputTensor(name, content.tensor, content.parameters)
            for name, content in task_values.contents_of(model.kind, own.outputs, own.files).items()
        }
        written.update((name, OutputTensor(name, tensor)) for name, tensor in own.tensors.items())
        if not request.outputs:
            return _answer(request, list(written.values()))
        chosen: list[OutputTensor] = []
        for wanted in request.outputs:
            output = written.get(wanted.name)
            if output is None:
                _check_declared(model, wanted.name, written)
                continue  # The expert leaves out what is optional.
            if wanted.region is not None:
                size = self._shared_memory.write(wanted.region, output.tensor.content)
                about: dict[str, Parameter] = {
                    "shared_memory_region": wanted.region.name,
                    "shared_memory_byte_size": size,
                }
                if wanted.region.offset:
                    about["shared_memory_offset"] = wanted.region.offset
                empty = Tensor(output.tensor.datatype, output.tensor.shape, b"")
                output = OutputTensor(output.name, empty, {**output.parameters, **about})
            chosen.append(output)
        return _answer(request, chosen)


def _values(
    model: ServedModel, request: ModelRequest, sent: Mapping[str, Tensor], contents: list[bytes]
) -> dict[str, Value]:
    """Reads the values of a task from tensors and parameters; contents of files are gathered, and have places."""

    def keep(content: bytes) -> ArtifactRef:
        contents.append(content)
        return ArtifactRef(_place(len(contents) - 1))

    kind = model.kind
    if kind is None:
        model.signature()  # Says what is wrong.
        return {}
    artifacts = {own.name for own in request.inputs if own.parameters.get("artifact")}
    values: dict[str, Value] = {}
    for name, tensor in sent.items():
        parameter = kind.input(name)
        if parameter is None:
            declared = ", ".join(own.name for own in kind.inputs)
            raise tensors.bad(name, f"is none of {kind.name}, which takes {declared}.")
        values[name] = task_values.value_of(parameter, tensor, keep=keep, is_artifact=name in artifacts)
    for name, value in request.parameters.items():
        parameter = kind.input(name)
        if parameter is not None and name not in values:
            values[name] = task_values.parameter_value(parameter, value)
    if domain := model.domain:
        # Who names this expert has chosen its domain.
        values.setdefault("domain", domain)
    return values


def _check_parameters(model: ServedModel, request: ModelRequest) -> None:
    inputs = {parameter.name for parameter in model.kind.inputs} if model.kind is not None else set()
    for name, value in request.parameters.items():
        if name.startswith("sequence_") and value not in (0, "", False):
            raise _bad_parameter(name, "is for models with sequences; no expert of this host has any")
        if name not in _OWN_PARAMETERS and name not in inputs:
            there = ", ".join(sorted(_OWN_PARAMETERS | inputs))
            raise _bad_parameter(name, f"is none of {model.name}; there are {there}")
    for output in request.outputs:
        if output.class_count:
            raise _bad_parameter("classification", "is not served: ask for the tensor, or an expert that classifies")


def _check_declared(model: ServedModel, name: str, written: Mapping[str, OutputTensor]) -> None:
    declared = [spec.name for spec in model.signature().outputs]
    if name not in declared:
        text = f"outputs: {model.name} has no output {name[:80]!r}; it has {', '.join(declared or written)}."
        raise Reason.INVALID_FIELD.error(text, field="outputs")


@contextlib.asynccontextmanager
async def _limited(request: ModelRequest) -> AsyncIterator[None]:
    """Ends a request when its own timeout has passed.

    Raises:
        DeadlineExceededError: DEADLINE_EXCEEDED: it has.
    """
    limit_s = _timeout_s(request.parameters)
    try:
        async with asyncio.timeout(limit_s):
            yield
    except TimeoutError as error:
        text = f"{request.model} took longer than the request's timeout of {limit_s or 0:g} s."
        raise Reason.DEADLINE_EXCEEDED.error(text) from error


def _timeout_s(parameters: Mapping[str, Parameter]) -> float | None:
    """Returns the request's own limit, in seconds; None for none. On the wire it is in microseconds."""
    timeout = parameters.get("timeout", 0)
    try:
        microseconds = float(timeout)
    except (TypeError, ValueError) as error:
        raise _bad_parameter("timeout", "must be a number of microseconds") from error
    if not 0 <= microseconds < float("inf"):
        raise _bad_parameter("timeout", "must be a number of microseconds, 0 for no limit")
    return microseconds / 1e6 or None


def _was_sent(output: OutputTensor, pieces: Mapping[str, Sequence[str]]) -> bool:
    """Whether all of an output has gone out in pieces."""
    if output.name not in pieces:
        return False
    return tensors.strings(output.name, output.tensor) == ["".join(pieces[output.name]).encode("utf-8", "replace")]


def _answer(request: ModelRequest, outputs: Sequence[OutputTensor], *, final: bool = True) -> ModelAnswer:
    return ModelAnswer(request.model, VERSION, request.id, outputs, final)


def _place(number: int) -> str:
    return f"contents/{number}"


def _bad_parameter(name: str, problem: str) -> OrchestrionError:
    return Reason.INVALID_FIELD.error(f"parameters.{name} {problem}.", field=f"parameters.{name}")
