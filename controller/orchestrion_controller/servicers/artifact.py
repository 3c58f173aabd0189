"""ArtifactService: content in and out, in chunks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from google.protobuf import empty_pb2

from orchestrion._codec import codec
from orchestrion._net.transport import CHUNK_BYTES
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.v1 import artifact_service_pb2 as pb
from orchestrion.v1 import artifact_service_pb2_grpc, artifacts_pb2
from orchestrion_controller.artifacts.artifacts import OwnedArtifacts
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.servicers import decoding
from orchestrion_serving.interceptors import Context

_CUT_OFF_S: Final = 0.01
"""How long after the end of a stream gRPC may report that the client died, in seconds; measured: 0.4 ms."""
_DRAIN_S: Final = 5.0
"""How long a refused client's chunks are drained before it gets the error, in seconds."""


class ArtifactServicer(artifact_service_pb2_grpc.ArtifactServiceServicer):
    """Stores and returns artifacts."""

    def __init__(self, artifacts: OwnedArtifacts, metrics: ControllerMetrics) -> None:
        """Keeps the collaborators."""
        self._artifacts = artifacts
        self._bytes_in = metrics.artifact_bytes.labels("in")
        self._bytes_out = metrics.artifact_bytes.labels("out")

    async def Upload(
        self, request_iterator: AsyncIterator[pb.UploadRequest], context: Context
    ) -> artifacts_pb2.Artifact:
        """Stores an artifact from chunks."""
        first = await anext(aiter(request_iterator), None)
        if first is None or first.WhichOneof("part") != "header":
            raise Reason.INVALID_FIELD.error("header: the first message must carry it.", field="header")
        header = first.header
        try:
            stored = await self._artifacts.add(
                self._chunks(request_iterator, header), header.media_type, header.file_name, header.sha256
            )
        except OrchestrionError:
            await _drain(request_iterator)
            raise
        return codec.encode(stored)

    async def Download(self, request: pb.DownloadRequest, context: Context) -> AsyncIterator[pb.DownloadResponse]:
        """Streams an artifact."""
        artifact = await self._artifacts.get(request.name)
        if not 0 <= request.offset_bytes <= artifact.size_bytes:
            message = f"offset_bytes: {request.offset_bytes} is out of range; give 0 to {artifact.size_bytes}."
            raise Reason.OFFSET_OUT_OF_RANGE.error(message, field="offset_bytes")
        yield pb.DownloadResponse(artifact=codec.encode(artifact))
        async for chunk in self._artifacts.read(artifact, request.offset_bytes):
            self._bytes_out.inc(len(chunk))
            yield pb.DownloadResponse(chunk=chunk)

    async def GetArtifact(self, request: pb.GetArtifactRequest, context: Context) -> artifacts_pb2.Artifact:
        """Describes an artifact."""
        return codec.encode(await self._artifacts.get(request.name))

    async def ListArtifacts(self, request: pb.ListArtifactsRequest, context: Context) -> pb.ListArtifactsResponse:
        """Lists artifacts, newest first."""
        size = decoding.page_size(request.page_size)
        artifacts = await self._artifacts.list(size + 1, decoding.read_page_token(request.page_token))
        response = pb.ListArtifactsResponse(artifacts=[codec.encode(artifact) for artifact in artifacts[:size]])
        if len(artifacts) > size and (last := artifacts[size - 1]).create_time is not None:
            milliseconds = round(last.create_time.timestamp() * 1000)
            response.next_page_token = decoding.page_token(milliseconds, last.name.removeprefix("artifacts/"))
        return response

    async def DeleteArtifact(self, request: pb.DeleteArtifactRequest, context: Context) -> empty_pb2.Empty:
        """Deletes an artifact."""
        await self._artifacts.delete(request.name)
        return empty_pb2.Empty()

    async def _chunks(self, messages: AsyncIterator[pb.UploadRequest], header: pb.UploadHeader) -> AsyncIterator[bytes]:
        size = 0
        async for message in messages:
            if message.WhichOneof("part") != "chunk":
                raise Reason.INVALID_FIELD.error("chunk: every message after the first must carry it.", field="chunk")
            if len(message.chunk) > CHUNK_BYTES:
                text = f"chunk: {len(message.chunk)} bytes are too many; send at most {CHUNK_BYTES} at once."
                raise Reason.INVALID_FIELD.error(text, field="chunk")
            self._bytes_in.inc(len(message.chunk))
            size += len(message.chunk)
            yield message.chunk
        if header.size_bytes and size != header.size_bytes:
            text = f"header.size_bytes: {header.size_bytes} bytes were announced and {size} sent. Send it again."
            raise Reason.SIZE_MISMATCH.error(text, field="header.size_bytes", size_bytes=str(size))
        if not header.size_bytes and not header.sha256:
            # gRPC ends the stream of a client that died like that of one that is done, and cancels the call only then.
            # A truncated upload must not be stored; where a size or hash is announced it is detected without this wait.
            await asyncio.sleep(_CUT_OFF_S)


async def _drain(messages: AsyncIterator[pb.UploadRequest]) -> None:
    """Drains what a refused client still sends.

    When a call ends while an asyncio client of gRPC still writes, it reports INTERNAL and not why it was refused
    (github.com/grpc/grpc/issues/36066); hosts are such clients.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_S):
            async for _ in messages:
                pass
