"""Artifacts to and from files: nothing lost, nothing overwritten, nothing large in memory."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import stat
from pathlib import Path

import pytest

from orchestrion import Artifact, ArtifactRef, AsyncClient, Client
from orchestrion._net.transfers import safe_file_name
from orchestrion.errors import InvalidArgumentError, NotFoundError, Reason, ResourceExhaustedError
from tests.unit.client.scripted import Script

CONTENT = random.Random(0).randbytes(3 * (1 << 20) + 17)
NAME = f"artifacts/{hashlib.sha256(b'x').hexdigest()}"


def parts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_upload_goes_in_chunks(client: Client, script: Script, tmp_path: Path) -> None:
    path = tmp_path / "größe.bin"
    path.write_bytes(CONTENT)
    artifact = client.artifacts.upload(path, media_type="image/png")
    assert script.content[artifact.name] == CONTENT
    assert (artifact.file_name, artifact.media_type, artifact.size_bytes) == ("größe.bin", "image/png", len(CONTENT))
    assert script.largest_chunk == 1 << 20
    assert client.artifacts.upload(b"x", file_name="named.txt").file_name == "named.txt"


def test_a_file_name_that_is_no_utf_8_is_carried_as_text(client: Client, script: Script, tmp_path: Path) -> None:
    # As old disks have them: `é` of Latin-1.
    path = Path(os.fsdecode(os.fsencode(tmp_path / "caf") + b"\xe9.png"))
    path.write_bytes(b"x")
    assert client.artifacts.upload(path).file_name == "caf\ufffd.png"
    with path.open("rb") as file:
        assert client.artifacts.upload(file).file_name == "caf\ufffd.png"


async def test_upload_and_download_in_asyncio(async_client: AsyncClient, script: Script, tmp_path: Path) -> None:
    path = tmp_path / "in.bin"
    path.write_bytes(CONTENT)
    artifact = await async_client.artifacts.upload(path)
    saved = await async_client.artifacts.download(artifact, tmp_path / "out.bin")
    assert saved.read_bytes() == await async_client.artifacts.read(artifact) == CONTENT
    assert await async_client.artifacts.get(artifact.name) == artifact
    assert (await async_client.artifacts.list()).items == (artifact,)
    await async_client.artifacts.delete(artifact)
    assert script.artifacts == {}


def test_a_stream_of_all_of_an_artifact_is_checked(client: Client, script: Script) -> None:
    artifact = client.artifacts.upload(CONTENT)
    assert b"".join(client.artifacts.stream(artifact)) == CONTENT
    script.spoilt = True
    with pytest.raises(InvalidArgumentError) as caught:
        list(client.artifacts.stream(artifact))
    assert caught.value.reason == Reason.HASH_MISMATCH.name


def test_memory_is_flat_on_200_mb(client: Client, script: Script, tmp_path: Path) -> None:
    script.discard = True
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    client.artifacts.upload(b"warm up")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    client.artifacts.upload(path)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 40_000, f"client and server together grew by {grown_kib} KiB"


def test_refused_upload_tells_why(client: Client, script: Script) -> None:
    script.failure = Reason.ARTIFACT_TOO_LARGE.error("At most 1 MB.")
    with pytest.raises(ResourceExhaustedError, match="At most 1 MB"):
        client.artifacts.upload(CONTENT)


async def test_refused_upload_tells_why_in_asyncio(async_client: AsyncClient, script: Script) -> None:
    script.failure = Reason.ARTIFACT_TOO_LARGE.error("At most 1 MB.")
    with pytest.raises(ResourceExhaustedError, match="At most 1 MB"):
        await async_client.artifacts.upload(CONTENT * 10)


def test_missing_file_is_an_os_error(client: Client, script: Script, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        client.artifacts.upload(tmp_path / "missing.png")
    with pytest.raises(FileNotFoundError):
        client.ask("?", [tmp_path / "missing.png"])
    assert script.requests == []


def test_attachments_of_every_kind(client: Client, script: Script, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a")
    stored = script.add(b"known")
    artifact = Artifact(script.add(b"other"), "", "", 5)
    assert list(client.run("?", [stored, artifact, ArtifactRef(stored), path, str(path), b"b"])) == []
    sent = list(script.requests[-1].messages[0].artifacts)
    written = [f"artifacts/{hashlib.sha256(content).hexdigest()}" for content in (b"a", b"a", b"b")]
    assert sent == [stored, artifact.name, stored, *written]


def test_download_to_a_path_replaces(client: Client, script: Script, tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_text("old")
    assert client.artifacts.download(script.add(CONTENT), target) == target
    assert target.read_bytes() == CONTENT
    assert parts(tmp_path) == ["out.bin"]
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_download_to_a_folder_never_overwrites(client: Client, script: Script, tmp_path: Path) -> None:
    name = script.add(b"sound", "../speech.wav", "audio/wav")
    saved = [client.artifacts.download(name, tmp_path).name for _ in range(3)]
    assert saved == ["speech.wav", "speech-1.wav", "speech-2.wav"]
    assert parts(tmp_path) == sorted(saved)
    assert "speech.wav" not in parts(tmp_path.parent)


def test_download_makes_a_folder_that_is_named_as_one(client: Client, script: Script, tmp_path: Path) -> None:
    name = script.add(b"sound", "speech.wav", "audio/wav")
    assert client.artifacts.download(name, f"{tmp_path}/new/folder/") == tmp_path / "new" / "folder" / "speech.wav"


def test_spoilt_download_leaves_nothing(client: Client, script: Script, tmp_path: Path) -> None:
    name = script.add(b"sound")
    script.spoilt = True
    with pytest.raises(InvalidArgumentError) as caught:
        client.artifacts.download(name, tmp_path / "out.bin")
    assert caught.value.reason == "HASH_MISMATCH"
    with pytest.raises(InvalidArgumentError):
        client.artifacts.read(name)
    assert parts(tmp_path) == []


def test_missing_artifact_leaves_nothing(client: Client, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        client.artifacts.download(NAME, tmp_path)
    assert parts(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        client.artifacts.download(NAME, tmp_path / "no" / "such.bin")


@pytest.mark.parametrize(
    ("file_name", "media_type", "expected"),
    [
        ("speech.wav", "audio/wav", "speech.wav"),
        ("/etc/passwd", "", "passwd"),
        ("..\\..\\evil.exe", "", "evil.exe"),
        (".bashrc", "", "bashrc"),
        ("a\nb\x1b.txt", "", "ab.txt"),
        ("..", "image/png", "2d711642b726.png"),
        ("", "audio/x-unknown-kind", "2d711642b726.bin"),
        ("ü" * 300 + ".png", "", "ü" * 100 + ".png"),
    ],
)
def test_file_names_are_made_safe(file_name: str, media_type: str, expected: str) -> None:
    assert safe_file_name(file_name, media_type, NAME) == expected
