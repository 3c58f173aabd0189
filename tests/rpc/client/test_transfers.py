"""Uploads and downloads whose connection breaks or stands still, and calls to a server that never answers."""

from __future__ import annotations

import asyncio
import io
import os
import random
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import grpc
import pytest

from orchestrion import AsyncClient
from orchestrion._net.transport import CHUNK_BYTES
from orchestrion.content import Content
from orchestrion.errors import (
    DeadlineExceededError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    UnavailableError,
)
from orchestrion.v1 import artifact_service_pb2, artifact_service_pb2_grpc, artifacts_pb2
from tests.rpc.client.both import MakeClient
from tests.rpc.client.proxy import Proxy
from tests.rpc.controller.conftest import StartController

CONTENT = random.Random(1).randbytes(8 * CHUNK_BYTES + 17)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize("kind", ["path", "bytes", "file"])
async def test_an_upload_is_sent_again_when_its_connection_breaks(
    client: AsyncClient, proxy: Proxy, file: Path, kind: str
) -> None:
    proxy.cut_when = lambda now: now.bytes_up > 3 * CHUNK_BYTES
    with file.open("rb") as opened:
        kinds: dict[str, Content] = {"path": file, "bytes": CONTENT, "file": opened}
        artifact = await client.artifacts.upload(kinds[kind])
    assert (proxy.cuts, artifact.size_bytes) == (1, len(CONTENT))
    assert await client.artifacts.read(artifact) == CONTENT
    assert len((await client.artifacts.list()).items) == 1


async def test_a_file_is_sent_from_where_it_stands_each_time(client: AsyncClient, proxy: Proxy, file: Path) -> None:
    proxy.cut_when = lambda now: now.bytes_up > 3 * CHUNK_BYTES
    with file.open("rb") as opened:
        opened.seek(1_000)
        artifact = await client.artifacts.upload(opened)
        assert not opened.closed
    assert proxy.cuts == 1
    assert await client.artifacts.read(artifact) == CONTENT[1_000:]


async def test_a_part_of_an_artifact_goes_on_where_its_connection_broke(
    client: AsyncClient, proxy: Proxy, file: Path
) -> None:
    artifact = await client.artifacts.upload(file)
    begin = proxy.bytes_down
    proxy.cut_when = lambda now: now.bytes_down > begin + 3 * CHUNK_BYTES
    pieces = [piece async for piece in client.artifacts.stream(artifact, 1_000, 6 * CHUNK_BYTES)]
    assert proxy.cuts == 1
    assert b"".join(pieces) == CONTENT[1_000 : 1_000 + 6 * CHUNK_BYTES]


async def test_a_part_of_an_artifact_comes_without_the_rest(client: AsyncClient, file: Path) -> None:
    artifact = await client.artifacts.upload(file)

    async def part(*arguments: int) -> bytes:
        return b"".join([piece async for piece in client.artifacts.stream(artifact, *arguments)])

    assert await part() == CONTENT
    assert await part(1_000_000) == CONTENT[1_000_000:]
    assert await part(1_000_000, 200_000) == CONTENT[1_000_000:1_200_000]
    assert await part(len(CONTENT)) == await part(5, 0) == b""
    with pytest.raises(OutOfRangeError):
        await part(len(CONTENT) + 1)
    with pytest.raises(InvalidArgumentError, match="offset_bytes"):
        await part(-1)


async def test_what_cannot_be_read_again_is_not_sent_again(client: AsyncClient, proxy: Proxy, file: Path) -> None:
    class Pipe(io.RawIOBase):
        """Bytes that come once."""

        def __init__(self, inner: io.BufferedReader) -> None:
            self._inner = inner

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            return self._inner.readinto(buffer)

    with file.open("rb") as inner:
        assert (await client.artifacts.upload(cast(BinaryIO, Pipe(inner)))).size_bytes == len(CONTENT)
    proxy.cut_when = lambda now: now.bytes_up > len(CONTENT) + 3 * CHUNK_BYTES
    with file.open("rb") as inner, pytest.raises(UnavailableError):
        await client.artifacts.upload(cast(BinaryIO, Pipe(inner)))


