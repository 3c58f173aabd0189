"""A real gRPC server whose answers a test writes down beforehand."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2
from google.protobuf.message import Message as ProtoMessage

from orchestrion import task_types
from orchestrion._codec import codec
from orchestrion._net.transport import server_options, status_of
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import Event, Payload, Stage
from orchestrion.experts import (
    Device,
    Expert,
    ExpertPlacement,
    ExpertState,
    ExpertStatus,
    Host,
    ListedExpert,
    ListedTaskType,
    TaskTypeState,
)
from orchestrion.runs import Artifact, Run, RunKind, RunState
from orchestrion.v1 import (
    artifact_service_pb2,
    artifact_service_pb2_grpc,
    artifacts_pb2,
    events_pb2,
    execute_service_pb2_grpc,
    plan_service_pb2_grpc,
    registry_service_pb2,
    registry_service_pb2_grpc,
    respond_service_pb2_grpc,
    run_service_pb2,
    run_service_pb2_grpc,
    runs_pb2,
    select_service_pb2_grpc,
)

RUN = "runs/0123456789abcdef0123"
Context = grpc.aio.ServicerContext[ProtoMessage, ProtoMessage]
STATUS = ExpertStatus("rapidocr", ExpertState.LOADED, "cpu", 80 << 20)
EXPERT = Expert("rapidocr", "PP-OCR", "engine", ("image-to-text",), "Reads text in pictures.")
HOST = Host(
    "hosts/one", "127.0.0.1:1", devices=(Device("cpu", 2 << 30, 1 << 30),), experts=(EXPERT,), statuses=(STATUS,)
)


@dataclass
class Script:
    """What the server says, and what it was told."""

    payloads: list[tuple[Stage, Payload]] = field(default_factory=list)
    """The events of every run."""
    failure: OrchestrionError | None = None
    """What every stream of events ends with, and every unary call."""
    endless: bool = False
    """Whether a stream of events stays open after the last one."""
    spoilt: bool = False
    """Whether downloads bring other bytes than the name says."""

    requests: list[Any] = field(default_factory=list)  # Of every kind: a test knows what it had sent.
    deadlines: list[float | None] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    """Set when a client left a stream."""
    cancelled_runs: list[str] = field(default_factory=list)
    content: dict[str, bytes] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    largest_chunk: int = 0
    discard: bool = False
    """Whether uploads are hashed and dropped, for tests of the client's memory."""
    host_changes: list[Host | str] = field(default_factory=lambda: [HOST])

    def add(self, content: bytes, file_name: str = "file.bin", media_type: str = "application/octet-stream") -> str:
        """Stores an artifact and returns its name."""
        name = f"artifacts/{hashlib.sha256(content).hexdigest()}"
        self.content[name] = content
        self.artifacts[name] = Artifact(name, media_type, file_name, len(content))
        return name


class _Servicer:
    def __init__(self, script: Script) -> None:
        self.script = script

    async def events(self, request: ProtoMessage, context: Context) -> AsyncIterator[events_pb2.Event]:
        self.script.requests.append(request)
        self.script.deadlines.append(context.time_remaining())
        try:
            for number, (stage, payload) in enumerate(self.script.payloads, 1 + getattr(request, "after_sequence", 0)):
                yield codec.encode(Event(RUN, number, None, stage, payload))
            if self.script.failure is not None:
                await context.abort_with_status(status_of(self.script.failure))
            if self.script.endless:
                await asyncio.Event().wait()
        except (asyncio.CancelledError, GeneratorExit):
            self.script.cancelled.set()
            raise

    async def note(self, request: ProtoMessage, context: Context) -> None:
        self.script.requests.append(request)
        self.script.deadlines.append(context.time_remaining())
        if self.script.failure is not None:
            await context.abort_with_status(status_of(self.script.failure))


class RunServicer(_Servicer, run_service_pb2_grpc.RunServiceServicer):
    Run = WatchRun = _Servicer.events

    async def GetRun(self, request: run_service_pb2.GetRunRequest, context: Context) -> runs_pb2.Run:
        await self.note(request, context)
        return codec.encode(Run(request.name, RunKind.FULL, RunState.RUNNING))

    async def ListRuns(
        self, request: run_service_pb2.ListRunsRequest, context: Context
    ) -> run_service_pb2.ListRunsResponse:
        await self.note(request, context)
        run = codec.encode(Run(RUN, RunKind.FULL, RunState.SUCCEEDED))
        return run_service_pb2.ListRunsResponse(runs=[run], next_page_token="more")

    async def CancelRun(self, request: run_service_pb2.CancelRunRequest, context: Context) -> runs_pb2.Run:
        await self.note(request, context)
        self.script.cancelled_runs.append(request.name)
        return codec.encode(Run(request.name, RunKind.FULL, RunState.CANCELLED))

    async def ApprovePlan(self, request: run_service_pb2.ApprovePlanRequest, context: Context) -> runs_pb2.Run:
        await self.note(request, context)
        return codec.encode(Run(request.name, RunKind.FULL, RunState.RUNNING))

    async def DeleteRun(self, request: run_service_pb2.DeleteRunRequest, context: Context) -> empty_pb2.Empty:
        await self.note(request, context)
        return empty_pb2.Empty()


class PlanServicer(_Servicer, plan_service_pb2_grpc.PlanServiceServicer):
    Plan = _Servicer.events


class SelectServicer(_Servicer, select_service_pb2_grpc.SelectServiceServicer):
    Select = _Servicer.events


class ExecuteServicer(_Servicer, execute_service_pb2_grpc.ExecuteServiceServicer):
    Execute = _Servicer.events


class RespondServicer(_Servicer, respond_service_pb2_grpc.RespondServiceServicer):
    Respond = _Servicer.events


