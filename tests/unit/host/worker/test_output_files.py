"""Output files: bounded while they are written, gone when their call fails, told of by name when there is no room."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.errors import Reason, ResourceExhaustedError
from orchestrion_host import ipc
from orchestrion_host.worker.output_files import OutputFile, Spool, SpoolLimits
from tests.unit.host.worker.calls import file_of

MEGABYTE = 1 << 20


def pieces(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield bytes(MEGABYTE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "root" / "worker-1"
    made.mkdir(parents=True)
    return made


def save(file: OutputFile) -> None:
    file.write(b"one")
    file.write(b" two")


def fill(path: Path) -> None:
    path.write_bytes(b"one two")


def test_a_file_is_hashed_on_the_way(folder: Path) -> None:
    spool = Spool(folder)
    made = [
        spool.write([b"one ", b"two"], "text/plain", "a.txt"),
        spool.write([b" two"], "text/plain", "a.txt", header=lambda size: b"one" if size else b"???"),
        spool.save(save, "text/plain", "a.txt"),
        spool.fill(fill, "text/plain", "a.txt"),
    ]
    digest = hashlib.sha256(b"one two").hexdigest()
    for value in made:
        media = ipc.media_of(value)
        assert media is not None
        assert (media.size_bytes, media.sha256) == (7, digest)
        assert file_of(value).read_bytes() == b"one two"


@pytest.mark.parametrize("header", [None, lambda _size: b"head"])
def test_a_file_that_becomes_too_large_is_refused_and_gone(folder: Path, header: object) -> None:
    spool = Spool(folder, SpoolLimits(file_bytes=3 * MEGABYTE))
    with pytest.raises(ResourceExhaustedError, match="max_output_bytes") as caught:
        spool.write(pieces(4), "audio/wav", "x.wav", header=header)  # type: ignore[arg-type]
    assert caught.value.reason == Reason.ARTIFACT_TOO_LARGE.name

    def fill_too_much(path: Path) -> None:
        path.write_bytes(bytes(4 * MEGABYTE))

    with pytest.raises(ResourceExhaustedError, match="max_output_bytes"):
        spool.fill(fill_too_much, "video/mp4", "x.mp4")
    assert list(folder.iterdir()) == []


def test_all_files_of_a_host_together_are_bounded(folder: Path) -> None:
    spool = Spool(folder, SpoolLimits(total_bytes=4 * MEGABYTE, root=folder.parent))
    taken = folder.parent / "taken"
    taken.mkdir()
    (taken / "1").write_bytes(bytes(2 * MEGABYTE))
    spool.write(pieces(1), "audio/wav", "x.wav")
    with pytest.raises(ResourceExhaustedError, match="spool_bytes") as caught:
        spool.write([bytes(2 * MEGABYTE)], "audio/wav", "x.wav")
    assert caught.value.reason == Reason.STORAGE_FULL.name
    (taken / "1").unlink()
    spool.write([bytes(2 * MEGABYTE)], "audio/wav", "x.wav")


def test_what_a_failed_call_wrote_is_removed_and_nothing_of_others(folder: Path) -> None:
    spool = Spool(folder)
    failed, other = spool.for_call(), spool.for_call()
    for call in (failed, other, failed):
        call.write([b"x"], "text/plain", "x.txt")
    failed.discard()
    assert [path.name for path in folder.iterdir()] == ["2"]


@pytest.mark.parametrize(("number", "error"), [(errno.ENOSPC, ResourceExhaustedError), (errno.EACCES, PermissionError)])
def test_a_full_disk_has_a_name(folder: Path, number: int, error: type[Exception]) -> None:
    def write(path: Path) -> None:
        path.write_bytes(b"begun")
        raise OSError(number, os.strerror(number))

    with pytest.raises(error) as caught:
        Spool(folder).fill(write, "video/mp4", "x.mp4")
    assert getattr(caught.value, "reason", "STORAGE_FULL") == Reason.STORAGE_FULL.name
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system, which needs root")
def test_a_small_shared_memory_that_is_full_has_a_name(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        folder = tmp_path / "root" / "worker-1"
        folder.mkdir(parents=True)
        with pytest.raises(ResourceExhaustedError, match="no room for output files"):
            Spool(folder).write(pieces(3), "audio/wav", "x.wav")
        assert list(folder.iterdir()) == []
        Spool(folder).write(pieces(1), "audio/wav", "x.wav")
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
