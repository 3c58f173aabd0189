"""A model host whose experts do what a test says, behind a real gRPC server and a real advertisement.

Why not a real host: these tests need an expert that fails on its second call, answers in a given order, or never
answers, which no real model does on demand. Tests of the two together are in `tests/system`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import grpc
from google.protobuf import empty_pb2

from orchestrion._codec import codec, value_codec
from orchestrion._net.transport import status_of
from orchestrion.errors import OrchestrionError
from orchestrion.experts import AbsentExpert, Device, Expert, ExpertState, ExpertStatus, HostFacts
from orchestrion.plans import TaskType
from orchestrion.v1 import experts_pb2, model_host_service_pb2_grpc, registry_service_pb2
from orchestrion.v1 import model_host_service_pb2 as pb
from orchestrion.v1.registry_service_pb2_grpc import RegistryServiceStub
from orchestrion.values import Value
from orchestrion_serving.interceptors import Context, MetricsInterceptor
from orchestrion_serving.metrics import CallMetrics

Behaviour = Callable[[Mapping[str, Value]], Awaitable[Mapping[str, Value]]]

GIBIBYTE = 1 << 30


async def echo(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
    """The expert that returns its text."""
    return {"text": inputs["text"]}


class Gate:
    """The expert that returns its text when the test opens the gate; it says when it was called."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        self.entered.set()
        await self.open.wait()
        return await echo(inputs)