class ArtifactServicer(_Servicer, artifact_service_pb2_grpc.ArtifactServiceServicer):
    async def Upload(
        self, requests: AsyncIterator[artifact_service_pb2.UploadRequest], context: Context
    ) -> artifacts_pb2.Artifact:
        header = (await anext(requests)).header
        digest, size, kept = hashlib.sha256(), 0, []
        async for request in requests:
            digest.update(request.chunk)
            size += len(request.chunk)
            self.script.largest_chunk = max(self.script.largest_chunk, len(request.chunk))
            if not self.script.discard:
                kept.append(request.chunk)
            if self.script.failure is not None:
                async for _ in requests:
                    pass  # Drained as the controller does it: see `orchestrion_controller.servicers.artifact`.
                await context.abort_with_status(status_of(self.script.failure))
        name = f"artifacts/{digest.hexdigest()}"
        self.script.content[name] = b"".join(kept)
        self.script.artifacts[name] = Artifact(name, header.media_type, header.file_name, size)
        return codec.encode(self.script.artifacts[name])

    async def Download(
        self, request: artifact_service_pb2.DownloadRequest, context: Context
    ) -> AsyncIterator[artifact_service_pb2.DownloadResponse]:
        if request.name not in self.script.content:
            await context.abort_with_status(status_of(Reason.ARTIFACT_NOT_FOUND.error("no such artifact")))
        yield artifact_service_pb2.DownloadResponse(artifact=codec.encode(self.script.artifacts[request.name]))
        content = self.script.content[request.name] + (b"!" if self.script.spoilt else b"")
        for start in range(0, len(content), 1 << 20):
            yield artifact_service_pb2.DownloadResponse(chunk=content[start : start + (1 << 20)])

    async def GetArtifact(
        self, request: artifact_service_pb2.GetArtifactRequest, context: Context
    ) -> artifacts_pb2.Artifact:
        await self.note(request, context)
        return codec.encode(self.script.artifacts[request.name])

    async def ListArtifacts(
        self, request: artifact_service_pb2.ListArtifactsRequest, context: Context
    ) -> artifact_service_pb2.ListArtifactsResponse:
        await self.note(request, context)
        stored = [codec.encode(artifact) for artifact in self.script.artifacts.values()]
        return artifact_service_pb2.ListArtifactsResponse(artifacts=stored)

    async def DeleteArtifact(
        self, request: artifact_service_pb2.DeleteArtifactRequest, context: Context
    ) -> empty_pb2.Empty:
        await self.note(request, context)
        del self.script.artifacts[request.name]
        return empty_pb2.Empty()


class RegistryServicer(_Servicer, registry_service_pb2_grpc.RegistryServiceServicer):
    async def ListHosts(
        self, request: registry_service_pb2.ListHostsRequest, context: Context
    ) -> registry_service_pb2.ListHostsResponse:
        await self.note(request, context)
        hosts = [codec.encode(host) for host in self.script.host_changes if isinstance(host, Host)]
        return registry_service_pb2.ListHostsResponse(hosts=hosts)

    async def ListExperts(
        self, request: registry_service_pb2.ListExpertsRequest, context: Context
    ) -> registry_service_pb2.ListExpertsResponse:
        await self.note(request, context)
        offered = request.task_type in ("", *EXPERT.task_types)
        listed = codec.encode(ListedExpert(EXPERT, (ExpertPlacement("hosts/one", STATUS),)))
        return registry_service_pb2.ListExpertsResponse(experts=[listed] if offered else [])

    async def ListTaskTypes(
        self, request: registry_service_pb2.ListTaskTypesRequest, context: Context
    ) -> registry_service_pb2.ListTaskTypesResponse:
        await self.note(request, context)
        listed = ListedTaskType(task_types.load()["image-to-text"], TaskTypeState.READY, (EXPERT.id,))
        return registry_service_pb2.ListTaskTypesResponse(task_types=[codec.encode(listed)])

    def Advertise(
        self, request_iterator: AsyncIterator[registry_service_pb2.HostReport], context: Context
    ) -> AsyncIterator[registry_service_pb2.HostOrder]:
        raise NotImplementedError

    async def Watch(
        self, request: registry_service_pb2.WatchRequest, context: Context
    ) -> AsyncIterator[registry_service_pb2.RegistryChange]:
        for change in self.script.host_changes:
            if isinstance(change, str):
                yield registry_service_pb2.RegistryChange(removed_host=change)
            else:
                yield registry_service_pb2.RegistryChange(host=codec.encode(change))
        await asyncio.Event().wait()


async def _start(script: Script) -> tuple[grpc.aio.Server, int]:
    server = grpc.aio.server(options=server_options())
    run_service_pb2_grpc.add_RunServiceServicer_to_server(RunServicer(script), server)
    plan_service_pb2_grpc.add_PlanServiceServicer_to_server(PlanServicer(script), server)
    select_service_pb2_grpc.add_SelectServiceServicer_to_server(SelectServicer(script), server)
    execute_service_pb2_grpc.add_ExecuteServiceServicer_to_server(ExecuteServicer(script), server)
    respond_service_pb2_grpc.add_RespondServiceServicer_to_server(RespondServicer(script), server)
    artifact_service_pb2_grpc.add_ArtifactServiceServicer_to_server(ArtifactServicer(script), server)
    registry_service_pb2_grpc.add_RegistryServiceServicer_to_server(RegistryServicer(script), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, port


@contextmanager
def serve(script: Script) -> Iterator[str]:
    """Serves a script from a thread with an event loop of its own; gives the address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server, port = asyncio.run_coroutine_threadsafe(_start(script), loop).result()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
