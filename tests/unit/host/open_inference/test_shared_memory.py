"""Regions of shared memory: off by default, bounded, and without harm where a client takes the object away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.errors import OrchestrionError
from orchestrion_host.open_inference.messages import Region
from orchestrion_host.open_inference.shared_memory import SharedMemory


@pytest.fixture
def key() -> Iterator[str]:
    path = Path(f"/dev/shm/orchestrion-test-{os.getpid()}")
    path.write_bytes(b"0123456789")
    yield f"/{path.name}"
    path.unlink(missing_ok=True)


def test_it_is_off_unless_the_operator_allows_it(key: str) -> None:
    with pytest.raises(OrchestrionError, match="allow_shared_memory") as caught:
        SharedMemory(allowed=False).register("a", key, 0, 10)
    assert caught.value.reason == "PERMISSION_DENIED"


def test_a_part_of_a_region_is_read_and_written(key: str) -> None:
    memory = SharedMemory(allowed=True)
    memory.register("a", key, 2, 6)
    assert memory.read(Region("a", 1, 3)) == b"345"
    assert memory.write(Region("a", 0, 4), b"xy") == 2
    assert Path(f"/dev/shm{key}").read_bytes() == b"01xy456789"
    memory.unregister()
    assert memory.regions() == {}


def test_an_object_that_was_shortened_is_an_error(key: str) -> None:
    memory = SharedMemory(allowed=True)
    memory.register("a", key, 0, 10)
    os.truncate(f"/dev/shm{key}", 4)
    with pytest.raises(OrchestrionError, match="was shortened"):
        memory.read(Region("a", 0, 10))
    memory.unregister("a")


@pytest.mark.parametrize(
    ("name", "other", "place", "words"),
    [
        ("", "/x", (0, 1), "name: is empty"),
        ("a", "/../etc/passwd", (0, 1), "no name of an object"),
        ("a", "..", (0, 1), "no name of an object"),
        ("a", "/surely-not-there", (0, 1), "cannot be opened"),
        ("a", "", (0, 1), "no name of an object"),
        ("a", None, (0, 11), "it has 10 bytes, and the region ends at 11"),
        ("a", None, (0, 0), "must be at least"),
    ],
)
def test_what_cannot_be_a_region_is_named(
    key: str, name: str, other: str | None, place: tuple[int, int], words: str
) -> None:
    memory = SharedMemory(allowed=True)
    with pytest.raises(OrchestrionError) as caught:
        memory.register(name, key if other is None else other, *place)
    assert words in caught.value.message