async def test_a_download_goes_on_at_the_byte_where_it_broke(
    client: AsyncClient, proxy: Proxy, address: str, tmp_path: Path
) -> None:
    async with AsyncClient(address) as direct:
        artifact = await direct.artifacts.upload(CONTENT, file_name="large.bin")
    proxy.cut_when = lambda now: now.bytes_down > 5 * CHUNK_BYTES
    saved = await client.artifacts.download(artifact, tmp_path)
    assert proxy.cuts == 1
    assert saved.read_bytes() == CONTENT
    assert proxy.bytes_down < 1.6 * len(CONTENT)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["large.bin"]
    before = proxy.bytes_down
    proxy.cut_when = lambda now: now.bytes_down > before + 5 * CHUNK_BYTES
    assert await client.artifacts.read(artifact) == CONTENT
    assert proxy.cuts == 2


async def test_calls_that_read_are_sent_again_and_a_deletion_twice_is_one(client: AsyncClient, proxy: Proxy) -> None:
    artifact = await client.artifacts.upload(b"short")
    for call in (
        client.hosts.list,
        client.runs.list,
        lambda: client.artifacts.get(artifact.name),
        lambda: client.artifacts.delete(artifact),
    ):
        sent, cuts = proxy.bytes_down, proxy.cuts
        # The request arrives and is carried out; its answer gets lost.
        proxy.cut_when = lambda now, sent=sent: now.bytes_down > sent + 20  # type: ignore[misc]  # Lambdas with defaults are not inferred.
        await call()
        assert proxy.cuts == cuts + 1
    with pytest.raises(NotFoundError):
        await client.artifacts.delete(artifact)


@pytest.fixture
def hung() -> Iterator[str]:
    """Accepts connections, by the kernel's hand, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def test_a_server_that_never_answers_hangs_no_call(make_client: MakeClient, hung: str, tmp_path: Path) -> None:
    name = f"artifacts/{'0' * 64}"
    async with make_client(hung, timeout=0.3, idle_timeout=0.3) as client:
        for call in (
            client.hosts.list,
            client.runs.list,
            lambda: client.runs.get("runs/a", timeout=0.1),
            lambda: client.ask("?", timeout=0.3),
            lambda: client.artifacts.upload(b"content"),
            lambda: client.artifacts.download(name, tmp_path),
            lambda: client.artifacts.read(name, timeout=0.1),
        ):
            with pytest.raises(DeadlineExceededError):
                await call()


class Still(artifact_service_pb2_grpc.ArtifactServiceServicer):
    """Takes no chunk, and sends the description of a download alone."""

    def __init__(self) -> None:
        self.end = asyncio.Event()

    async def Upload(self, request_iterator: Any, context: Any) -> Any:
        await self.end.wait()

    async def Download(self, request: Any, context: Any) -> AsyncIterator[Any]:
        yield artifact_service_pb2.DownloadResponse(artifact=artifacts_pb2.Artifact(name=request.name))
        await self.end.wait()

    async def GetArtifact(self, request: Any, context: Any) -> Any:
        raise NotImplementedError

    ListArtifacts = DeleteArtifact = GetArtifact


async def test_a_transfer_that_stands_still_ends(make_client: MakeClient, file: Path, tmp_path: Path) -> None:
    server, servicer = grpc.aio.server(), Still()
    artifact_service_pb2_grpc.add_ArtifactServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    folder = tmp_path / "out"
    folder.mkdir()
    async with make_client(f"127.0.0.1:{port}", idle_timeout=0.3) as client:
        with pytest.raises(DeadlineExceededError, match="idle_timeout"):
            await client.artifacts.upload(file)
        with pytest.raises(DeadlineExceededError, match="idle_timeout"):
            await client.artifacts.download(f"artifacts/{'0' * 64}", folder)
        with pytest.raises(DeadlineExceededError, match=r"(?i)deadline"):
            await client.artifacts.read(f"artifacts/{'0' * 64}", timeout=0.1)
    assert not list(folder.iterdir())
    servicer.end.set()
    await server.stop(None)


async def test_an_upload_from_a_pipe_that_nobody_writes_to_ends(make_client: MakeClient, address: str) -> None:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as pipe:
        async with make_client(address, idle_timeout=0.3) as client:
            with pytest.raises(DeadlineExceededError, match="idle_timeout"):
                await client.artifacts.upload(pipe)
        os.close(write)


async def test_a_closed_client_says_so(make_client: MakeClient, start_controller: StartController) -> None:
    controller = await start_controller()
    client = make_client(f"127.0.0.1:{controller.grpc_port}")
    async with client:
        await client.hosts.list()
    with pytest.raises(Exception, match="closed"):
        await client.hosts.list()
