"""Bounds on a real host: output files, results, and the memory that calls take for pictures."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from orchestrion.errors import InvalidArgumentError, Reason, ResourceExhaustedError
from orchestrion.inference import InferProgress
from orchestrion.values import ArtifactRef, Value
from tests.fuzz import hostile_media
from tests.rpc.host.hosts import running_host
from tests.rpc.host.vision import put

MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("setting", "reason"), [("max_output_bytes", Reason.ARTIFACT_TOO_LARGE), ("spool_bytes", Reason.STORAGE_FULL)]
)
async def test_output_files_are_bounded_alone_and_together(tmp_path: Path, setting: str, reason: Reason) -> None:
    settings: dict[str, Any] = {setting: 2 * MEGABYTE}
    async with running_host(tmp_path, **settings) as host:
        # What was written before is gone, so that there is room again.
        for _ in range(3):
            with pytest.raises(ResourceExhaustedError, match=setting) as caught:
                await host.client.infer("delay", text="x", output_bytes=float(4 * MEGABYTE))
            assert caught.value.reason == reason.name
            made = await host.client.infer("delay", text="x", output_bytes=float(2 * MEGABYTE - 1))
            assert isinstance(made.outputs["artifact"], ArtifactRef)


async def test_a_picture_that_takes_more_memory_than_there_is_is_refused_and_others_wait_for_it(tmp_path: Path) -> None:
    async with running_host(tmp_path, call_memory_bytes=24 * MEGABYTE) as host:

        async def edges(side: int) -> list[str]:
            image = put(host, hostile_media.png(side, side))
            events = host.client.events("opencv", {"image": image}, task_type="canny-control")
            return [event.message async for event in events if isinstance(event, InferProgress)]

        with pytest.raises(InvalidArgumentError, match=r"1,000 x 1,000 .* call_memory_bytes") as caught:
            await edges(1_000)
        assert caught.value.reason == Reason.INVALID_INPUT.name
        assert int(caught.value.metadata["needed_bytes"]) > int(caught.value.metadata["limit_bytes"])
        # Of 900 pixels a side, one fits at a time.
        assert len(await asyncio.gather(*(edges(900) for _ in range(4)))) == 4
        inputs: dict[str, Value] = {"image": put(host, hostile_media.png(1, 100_000))}
        with pytest.raises(InvalidArgumentError, match=r"1 x 100,000 .* at most 65,535"):
            await host.client.infer_with("opencv", inputs, task_type="canny-control")
