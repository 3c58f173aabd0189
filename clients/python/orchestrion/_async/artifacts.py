"""The artifacts of a controller: `orchestrion.AsyncClient.artifacts`."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from orchestrion._async.channel import run_blocking
from orchestrion._async.connection import AsyncConnection
from orchestrion._async.uploads import upload
from orchestrion._content import media
from orchestrion._net import transfers
from orchestrion._net.resumption import ArtifactBytes
from orchestrion._rpcs import artifacts as rpcs
from orchestrion.content import Content, PillowImage, Sound
from orchestrion.listings import Page
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef


class AsyncArtifacts:
    """Stores and fetches artifacts."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Shares the connection of the client."""
        self._connection = connection

    async def upload(
        self,
        source: Content,
        *,
        media_type: str | None = None,
        file_name: str | None = None,
        timeout: float | None = None,
    ) -> Artifact:
        """Stores a file, or a value, of any size.

        An upload whose connection breaks is sent again from its beginning, if the source can be read again.

        Args:
            source: A path (every `str` is one), bytes, a file opened for reading them, a PIL image, an array of uint8
                pixels, a `Sound`, or a `Link`. Files are read from where they are; images become PNG, and sounds WAV;
                what a link leads to is fetched by this program.
            media_type: The media type; None for that of the value, or lets the controller find out.
            file_name: The file name; None for the file's own.
            timeout: How long it may take, in seconds; None for as long as bytes go, as `idle_timeout` says.

        Raises:
            InvalidArgumentError: It is empty, or the value is of no kind that can be sent.
            ResourceExhaustedError: It is too large, or the controller's disk is full.
            OrchestrionError: What a link leads to cannot be fetched or used; the message says why, and what to do.
            OSError: The file cannot be read.
        """
        return await upload(
            self._connection, source, "source", media_type=media_type, file_name=file_name, timeout=timeout
        )

    async def download(
        self, artifact: str | Artifact | ArtifactRef, to: str | os.PathLike[str], *, timeout: float | None = None
    ) -> Path:
        """Saves an artifact, checked against its hash, and returns where.

        A download whose connection breaks goes on where it was.

        Args:
            artifact: The artifact, or its name.
            to: A folder that exists, or ends in `/` and is made: the artifact's own file name is used, numbered if it
                is taken. Or a path, which is replaced if it is there.
            timeout: How long it may take, in seconds; None for as long as bytes come, as `idle_timeout` says.

        Raises:
            NotFoundError: There is no such artifact.
            OSError: The file cannot be written.
        """
        name, idle_s = transfers.artifact_name(artifact), self._connection.policy.idle_timeout
        with transfers.Download(name, to) as download:
            async with aclosing(self._connection.stream(ArtifactBytes(name), timeout, idle_s=idle_s)) as messages:
                async for message in messages:
                    await run_blocking(download.take, message)
        return download.path

    async def read(self, artifact: str | Artifact | ArtifactRef, *, timeout: float | None = None) -> bytes:
        """Returns the content of an artifact; the timeout is as that of `download`.

        Raises:
            NotFoundError: There is no such artifact.
        """
        collected = transfers.Collected(transfers.artifact_name(artifact))
        stream, idle_s = ArtifactBytes(collected.name), self._connection.policy.idle_timeout
        async with aclosing(self._connection.stream(stream, timeout, idle_s=idle_s)) as messages:
            async for message in messages:
                collected.take(message)
        return collected.content()

    async def stream(
        self,
        artifact: str | Artifact | ArtifactRef,
        offset_bytes: int = 0,
        size_bytes: int | None = None,
        *,
        timeout: float | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """Yields the content of an artifact, or a part of it, at most 1 MiB at a time; all of it is checked at its end.

        A download whose connection breaks goes on where it was.

        Args:
            artifact: The artifact, or its name.
            offset_bytes: The first byte wanted, from 0.
            size_bytes: How many are wanted; None for all up to the end.
            timeout: As that of `download`.

        Raises:
            NotFoundError: There is no such artifact.
            OutOfRangeError: It does not go as far as the offset.
            InvalidArgumentError: The offset or the size is negative.
        """
        name, idle_s = transfers.artifact_name(artifact), self._connection.policy.idle_timeout
        section, content = transfers.Section(name, offset_bytes, size_bytes), ArtifactBytes(name, offset_bytes)
        async with aclosing(self._connection.stream(content, timeout, idle_s=idle_s)) as messages:
            async for message in messages:
                if chunk := section.take(message):
                    yield chunk
                if section.complete:
                    return
        section.check()

    async def image(self, artifact: str | Artifact | ArtifactRef, *, timeout: float | None = None) -> PillowImage:
        """Returns an image as a `PIL.Image.Image`; the timeout is as that of `download`.

        Raises:
            NotFoundError: There is no such artifact.
            InvalidArgumentError: It is no image that PIL can read.
            FailedPreconditionError: Pillow is not installed.
        """
        content = await self.read(artifact, timeout=timeout)
        return await run_blocking(media.image_of, content, transfers.artifact_name(artifact))

    async def sound(self, artifact: str | Artifact | ArtifactRef, *, timeout: float | None = None) -> Sound:
        """Returns a WAV file as `samples, sample_rate`: a NumPy array of int16, (n,) or (n, channels), and Hz.

        Raises:
            NotFoundError: There is no such artifact.
            InvalidArgumentError: It is no WAV file of whole numbers.
            FailedPreconditionError: NumPy is not installed.
        """
        content = await self.read(artifact, timeout=timeout)
        return await run_blocking(media.sound_of, content, transfers.artifact_name(artifact))

    async def get(self, artifact: str, *, timeout: float | None = None) -> Artifact:
        """Gets the description of an artifact.

        Raises:
            NotFoundError: There is no such artifact.
        """
        return await self._connection.unary(rpcs.get(artifact), timeout)

    async def list(self, page_size: int = 100, page_token: str = "", *, timeout: float | None = None) -> Page[Artifact]:
        """Lists artifacts, newest first.

        Args:
            page_size: How many at most.
            page_token: The `next_page_token` of the page before; empty for the first page.
            timeout: The deadline of the call, in seconds.
        """
        return await self._connection.unary(rpcs.list_page(page_size, page_token), timeout)

    async def delete(self, artifact: str | Artifact | ArtifactRef, *, timeout: float | None = None) -> None:
        """Deletes an artifact.

        Raises:
            NotFoundError: There is no such artifact.
        """
        await self._connection.unary(rpcs.delete(transfers.artifact_name(artifact)), timeout)
