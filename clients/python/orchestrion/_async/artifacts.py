"""The calls of `orchestrion.AsyncClient` that store and fetch artifacts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from orchestrion._async.connection import AsyncConnection
from orchestrion._content import media
from orchestrion._content.byte_sources import check_files, open_source, stored_name
from orchestrion._net import transfers
from orchestrion._net.endpoint import Endpoint
from orchestrion._net.resumption import ArtifactBytes
from orchestrion._net.retries import RetryPolicy
from orchestrion._rpcs import artifacts as rpcs
from orchestrion.content import Attachment, Content, Sound
from orchestrion.listings import Page
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef


class AsyncArtifactClient:
    """Stores and fetches artifacts; `orchestrion.AsyncClient` is one."""

    def __init__(self, endpoint: Endpoint, policy: RetryPolicy) -> None:
        """Makes the connection to be, which all calls share."""
        self._policy = policy
        self._connection = AsyncConnection(endpoint, policy)

    async def upload(
        self,
        source: Content,
        *,
        media_type: str | None = None,
        file_name: str | None = None,
        timeout: float | None = None,
    ) -> Artifact:
        """Stores a file, or a value, of any size; see `Client.upload`."""
        return await self._upload(source, "source", media_type, file_name, timeout)

    async def download(
        self, artifact: str | Artifact | ArtifactRef, to: str | os.PathLike[str], *, timeout: float | None = None
    ) -> Path:
        """Saves an artifact, checked against its hash, and returns where; see `Client.download`."""
        name = transfers.artifact_name(artifact)
        with transfers.Download(name, to) as download:
            stream = self._connection.stream(ArtifactBytes(name), timeout, idle_s=self._policy.idle_timeout)
            async with aclosing(stream) as messages:
                async for message in messages:
                    await asyncio.to_thread(download.take, message)
        return download.path

    async def read(self, artifact: str | Artifact | ArtifactRef, *, timeout: float | None = None) -> bytes:
        """Returns the content of an artifact; see `Client.read`."""
        collected = transfers.Collected(transfers.artifact_name(artifact))
        stream = self._connection.stream(ArtifactBytes(collected.name), timeout, idle_s=self._policy.idle_timeout)
        async with aclosing(stream) as messages:
            async for message in messages:
                collected.take(message)
        return collected.content()

    async def image(self, artifact: str | Artifact | ArtifactRef, *, timeout: float | None = None) -> Any:
        """Returns a picture as a `PIL.Image.Image`; see `Client.image`."""
        content = await self.read(artifact, timeout=timeout)
        return await asyncio.to_thread(media.picture_of, content, transfers.artifact_name(artifact))

    async def sound(self, artifact: str | Artifact | ArtifactRef, *, timeout: float | None = None) -> Sound:
        """Returns a WAV file as `samples, sample_rate`; see `Client.sound`."""
        content = await self.read(artifact, timeout=timeout)
        return await asyncio.to_thread(media.sound_of, content, transfers.artifact_name(artifact))

    async def get_artifact(self, artifact: str, *, timeout: float | None = None) -> Artifact:
        """Gets the description of an artifact; see `Client.get_artifact`."""
        return await self._connection.unary(rpcs.get(artifact), timeout)

    async def list_artifacts(
        self, page_size: int = 100, page_token: str = "", *, timeout: float | None = None
    ) -> Page[Artifact]:
        """Lists artifacts, newest first; see `Client.list_artifacts`."""
        return await self._connection.unary(rpcs.list_page(page_size, page_token), timeout)

    async def delete_artifact(self, artifact: str | Artifact | ArtifactRef, *, timeout: float | None = None) -> None:
        """Deletes an artifact; see `Client.delete_artifact`."""
        await self._connection.unary(rpcs.delete(transfers.artifact_name(artifact)), timeout)

    async def _names(self, files: Iterable[Attachment]) -> list[str]:
        """Uploads what is not an artifact yet, and names all."""
        return [
            stored_name(file) or (await self._upload(file, f"files[{index}]", None, None, None)).name  # type: ignore[arg-type]
            for index, file in enumerate(check_files(files))
        ]

    async def _upload(
        self, source: Content, field: str, media_type: str | None, file_name: str | None, timeout: float | None
    ) -> Artifact:
        # Opening a file waits for the disk, and a picture takes its time to become PNG.
        content = await asyncio.to_thread(open_source, source, field)
        rpc = rpcs.upload(
            content.media_type if media_type is None else media_type,
            content.file_name if file_name is None else file_name,
            content.size_bytes,
        )
        with transfers.Upload(content) as upload:
            return upload.check(await self._connection.send(rpc, upload, timeout))
