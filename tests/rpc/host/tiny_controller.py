"""The part of a controller that a host talks to: a registry that remembers reports, and artifacts in memory.

The controller's own services are not used here, since the two servers may not import each other, in tests either.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable

from google.protobuf import empty_pb2

from orchestrion import names
from orchestrion.errors import Reason
from orchestrion.v1 import artifact_service_pb2 as artifact_messages
from orchestrion.v1 import artifacts_pb2
from orchestrion.v1 import registry_service_pb2 as registry_messages
from orchestrion.v1.artifact_service_pb2_grpc import ArtifactServiceServicer, add_ArtifactServiceServicer_to_server
from orchestrion.v1.registry_service_pb2_grpc import RegistryServiceServicer, add_RegistryServiceServicer_to_server
from orchestrion_serving.interceptors import Context
from orchestrion_serving.metrics import CallMetrics
from orchestrion_serving.process import GrpcServer

CHUNK = 1 << 20


class TinyRegistry(RegistryServiceServicer):
    def __init__(self, lease_ms: int) -> None:
        self.lease_ms = lease_ms
        self.reports: list[registry_messages.HostReport] = []
        self.facts: dict[str, registry_messages.HostFacts] = {}
        self._news = asyncio.Event()

    async def Advertise(
        self, request_iterator: AsyncIterator[registry_messages.HostReport], context: Context
    ) -> AsyncIterator[registry_messages.HostOrder]:
        async for report in request_iterator:
            if report.HasField("facts"):
                self.facts[report.facts_digest] = report.facts
            self.reports.append(report)
            self._news.set()
            yield registry_messages.HostOrder(
                lease_ms=self.lease_ms, facts_wanted=report.facts_digest not in self.facts
            )

    async def ListHosts(
        self, request: registry_messages.ListHostsRequest, context: Context
    ) -> registry_messages.ListHostsResponse:
        raise Reason.NOT_SERVED_YET.error("Hosts do not ask this.")

    async def ListExperts(
        self, request: registry_messages.ListExpertsRequest, context: Context
    ) -> registry_messages.ListExpertsResponse:
        raise Reason.NOT_SERVED_YET.error("Hosts do not ask this.")

    async def ListTaskTypes(
        self, request: registry_messages.ListTaskTypesRequest, context: Context
    ) -> registry_messages.ListTaskTypesResponse:
        raise Reason.NOT_SERVED_YET.error("Hosts do not ask this.")

    async def Watch(
        self, request: registry_messages.WatchRequest, context: Context
    ) -> AsyncIterator[registry_messages.RegistryChange]:
        raise Reason.NOT_SERVED_YET.error("Hosts do not ask this.")
        yield

    async def wait(self, wanted: Callable[[registry_messages.HostReport], bool]) -> registry_messages.HostReport:
        """Returns the newest report as soon as it is as wanted."""
        async with asyncio.timeout(30):
            while not (self.reports and wanted(self.reports[-1])):
                await self.next()
        return self.reports[-1]

    async def next(self) -> None:
        """Waits for a further report."""
        self._news.clear()
        await self._news.wait()


class TinyArtifacts(ArtifactServiceServicer):
    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.artifacts: dict[str, artifacts_pb2.Artifact] = {}
        self.download_count = 0
        self.file_names: list[str] = []
        """Those of uploads, in order."""
        self.gate = asyncio.Event()
        """Downloads wait for it."""
        self.gate.set()

    def put(self, content: bytes) -> str:
        name = names.artifact(hashlib.sha256(content).hexdigest())
        self.contents[name] = content
        self.artifacts[name] = artifacts_pb2.Artifact(name=name, size_bytes=len(content))
        return name

    async def Upload(
        self, request_iterator: AsyncIterator[artifact_messages.UploadRequest], context: Context
    ) -> artifacts_pb2.Artifact:
        header, content = artifact_messages.UploadHeader(), bytearray()
        async for message in request_iterator:
            if message.WhichOneof("part") == "header":
                header = message.header
            else:
                assert len(message.chunk) <= CHUNK
                content += message.chunk
        name = self.put(bytes(content))
        if header.sha256 and names.artifact(header.sha256) != name:
            raise Reason.HASH_MISMATCH.error("not the hash announced")
        self.file_names.append(header.file_name)
        self.artifacts[name].media_type = header.media_type
        self.artifacts[name].file_name = header.file_name
        return self.artifacts[name]

    async def GetArtifact(
        self, request: artifact_messages.GetArtifactRequest, context: Context
    ) -> artifacts_pb2.Artifact:
        if request.name not in self.artifacts:
            raise Reason.ARTIFACT_NOT_FOUND.error(f"There is no {request.name}.")
        return self.artifacts[request.name]

    async def ListArtifacts(
        self, request: artifact_messages.ListArtifactsRequest, context: Context
    ) -> artifact_messages.ListArtifactsResponse:
        raise Reason.NOT_SERVED_YET.error("Hosts do not ask this.")

    async def DeleteArtifact(
        self, request: artifact_messages.DeleteArtifactRequest, context: Context
    ) -> empty_pb2.Empty:
        raise Reason.NOT_SERVED_YET.error("Hosts do not ask this.")

    async def Download(
        self, request: artifact_messages.DownloadRequest, context: Context
    ) -> AsyncIterator[artifact_messages.DownloadResponse]:
        self.download_count += 1
        await self.gate.wait()
        if request.name not in self.contents:
            raise Reason.ARTIFACT_NOT_FOUND.error(f"There is no {request.name}.")
        yield artifact_messages.DownloadResponse(artifact=self.artifacts[request.name])
        content = self.contents[request.name]
        for offset in range(0, len(content), CHUNK):
            yield artifact_messages.DownloadResponse(chunk=content[offset : offset + CHUNK])


class TinyController:
    """Both services on one port, until the end of its `async with`."""

    def __init__(self, lease_ms: int = 10_000) -> None:
        self.registry = TinyRegistry(lease_ms)
        self.artifacts = TinyArtifacts()
        self._server: GrpcServer | None = None
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> TinyController:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listens: on a free port, the second time on the same one."""
        async with asyncio.timeout(10):
            while not await self._listens():  # noqa: ASYNC110
                # A connection on its way out has the port for a moment: it is one of those that the system gives out.
                await asyncio.sleep(0.05)

    async def _listens(self) -> bool:
        server = GrpcServer(CallMetrics("tiny"))
        add_RegistryServiceServicer_to_server(self.registry, server.server)
        add_ArtifactServiceServicer_to_server(self.artifacts, server.server)
        try:
            await server.start("127.0.0.1", self.port, [])
        except OSError:
            await server.stop(0)
            return False
        self._server, self.port = server, server.port
        return True

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(0)
            self._server = None
