"""Hostile files on a real host: a named error each, within bounded memory of the worker, which goes on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from PIL import Image

from orchestrion.errors import InvalidArgumentError, OrchestrionError, Reason
from orchestrion.values import ArtifactRef, Value
from tests.fuzz import hostile_media
from tests.fuzz.hostile_media import PICTURES, SOUNDS
from tests.rpc.host.hosts import RunningHost, running_host
from tests.rpc.host.vision import put

pytestmark = [pytest.mark.fuzz, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

MEGABYTE: Final = 1 << 20
BUDGET: Final = 320 * MEGABYTE
# What an expert that looks at pages of any size takes by itself for its networks, and the heap's own.
SLACK: Final = 80 * MEGABYTE

LOOKS: Final[dict[str, tuple[str, str, dict[str, Value]]]] = {
    "edges": ("opencv", "canny-control", {}),
    "blur": ("opencv", "image-to-image", {"operation": "blur"}),
    "greyscale": ("opencv", "image-to-image", {"operation": "greyscale"}),
    "enlarging": ("opencv", "image-to-image", {"operation": "upscale"}),
    "faces": ("opencv-faces", "object-detection", {}),
    "soft edges": ("opencv-controls", "hed-control", {}),
    "things": ("ssd-mobilenet-coco", "object-detection", {}),
    "reading": ("rapidocr", "image-to-text", {}),
}


@dataclass
class WatchedHost:
    """A host whose worker may take this much for the media of calls, and what that worker has taken at its peak."""

    running: RunningHost

    def begin(self) -> int:
        """Forgets the peak, and returns what the worker holds."""
        pid = self.running.worker_pid("engine@cpu")
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        return status_bytes(pid, "VmRSS")

    def peak_bytes(self) -> int:
        """Returns the peak since then."""
        return status_bytes(self.running.worker_pid("engine@cpu"), "VmHWM")

    async def call(self, look: str, content: bytes, name: str = "x.png") -> dict[str, Value]:
        expert, task_type, inputs = LOOKS[look]
        image: Value = put(self.running, content, name)
        outputs = await self.running.client.infer_with(
            expert, {"image": image, **inputs}, task_type=task_type, timeout=300
        )
        return dict(outputs.outputs)

    async def problem_of(self, look: str, content: bytes) -> OrchestrionError | None:
        """Calls, and returns the error that the call ends with."""
        try:
            await self.call(look, content)
        except OrchestrionError as error:
            return error
        return None


def status_bytes(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:"))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WatchedHost]:
    home = tmp_path_factory.mktemp("host")
    async with running_host(home, call_memory_bytes=BUDGET, profile="full") as running:
        watched = WatchedHost(running)
        good = hostile_media.saved(hostile_media.small().resize((640, 480)), "PNG")
        for look in LOOKS:
            await watched.call(look, good)
        yield watched


@pytest.mark.parametrize("look", ["edges", "reading"])
@pytest.mark.parametrize("what", PICTURES)
async def test_hostile_pictures_are_refused_by_name(host: WatchedHost, what: str, look: str) -> None:
    make, said = PICTURES[what]
    content = make()
    before = host.begin()
    if said or look == "reading":
        with pytest.raises(InvalidArgumentError) as caught:
            await host.call(look, content)
        assert caught.value.reason == Reason.INVALID_INPUT.name
        assert caught.value.metadata["field"] == "inputs.image"
        assert re.search(said, caught.value.message), caught.value.message
    else:
        await host.call(look, content)
    assert host.peak_bytes() - before < SLACK


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("look", LOOKS)
async def test_large_pictures_are_computed_within_the_budget_or_refused(
    host: WatchedHost, look: str, channels: int
) -> None:
    refused: list[bool] = []
    for side in (1_000, 2_600, 9_990):
        content = hostile_media.png(side, side, channels)
        before = host.begin()
        problem = await host.problem_of(look, content)
        if problem is not None:
            assert problem.reason == Reason.INVALID_INPUT.name, problem.message
            assert re.search(rf"{side:,} x {side:,} .*call_memory_bytes", problem.message), problem.message
        refused.append(problem is not None)
        assert host.peak_bytes() - before < BUDGET + SLACK, side
    assert refused == sorted(refused)
    assert (refused[0], refused[-1]) == (False, True)


async def test_calls_wait_for_memory_that_others_take(host: WatchedHost) -> None:
    # Each of them takes more than half of the budget.
    content = hostile_media.png(2_600, 2_600)
    before = host.begin()
    calls = [host.call(look, content) for look in ("edges", "greyscale", "faces", "things", "edges")]
    assert len(await asyncio.gather(*calls)) == 5
    assert host.peak_bytes() - before < BUDGET + SLACK


@pytest.mark.parametrize("expert", ["sound-tools", "pocketsphinx"])
@pytest.mark.parametrize("what", SOUNDS)
async def test_hostile_sounds_are_refused_by_name(host: WatchedHost, what: str, expert: str) -> None:
    make, said = SOUNDS[what]
    audio = put(host.running, make(), "x.wav")
    inputs: dict[str, Value] = {"audio": audio}
    if expert == "sound-tools":
        inputs["gain_db"] = 3.0
    before = host.begin()
    with pytest.raises(InvalidArgumentError, match=said) as caught:
        await host.running.client.infer_with(expert, inputs)
    assert caught.value.metadata["field"] == "inputs.audio"
    # The expert may have been loaded for it.
    assert host.peak_bytes() - before < SLACK + 100 * MEGABYTE


async def test_an_hour_of_silence_is_changed_piece_by_piece(host: WatchedHost) -> None:
    audio = put(host.running, hostile_media.flac(3600), "x.flac")
    await host.running.client.infer_with("sound-tools", {"audio": audio, "gain_db": 3.0})
    before = host.begin()
    done = await host.running.client.infer_with("sound-tools", {"audio": audio, "gain_db": 6.0})
    assert isinstance(done.outputs["audio"], ArtifactRef)
    assert host.peak_bytes() - before < SLACK


async def test_a_picture_that_is_something_else_as_well_is_a_picture(host: WatchedHost) -> None:
    content = hostile_media.saved(hostile_media.small(), "JPEG") + b"PK\x03\x04<script>alert(1)</script>%PDF-1.7"
    made = await host.call("greyscale", content, "x.pdf")
    assert isinstance(made["image"], ArtifactRef)
    stored = host.running.controller.artifacts.contents[made["image"].name]
    assert b"script" not in stored
    assert b"PDF" not in stored


async def test_the_worker_is_the_same_after_all_that(host: WatchedHost) -> None:
    assert await host.running.metric("orchestrion_host_worker_restarts_total") == 0
    image = Image.new("RGB", (64, 64), "white")
    assert "text" in await host.call("reading", hostile_media.saved(image, "PNG"))
