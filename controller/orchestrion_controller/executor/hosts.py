"""The controller's side of ModelHostService: a channel to each host, and its limit on concurrent calls."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from typing import Final

import grpc

from orchestrion._codec import codec, value_codec
from orchestrion._net.transport import channel_options, error_of
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.inference import InferOutputs, InferPayload, InferPreview, InferProgress, InferText
from orchestrion.plans import Task
from orchestrion.v1 import model_host_service_pb2 as pb
from orchestrion.v1.model_host_service_pb2_grpc import ModelHostServiceStub
from orchestrion.values import Value
from orchestrion_controller.executor.slots import FairSlots
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.registry.registry import Registry
from orchestrion_serving import callers, tracing

_log = logging.getLogger(__name__)

RESERVATION_MS: Final = 60_000
"""How long a soft reservation lasts: longer than a predecessor is likely to take, in milliseconds."""

_PAYLOADS: Final[Mapping[str, type[InferPayload]]] = {
    "progress": InferProgress,
    "text": InferText,
    "preview": InferPreview,
    "outputs": InferOutputs,
}

# A host whose lease ended has its channel closed, while others still hold its client.
_NO_ANSWER: Final = (grpc.aio.AioRpcError, grpc.aio.UsageError)


class HostChannel:
    """Calls one host."""

    def __init__(self, name: str, address: str, max_concurrent_calls: int, metrics: ControllerMetrics) -> None:
        """Opens a channel; it connects at the first call.

        Args:
            name: The host's name.
            address: `host:port`.
            max_concurrent_calls: How many inferences may go on at once.
            metrics: Where waiting calls are shown.
        """
        self.name = name
        self.address = address
        self._channel = grpc.aio.insecure_channel(address, options=channel_options(address))
        self._stub = ModelHostServiceStub(self._channel)
        self._slots = FairSlots(max_concurrent_calls)
        self._attempts = metrics.attempts
        self._waiting = metrics.calls_waiting.labels(name)
        self._calls: set[grpc.aio.Call] = set()
        self._is_lost = False

    async def infer(self, request: pb.InferRequest) -> AsyncGenerator[InferPayload, None]:
        """Runs one task and yields its events, the outputs last. Closing the generator cancels the computation.

        Raises:
            OrchestrionError: As ModelHostService.Infer; `HOST_UNREACHABLE` when the host does not answer.
        """
        with self._waiting.track_inprogress():
            await self._slots.acquire(callers.current.get())
        if self._is_lost:
            self._slots.release()
            raise self._lost()
        call = self._stub.Infer(request, metadata=callers.metadata(tracing.metadata()))
        # What the host counts when the reader leaves early.
        code = grpc.StatusCode.CANCELLED.name
        self._calls.add(call)
        try:
            async for event in call:
                kind = event.WhichOneof("payload")
                if kind == "outputs":
                    # The reader stops at the outputs. The call ends first, or the host would count it as cancelled.
                    code = (await call.code()).name
                if kind is not None:
                    yield codec.decode(getattr(event, kind), _PAYLOADS[kind])
            code = grpc.StatusCode.OK.name
        except grpc.aio.AioRpcError as failure:
            error = self._error(failure)
            code = "UNREACHABLE" if error.reason == Reason.HOST_UNREACHABLE.name else failure.code().name
            raise error from failure
        except asyncio.CancelledError:
            # A call that `lose` ended reads as cancelled, as one does whose own task is: that goes first.
            task = asyncio.current_task()
            if self._is_lost and not (task and task.cancelling()):
                code = "UNREACHABLE"
                raise self._lost() from None
            raise
        finally:
            self._calls.discard(call)
            call.cancel()
            self._attempts.labels(code).inc()
            self._slots.release()

    async def reserve(self, expert_id: str, reservation: str) -> None:
        """Reserves an expert softly, so that it is loaded before its inputs exist. A refusal is only logged."""
        request = pb.ReserveRequest(expert_id=expert_id, reservation=reservation, ttl_ms=RESERVATION_MS)
        try:
            await self._stub.Reserve(request, metadata=tracing.metadata(), timeout=RESERVATION_MS / 1000)
        except _NO_ANSWER as failure:
            _log.info("%s did not reserve %s: %s", self.name, expert_id, failure)

    async def release(self, reservation: str) -> None:
        """Releases a reservation; it also expires, so a host that does not answer is only logged."""
        try:
            await self._stub.Release(pb.ReleaseRequest(reservation=reservation), timeout=RESERVATION_MS / 1000)
        except _NO_ANSWER as failure:
            _log.info("%s did not release %s: %s", self.name, reservation, failure)

    def lose(self) -> None:
        """Ends every call with `HOST_UNREACHABLE`, those that wait for their turn too: the host's lease has ended."""
        self._is_lost = True
        for call in tuple(self._calls):
            call.cancel()

    async def close(self) -> None:
        """Closes the channel and ends the calls on it."""
        await self._channel.close()

    def _lost(self) -> OrchestrionError:
        message = f"{self.name} at {self.address} has reported nothing for longer than its lease."
        return Reason.HOST_UNREACHABLE.error(message, host=self.name)

    def _error(self, failure: grpc.aio.AioRpcError) -> OrchestrionError:
        error = error_of(failure, "/orchestrion.v1.ModelHostService/Infer")
        if error.reason == Reason.SERVER_UNREACHABLE.name:
            message = f"{self.name} at {self.address} does not answer: {error.message}"
            return Reason.HOST_UNREACHABLE.error(message, host=self.name)
        return error


class HostChannels:
    """The clients of all listed hosts."""

    def __init__(self, registry: Registry, metrics: ControllerMetrics) -> None:
        """Starts without channels; they are opened at the first use."""
        self._registry = registry
        self._metrics = metrics
        self._clients: dict[str, HostChannel] = {}
        self._closing: set[asyncio.Task[None]] = set()
        registry.on_lost(self._lose)

    def get(self, name: str) -> HostChannel:
        """Returns the client of a host, a new one when the host has moved.

        Raises:
            UnavailableError: The host is not listed any more.
        """
        host = self._registry.host(name)
        if host is None:
            message = f"{name} is not listed any more."
            raise Reason.HOST_UNREACHABLE.error(message, host=name)
        client = self._clients.get(name)
        if client is None or client.address != host.address:
            if client is not None:
                self._close_behind(client)
            client = HostChannel(name, host.address, host.max_concurrent_calls, self._metrics)
            self._clients[name] = client
        return client

    def _lose(self, name: str) -> None:
        if (client := self._clients.pop(name, None)) is not None:
            client.lose()
            self._close_behind(client)

    def _close_behind(self, client: HostChannel) -> None:
        task = asyncio.get_running_loop().create_task(client.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Closes every channel."""
        await asyncio.gather(*(client.close() for client in self._clients.values()), *self._closing)


def infer_request(
    expert_id: str, task: Task, inputs: Mapping[str, Value], *, run: str, reservation: str
) -> pb.InferRequest:
    """Builds the InferRequest of one call of a task."""
    request = pb.InferRequest(
        expert_id=expert_id, task_type=task.type, run=run, task_id=task.id, reservation=reservation
    )
    value_codec.encode_values(inputs, request.inputs)
    return request
