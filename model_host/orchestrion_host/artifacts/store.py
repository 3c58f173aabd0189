"""The controller's artifact store, as a host uses it: files down, files up."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import grpc

from orchestrion import names
from orchestrion._net.transport import CHUNK_BYTES, error_of
from orchestrion.errors import Reason
from orchestrion.v1 import artifact_service_pb2 as messages
from orchestrion.v1.artifact_service_pb2_grpc import ArtifactServiceStub
from orchestrion_host import ipc

_DESCRIBING_S: Final = 5.0


class ArtifactStore:
    """Calls the `ArtifactService` of the one controller that this host is configured with."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Keeps the channel."""
        self._stub = ArtifactServiceStub(channel)

    async def download(self, name: str, path: Path) -> tuple[int, str]:
        """Writes an artifact to a file, checks its hash, and returns its size in bytes and its owner's name for it.

        Raises:
            OrchestrionError: ARTIFACT_NOT_FOUND, SERVER_UNREACHABLE, STORAGE_FULL.
        """
        digest = hashlib.sha256()
        size, file_name = 0, ""
        try:
            with _create(path) as file:
                async for message in self._stub.Download(messages.DownloadRequest(name=name)):
                    file_name = message.artifact.file_name or file_name
                    chunk = message.chunk
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
        except grpc.RpcError as failure:
            raise error_of(failure, "/orchestrion.v1.ArtifactService/Download") from failure
        except OSError as error:
            raise Reason.STORAGE_FULL.error(f"The host cannot keep {name}: {error}.") from error
        if digest.hexdigest() != names.sha256_of(name):
            text = f"{name} arrived damaged: its SHA-256 is {digest.hexdigest()}."
            raise Reason.SERVER_UNREACHABLE.error(text)
        return size, file_name

    async def file_name(self, name: str) -> str:
        """Returns what its owner calls an artifact.

        Raises:
            OrchestrionError: ARTIFACT_NOT_FOUND, SERVER_UNREACHABLE.
        """
        try:
            artifact = await self._stub.GetArtifact(messages.GetArtifactRequest(name=name), timeout=_DESCRIBING_S)
        except grpc.RpcError as failure:
            raise error_of(failure, "/orchestrion.v1.ArtifactService/GetArtifact") from failure
        return artifact.file_name

    async def upload(self, media: ipc.MediaFile) -> str:
        """Stores a file and returns the artifact's name.

        Raises:
            OrchestrionError: ARTIFACT_TOO_LARGE, STORAGE_FULL, SERVER_UNREACHABLE.
        """
        try:
            artifact = await self._stub.Upload(_messages(media))
        except grpc.RpcError as failure:
            raise error_of(failure, "/orchestrion.v1.ArtifactService/Upload") from failure
        return artifact.name


async def _messages(media: ipc.MediaFile) -> AsyncIterator[messages.UploadRequest]:
    header = messages.UploadHeader(media_type=media.media_type, file_name=media.file_name, sha256=media.sha256)
    yield messages.UploadRequest(header=header)
    for chunk in _chunks(Path(media.path)):
        yield messages.UploadRequest(chunk=chunk)


def _create(path: Path) -> BinaryIO:
    # Plain blocking files: their pages are in memory, and a hop to a thread costs more than a chunk.
    return path.open("wb")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
