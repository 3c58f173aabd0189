"""A controller and a model host in one real gRPC server; a test writes down the catalogue and what pulls bring."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import grpc
from google.protobuf import empty_pb2
from google.protobuf.message import Message

from orchestrion._codec import codec
from orchestrion._net.transport import server_options, status_of
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.experts import AcceptedValues, Device, Expert, ExpertState, ExpertStatus, Host
from orchestrion.models import HubModel, ListedModel, ModelOrigin, ModelProgress, Profile
from orchestrion.v1 import experts_pb2, model_host_service_pb2_grpc, registry_service_pb2, registry_service_pb2_grpc
from orchestrion.v1 import model_host_service_pb2 as pb

MessageT = TypeVar("MessageT", bound=Message)
Context = grpc.aio.ServicerContext[Message, Message]
NER = Expert(
    "bert-ner", "dslim/bert-base-NER", "transformers", ("token-classification",), "Marks names.",
    languages=("en",), license="MIT", download_count=1_102_469, like_count=134, download_bytes=433_000_000,
    default_for=("token-classification",),
)  # fmt: skip
UPSCALER = Expert(
    "swin", "caidas/swin", "transformers", ("image-to-image",), "Enlarges.",
    accepts=(AcceptedValues("operation", ("upscale",)),),
)  # fmt: skip
OCR = Expert("rapidocr", "rapidocr", "engine", ("image-to-text",), "Reads text.")
TAPAS = Expert("tapas", "google/tapas", "transformers", ("table-question-answering",), "Answers from tables.")
HUB = (
    HubModel("dslim/bert-large-NER", 232_660, 38, "transformers", "mit", safe_weights=True),
    HubModel("old/ner", 12, 0),
)


def listed(expert: Expert, state: ExpertState, problem: str = "", *, offered: bool = True) -> ListedModel:
    return ListedModel(expert, state, offered, problem, ModelOrigin.BUILT_IN)


@dataclass
class ModelScript:
    """What the host knows, says and was told."""

    models: list[ListedModel] = field(
        default_factory=lambda: [
            listed(NER, ExpertState.TO_BE_FETCHED, "The files of dslim/bert-base-NER are not on this host yet."),
            listed(OCR, ExpertState.LOADED),
            listed(UPSCALER, ExpertState.TO_BE_FETCHED, offered=False),
            listed(TAPAS, ExpertState.UNAVAILABLE, "tapas needs packages that are not installed here: pandas."),
        ]
    )
    profiles: tuple[Profile, ...] = (
        Profile("starter", "Any machine.", ("rapidocr",)),
        Profile("small", "No GPU.", ("rapidocr", "bert-ner", "swin", "tapas"), 433_000_000, 1),
    )
    hosts: Sequence[str] = ("one",)
    steps: Sequence[tuple[str, int, int]] = (
        ("looking at the Hub", 0, 0), ("model.safetensors", 0, 400), ("model.safetensors", 20, 400),
        ("model.safetensors", 300, 400), ("checking", 400, 400),
    )  # fmt: skip
    """Message, bytes done and bytes in all of each piece of news."""
    failures: dict[str, OrchestrionError] = field(default_factory=dict)
    """What calls fail with, by the call's name or, for pulls, the expert's id."""
    breaks: int = 0
    """How many pulls break off after the first step."""
    endless: bool = False
    """Whether long work stands still after its last step."""
    requests: list[Message] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def requests_of(self, kind: type[MessageT]) -> list[MessageT]:
        """Returns the requests of a kind."""
        return [request for request in self.requests if isinstance(request, kind)]


class ModelServicer(model_host_service_pb2_grpc.ModelHostServiceServicer):
    def __init__(self, script: ModelScript) -> None:
        self.script = script

    async def note(self, name: str, request: Message, context: Context) -> None:
        self.script.requests.append(request)
        if name in self.script.failures:
            await context.abort_with_status(status_of(self.script.failures[name]))

    async def work(
        self, name: str, request: Message, expert: Expert, context: Context
    ) -> AsyncIterator[pb.ModelProgress]:
        await self.note(name, request, context)
        try:
            for message, done, total in self.script.steps:
                yield codec.encode(ModelProgress(message, done, total))
                if self.script.breaks:
                    self.script.breaks -= 1
                    await context.abort_with_status(status_of(Reason.SERVER_STOPPING.error("The host restarts.")))
            if self.script.endless:
                await asyncio.Event().wait()
            yield codec.encode(ModelProgress("done", expert=expert))
        except (asyncio.CancelledError, GeneratorExit):
            self.script.cancelled.set()
            raise

    def find(self, expert: str) -> Expert:
        return next(item.expert for item in self.script.models if item.expert.id == expert)

    async def GetHost(self, request: pb.GetHostRequest, context: Context) -> experts_pb2.Host:
        await self.note("GetHost", request, context)
        return codec.encode(Host("hosts/one", self.script.address, devices=(Device("cpu", 2, 1),)))

    async def LoadExpert(self, request: pb.LoadExpertRequest, context: Context) -> experts_pb2.ExpertStatus:
        await self.note("LoadExpert", request, context)
        return codec.encode(ExpertStatus(request.expert_id, ExpertState.LOADED, "cpu"))

    async def UnloadExpert(self, request: pb.UnloadExpertRequest, context: Context) -> experts_pb2.ExpertStatus:
        await self.note("UnloadExpert", request, context)
        return codec.encode(ExpertStatus(request.expert_id, ExpertState.LOADABLE))

    async def PinExpert(self, request: pb.PinExpertRequest, context: Context) -> experts_pb2.ExpertStatus:
        await self.note("PinExpert", request, context)
        return codec.encode(ExpertStatus(request.expert_id, ExpertState.LOADED, "cpu", pinned=request.pinned))

    async def ListModels(self, request: pb.ListModelsRequest, context: Context) -> pb.ListModelsResponse:
        await self.note("ListModels", request, context)
        ids = next((item.expert_ids for item in self.script.profiles if item.name == request.profile), None)
        listed = [
            codec.encode(item)
            for item in self.script.models
            if (not request.task_type or request.task_type in item.expert.task_types)
            and (ids is None or item.expert.id in ids)
        ]
        return pb.ListModelsResponse(models=listed, profiles=[codec.encode(item) for item in self.script.profiles])

    async def SearchModels(self, request: pb.SearchModelsRequest, context: Context) -> pb.SearchModelsResponse:
        await self.note("SearchModels", request, context)
        return pb.SearchModelsResponse(models=[codec.encode(item) for item in HUB if request.text in item.id])

    async def AddModel(self, request: pb.AddModelRequest, context: Context) -> experts_pb2.Expert:
        await self.note("AddModel", request, context)
        added = replace(NER, id=request.expert_id or "added", model=request.model)
        self.script.models.append(listed(added, ExpertState.TO_BE_FETCHED))
        return codec.encode(added)

    async def RemoveModel(self, request: pb.RemoveModelRequest, context: Context) -> empty_pb2.Empty:
        await self.note("RemoveModel", request, context)
        return empty_pb2.Empty()

    async def PullModel(self, request: pb.PullModelRequest, context: Context) -> AsyncIterator[pb.ModelProgress]:
        async for progress in self.work(request.expert_id, request, self.find(request.expert_id), context):
            yield progress

    async def ExportModel(self, request: pb.ExportModelRequest, context: Context) -> AsyncIterator[pb.ModelProgress]:
        exported = replace(self.find(request.expert_id), id=f"{request.expert_id}-onnx", runtime="onnx")
        async for progress in self.work("ExportModel", request, exported, context):
            yield progress

    async def Infer(self, request: pb.InferRequest, context: Context) -> AsyncIterator[pb.InferEvent]:
        raise NotImplementedError
        yield

    async def Reserve(self, request: pb.ReserveRequest, context: Context) -> pb.Reservation:
        raise NotImplementedError

    async def Release(self, request: pb.ReleaseRequest, context: Context) -> empty_pb2.Empty:
        raise NotImplementedError

    async def RefreshModels(
        self, request: pb.RefreshModelsRequest, context: Context
    ) -> AsyncIterator[pb.ModelProgress]:
        async for progress in self.work("RefreshModels", request, NER, context):
            yield progress


class RegistryServicer(registry_service_pb2_grpc.RegistryServiceServicer):
    def __init__(self, script: ModelScript) -> None:
        self.script = script

    async def ListHosts(
        self, request: registry_service_pb2.ListHostsRequest, context: Context
    ) -> registry_service_pb2.ListHostsResponse:
        hosts = [codec.encode(Host(f"hosts/{name}", self.script.address)) for name in self.script.hosts]
        return registry_service_pb2.ListHostsResponse(hosts=hosts)

    async def ListExperts(
        self, request: registry_service_pb2.ListExpertsRequest, context: Context
    ) -> registry_service_pb2.ListExpertsResponse:
        raise NotImplementedError

    async def ListTaskTypes(
        self, request: registry_service_pb2.ListTaskTypesRequest, context: Context
    ) -> registry_service_pb2.ListTaskTypesResponse:
        raise NotImplementedError

    def Advertise(
        self, request_iterator: AsyncIterator[registry_service_pb2.HostReport], context: Context
    ) -> AsyncIterator[registry_service_pb2.HostOrder]:
        raise NotImplementedError

    async def Watch(
        self, request: registry_service_pb2.WatchRequest, context: Context
    ) -> AsyncIterator[registry_service_pb2.RegistryChange]:
        raise NotImplementedError
        yield


async def _start(script: ModelScript) -> grpc.aio.Server:
    server = grpc.aio.server(options=server_options())
    model_host_service_pb2_grpc.add_ModelHostServiceServicer_to_server(ModelServicer(script), server)
    registry_service_pb2_grpc.add_RegistryServiceServicer_to_server(RegistryServicer(script), server)
    script.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    return server


@contextmanager
def serve(script: ModelScript) -> Iterator[str]:
    """Serves a script from a thread with an event loop of its own; gives the address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_start(script), loop).result()
    try:
        yield script.address
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
