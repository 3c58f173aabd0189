"""`orchestrion.v1.ModelHostService`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Final

from google.protobuf import empty_pb2

from orchestrion import inference
from orchestrion._codec import codec, value_codec
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.v1 import experts_pb2
from orchestrion.v1 import model_host_service_pb2 as messages
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.experts.loader import ExpertLoader
from orchestrion_host.experts.pins import Pins
from orchestrion_host.experts.reservations import GrantedReservations
from orchestrion_host.inference import InferCall, Inference
from orchestrion_host.models.collection import not_offered
from orchestrion_host.models.library import ModelLibrary
from orchestrion_host.report import HostDescription
from orchestrion_host.servicers.models import ModelCalls
from orchestrion_serving import trace_context
from orchestrion_serving.interceptors import Context

_RESERVATION_ID: Final = re.compile(r"[0-9A-Za-z._-]{1,64}")
_DEFAULT_TTL_MS: Final = 60_000
_LONGEST_TTL_MS: Final = 3_600_000
# What is kept of a deadline to answer before it passes.
_ANSWER_MARGIN_S: Final = 0.1


class ModelHostServicer(ModelCalls):
    """Serves inference, reservations and the experts' life; `ModelCalls` serves the catalogue."""

    def __init__(
        self,
        *,
        library: ModelLibrary,
        inference: Inference,
        reservations: GrantedReservations,
        loader: ExpertLoader,
        pins: Pins,
        description: HostDescription,
        room_wait_s: float,
    ) -> None:
        """Keeps its collaborators.

        Args:
            library: The models, and those that are experts of this host.
            inference: Runs calls.
            reservations: Keeps reservations.
            loader: Loads and unloads.
            pins: Keeps pinned experts loaded.
            description: Describes the host.
            room_wait_s: How long a call without a deadline waits for memory, in seconds.
        """
        super().__init__(library)
        self._experts = library.collection.experts
        self._inference = inference
        self._reservations = reservations
        self._loader = loader
        self._pins = pins
        self._description = description
        self._room_wait_s = room_wait_s

    async def Infer(self, request: messages.InferRequest, context: Context) -> AsyncIterator[messages.InferEvent]:
        trace_context.run.set(request.run)
        trace_context.task.set(request.task_id)
        expert = self._expert_for_work(request.expert_id)
        call = InferCall(
            request.task_type, value_codec.decode_values(request.inputs), request.reservation, self._room_wait(context)
        )
        async with contextlib.aclosing(self._inference.run(expert, call)) as payloads:
            async for payload in payloads:
                yield _event(payload)

    async def Reserve(self, request: messages.ReserveRequest, context: Context) -> messages.Reservation:
        expert = self._expert_for_work(request.expert_id)
        if not _RESERVATION_ID.fullmatch(request.reservation):
            raise _bad_field("reservation", "must have 1 to 64 letters, digits, `-`, `_` and `.`")
        if not 0 <= request.ttl_ms <= _LONGEST_TTL_MS:
            raise _bad_field("ttl_ms", f"must be from 1 to {_LONGEST_TTL_MS:,}, or 0 for {_DEFAULT_TTL_MS:,}")
        ttl_ms = request.ttl_ms or _DEFAULT_TTL_MS
        # A soft reservation does not wait for a download, which goes on without it.
        if request.hard or not self._library.on_demand.begin(expert):
            await self._library.on_demand.ensure(expert)
        hard = await self._reservations.take(
            request.reservation,
            expert,
            ttl_s=ttl_ms / 1000,
            hard=request.hard,
            wait_s=self._room_wait(context),
        )
        return messages.Reservation(
            reservation=request.reservation,
            expert_id=request.expert_id,
            hard=hard,
            ttl_ms=ttl_ms,
            state=codec.encode_enum(expert.state),
        )

    async def Release(self, request: messages.ReleaseRequest, context: Context) -> empty_pb2.Empty:
        self._reservations.release(request.reservation)
        return empty_pb2.Empty()

    async def LoadExpert(self, request: messages.LoadExpertRequest, context: Context) -> experts_pb2.ExpertStatus:
        expert = self._expert_for_work(request.expert_id)
        await self._library.on_demand.ensure(expert)
        await self._loader.load(expert, self._room_wait(context))
        return _status(expert)

    async def UnloadExpert(self, request: messages.UnloadExpertRequest, context: Context) -> experts_pb2.ExpertStatus:
        expert = self._expert(request.expert_id)
        expert.check_unclaimed()
        await self._loader.unload(expert)
        return _status(expert)

    async def GetHost(self, request: messages.GetHostRequest, context: Context) -> experts_pb2.Host:
        return codec.encode(self._description.host())

    async def PinExpert(self, request: messages.PinExpertRequest, context: Context) -> experts_pb2.ExpertStatus:
        if request.pinned:
            expert = self._expert_for_work(request.expert_id)
            await self._library.on_demand.ensure(expert)
            await self._pins.pin(expert, self._room_wait(context))
        else:
            expert = self._expert(request.expert_id)
            await self._pins.unpin(expert)
        return _status(expert)

    def _expert_for_work(self, expert_id: str) -> HostedExpert:
        if self._description.draining:
            raise Reason.HOST_DRAINING.error("This host is shutting down and takes no new work.")
        return self._expert(expert_id)

    def _expert(self, expert_id: str) -> HostedExpert:
        expert = self._experts.get(expert_id)
        if expert is None:
            if (model := self._library.collection.find(expert_id)) is not None:
                raise not_offered(expert_id, model)
            text = f"This host has no expert {expert_id[:80]!r}; it has {', '.join(self._experts)}."
            raise Reason.EXPERT_NOT_FOUND.error(text, expert=expert_id[:80])
        return expert

    def _room_wait(self, context: Context) -> float:
        remaining: float | None = context.time_remaining()  # The stubs forget that a call may have no deadline.
        return self._room_wait_s if remaining is None else max(remaining - _ANSWER_MARGIN_S, 0.0)


def _event(payload: inference.InferPayload) -> messages.InferEvent:
    if isinstance(payload, inference.InferOutputs):
        return messages.InferEvent(outputs=codec.encode(payload))
    if isinstance(payload, inference.InferText):
        return messages.InferEvent(text=codec.encode(payload))
    if isinstance(payload, inference.InferProgress):
        return messages.InferEvent(progress=codec.encode(payload))
    return messages.InferEvent(preview=codec.encode(payload))


def _status(expert: HostedExpert) -> experts_pb2.ExpertStatus:
    return codec.encode(expert.status())


def _bad_field(field: str, problem: str) -> OrchestrionError:
    return Reason.INVALID_FIELD.error(f"{field} {problem}.", field=field)
