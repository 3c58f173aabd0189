"""Artifacts over the wire: content in and out, and what a bad upload leaves: nothing."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from orchestrion import AsyncClient, names
from orchestrion._net.transport import error_of
from orchestrion.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError
from orchestrion.v1 import artifact_service_pb2 as pb
from orchestrion.v1.artifact_service_pb2_grpc import ArtifactServiceStub
from tests.rpc.controller.conftest import StartController


async def test_content_comes_back_as_it_was_under_its_hash(client: AsyncClient, tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    path = tmp_path / "a picture.png"
    path.write_bytes(content)

    stored = await client.artifacts.upload(path)

    assert stored.name == f"artifacts/{hashlib.sha256(content).hexdigest()}"
    assert (stored.file_name, stored.media_type, stored.size_bytes) == ("a picture.png", "image/png", len(content))
    assert await client.artifacts.read(stored) == content


@pytest.mark.parametrize(
    ("content", "file_name", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(32), "misnamed.txt", "image/png"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "sound", "audio/wave"),
        (b"plain words", "letter.txt", "text/plain"),
        (b"\x00\x01", "mystery", "application/octet-stream"),
    ],
)
async def test_the_media_type_is_found_from_content_and_name(
    client: AsyncClient, content: bytes, file_name: str, media_type: str
) -> None:
    stored = await client.artifacts.upload(content, file_name=file_name)

    assert stored.media_type == media_type


async def test_folders_are_dropped_from_file_names(client: AsyncClient) -> None:
    stored = await client.artifacts.upload(b"x", file_name="../../etc\\passwd")

    assert stored.file_name == "passwd"


async def test_the_same_file_is_one_artifact_until_it_is_deleted(client: AsyncClient) -> None:
    first = await client.artifacts.upload(b"same", file_name="one.txt")
    assert await client.artifacts.upload(b"same", file_name="one.txt") == first

    assert (await client.artifacts.list()).items == (first,)
    await client.artifacts.delete(first)
    with pytest.raises(NotFoundError):
        await client.artifacts.read(first)


async def test_content_under_several_names_has_each_until_it_is_deleted(client: AsyncClient, tmp_path: Path) -> None:
    uploads = [("menu.txt", None), ("copy of menu.txt", None), ("", None), ("menu.txt", "text/markdown")]
    stored = [
        await client.artifacts.upload(b"Soup", file_name=file_name, media_type=media_type)
        for file_name, media_type in uploads
    ]

    assert stored[0].name == names.of_content(b"Soup")
    assert len({artifact.name for artifact in stored}) == 4
    assert [await client.artifacts.get(artifact.name) for artifact in stored] == stored
    assert stored[1].file_name == "copy of menu.txt"
    assert (stored[3].file_name, stored[3].media_type) == ("menu.txt", "text/markdown")
    again = await asyncio.gather(*(client.artifacts.upload(b"Soup", file_name="copy of menu.txt") for _ in range(5)))
    assert {artifact.name for artifact in again} == {stored[1].name}
    listed = (await client.artifacts.list(page_size=3)).items
    assert {artifact.name for artifact in listed} <= {artifact.name for artifact in stored}
    assert len(_stored_files(tmp_path)) == 1
    for artifact in stored[:3]:
        await client.artifacts.delete(artifact)
        with pytest.raises(NotFoundError):
            await client.artifacts.read(artifact)
        assert await client.artifacts.read(stored[3]) == b"Soup"
    saved = await client.artifacts.download(stored[3], f"{tmp_path}/saved/")
    assert saved.name == "menu.txt"
    await client.artifacts.delete(stored[3])
    assert _stored_files(tmp_path) == []


async def test_first_uploads_of_one_content_at_once_all_keep_their_names(client: AsyncClient) -> None:
    wanted = [f"{number}.txt" for number in range(8)] * 2

    stored = await asyncio.gather(*(client.artifacts.upload(b"Soup", file_name=name) for name in wanted))

    assert [artifact.file_name for artifact in stored] == wanted
    assert len({artifact.name for artifact in stored}) == 8


async def test_no_upload_loses_its_content_to_a_deletion_of_the_same(client: AsyncClient) -> None:
    async def deleted(name: str) -> None:
        with contextlib.suppress(NotFoundError):
            await client.artifacts.delete(name)

    for number in range(40):
        content = f"Soup {number}".encode()
        stored = await client.artifacts.upload(content)
        await asyncio.gather(
            *(client.artifacts.upload(content, file_name=f"{place % 2}.txt") for place in range(4)),
            *(deleted(stored.name) for _ in range(2)),
        )
        listed = [one for one in (await client.artifacts.list(1_000)).items if one.size_bytes == len(content)]
        assert {await client.artifacts.read(one) for one in listed if one.name.startswith(stored.name)} == {content}


async def test_bad_uploads_are_refused_and_leave_nothing(client: AsyncClient, address: str, tmp_path: Path) -> None:
    async def upload(*messages: pb.UploadRequest) -> str:
        async with grpc.aio.insecure_channel(address) as channel:
            try:
                await ArtifactServiceStub(channel).Upload(_stream(messages))
            except grpc.aio.AioRpcError as error:
                return error_of(error).reason
        return "OK"

    header = pb.UploadRequest(header=pb.UploadHeader(file_name="x"))
    wrong_hash = pb.UploadRequest(header=pb.UploadHeader(sha256="0" * 64))
    wrong_size = pb.UploadRequest(header=pb.UploadHeader(size_bytes=8))
    chunk = pb.UploadRequest(chunk=b"content")

    assert await upload() == "INVALID_FIELD"
    assert await upload(chunk) == "INVALID_FIELD"
    assert await upload(header) == "ARTIFACT_EMPTY"
    assert await upload(header, header) == "INVALID_FIELD"
    assert await upload(header, pb.UploadRequest(chunk=bytes((1 << 20) + 1))) == "INVALID_FIELD"
    assert await upload(wrong_hash, chunk) == "HASH_MISMATCH"
    assert await upload(wrong_size, chunk) == "SIZE_MISMATCH"
    assert _stored_files(tmp_path) == []


async def test_an_upload_that_breaks_off_leaves_nothing(client: AsyncClient, address: str, tmp_path: Path) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        call = ArtifactServiceStub(channel).Upload()
        await call.write(pb.UploadRequest(header=pb.UploadHeader(file_name="x")))
        await call.write(pb.UploadRequest(chunk=b"half"))
        call.cancel()

    async with asyncio.timeout(10):
        while _stored_files(tmp_path):  # noqa: ASYNC110 - a folder has no event to wait for
            await asyncio.sleep(0.01)
    assert (await client.artifacts.list()).items == ()


async def test_an_upload_larger_than_allowed_is_refused_with_the_setting_named(
    start_controller: StartController,
) -> None:
    controller = await start_controller(max_artifact_bytes=1_000)
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        with pytest.raises(ResourceExhaustedError, match="max_artifact_bytes"):
            await client.artifacts.upload(bytes(1_001))


async def test_a_download_goes_on_from_an_offset(client: AsyncClient, address: str) -> None:
    stored = await client.artifacts.upload(b"0123456789")
    async with grpc.aio.insecure_channel(address) as channel:
        stub = ArtifactServiceStub(channel)
        call = stub.Download(pb.DownloadRequest(name=stored.name, offset_bytes=6))
        assert b"".join([message.chunk async for message in call]) == b"6789"
        with pytest.raises(grpc.aio.AioRpcError, match="out of range"):
            await anext(aiter(stub.Download(pb.DownloadRequest(name=stored.name, offset_bytes=11))))


async def test_names_that_are_none_are_refused(client: AsyncClient) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await client.artifacts.get("artifacts/../../etc/passwd")
    assert caught.value.field == "name"


def _stored_files(home: Path) -> list[Path]:
    return [path for path in (home / "controller" / "artifacts").rglob("*") if path.is_file()]


async def _stream(messages: tuple[pb.UploadRequest, ...]) -> AsyncIterator[pb.UploadRequest]:
    for message in messages:
        yield message