class ScriptedHost(model_host_service_pb2_grpc.ModelHostServiceServicer):
    """One host with experts for `test-delay`, each with a behaviour."""

    def __init__(
        self, name: str, controller: str, behaviours: Mapping[str, Behaviour], *, calls_at_once: int = 64
    ) -> None:
        self.name = f"hosts/{name}"
        self.behaviours = dict(behaviours)
        self.state = ExpertState.LOADED
        self.memory_bytes = 1_000
        self.domains: dict[str, str] = {}
        self.facts: dict[str, dict[str, Any]] = {}
        """Further facts of experts, by their ids."""
        self.task_types: tuple[TaskType, ...] = ()
        """The task types that its experts bring."""
        self.absent_experts: tuple[AbsentExpert, ...] = ()
        """The experts that it could have."""
        self.calls: list[tuple[str, Mapping[str, Value]]] = []
        self.going = 0
        self.most_going = 0
        self.cancelled = asyncio.Event()
        self.reserved: list[str] = []
        self.answers_reservations = asyncio.Event()
        """Cleared, reservations and their ends wait."""
        self.answers_reservations.set()
        self.released: list[str] = []
        self._controller = controller
        self._calls_at_once = calls_at_once
        self.metrics_address = ""
        """Where it says that its metrics are."""
        self.metrics = CallMetrics("orchestrion_host")
        """What it counts, as a real host does."""
        self._server = grpc.aio.server(interceptors=[MetricsInterceptor(self.metrics)])
        self._port = self._server.add_insecure_port("127.0.0.1:0")
        model_host_service_pb2_grpc.add_ModelHostServiceServicer_to_server(self, self._server)
        self._channel: grpc.aio.Channel | None = None
        self._advertisement: Any = None

    async def start(self) -> None:
        """Serves, and returns once the controller has listed it."""
        await self._server.start()
        self._channel = grpc.aio.insecure_channel(self._controller)
        self._advertisement = RegistryServiceStub(self._channel).Advertise()
        await self.report()

    async def report(self, *, draining: bool = False) -> None:
        """Reports the host as it is now, and waits for the answer."""
        experts = tuple(
            Expert(
                expert_id,
                "scripted",
                "engine",
                **{"task_types": ("test-delay",), **self.facts.get(expert_id, {})},
                domain=self.domains.get(expert_id, ""),
                memory_bytes=self.memory_bytes,
            )
            for expert_id in self.behaviours
        )
        facts = HostFacts(
            f"127.0.0.1:{self._port}",
            "test",
            self._calls_at_once,
            experts,
            task_types=self.task_types,
            absent_experts=self.absent_experts,
            metrics_address=self.metrics_address,
        )
        statuses = [ExpertStatus(expert.id, self.state, "cpu", self.memory_bytes) for expert in experts]
        report = registry_service_pb2.HostReport(
            name=self.name,
            instance_id=f"{self.name}-{id(self)}",
            facts_digest=str(hash(facts)),
            facts=codec.encode(facts),
            devices=[codec.encode(Device("cpu", 8 * GIBIBYTE, 4 * GIBIBYTE))],
            statuses=[codec.encode(status) for status in statuses],
            draining=draining,
        )
        await self._advertisement.write(report)
        await self._advertisement.read()

    async def disconnect(self) -> None:
        """Breaks the advertisement's stream, as a host does that dies."""
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    async def stop(self) -> None:
        """Ends the server and everything that goes on in it."""
        await self.disconnect()
        await self._server.stop(None)

    async def Infer(self, request: pb.InferRequest, context: Context) -> AsyncIterator[pb.InferEvent]:
        inputs = value_codec.decode_values(request.inputs)
        self.calls.append((request.expert_id, inputs))
        self.going += 1
        self.most_going = max(self.most_going, self.going)
        try:
            yield pb.InferEvent(progress=pb.InferProgress(message="thinking"))
            outputs = await self.behaviours[request.expert_id](inputs)
            event = pb.InferEvent()
            event.outputs.SetInParent()
            value_codec.encode_values(outputs, event.outputs.outputs)
            yield event
        except OrchestrionError as error:
            await context.abort_with_status(status_of(error))
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        finally:
            self.going -= 1

    async def Reserve(self, request: pb.ReserveRequest, context: Context) -> pb.Reservation:
        self.reserved.append(request.reservation)
        await self.answers_reservations.wait()
        return pb.Reservation(reservation=request.reservation, expert_id=request.expert_id)

    async def Release(self, request: pb.ReleaseRequest, context: Context) -> empty_pb2.Empty:
        self.released.append(request.reservation)
        await self.answers_reservations.wait()
        return empty_pb2.Empty()

    async def LoadExpert(self, request: pb.LoadExpertRequest, context: Context) -> experts_pb2.ExpertStatus:
        raise NotImplementedError

    async def UnloadExpert(self, request: pb.UnloadExpertRequest, context: Context) -> experts_pb2.ExpertStatus:
        raise NotImplementedError

    async def GetHost(self, request: pb.GetHostRequest, context: Context) -> experts_pb2.Host:
        raise NotImplementedError

    async def AddModel(self, request: pb.AddModelRequest, context: Context) -> experts_pb2.Expert:
        raise NotImplementedError

    async def PullModel(self, request: pb.PullModelRequest, context: Context) -> AsyncIterator[pb.ModelProgress]:
        raise NotImplementedError
        yield

    async def RemoveModel(self, request: pb.RemoveModelRequest, context: Context) -> empty_pb2.Empty:
        raise NotImplementedError

    async def PinExpert(self, request: pb.PinExpertRequest, context: Context) -> experts_pb2.ExpertStatus:
        raise NotImplementedError

    async def ExportModel(self, request: pb.ExportModelRequest, context: Context) -> AsyncIterator[pb.ModelProgress]:
        raise NotImplementedError
        yield

    async def RefreshModels(
        self, request: pb.RefreshModelsRequest, context: Context
    ) -> AsyncIterator[pb.ModelProgress]:
        raise NotImplementedError
        yield

    async def ListModels(self, request: pb.ListModelsRequest, context: Context) -> pb.ListModelsResponse:
        raise NotImplementedError

    async def SearchModels(self, request: pb.SearchModelsRequest, context: Context) -> pb.SearchModelsResponse:
        raise NotImplementedError
