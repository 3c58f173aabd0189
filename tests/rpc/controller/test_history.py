"""How much of a conversation a turn brings back."""

from __future__ import annotations

import pytest

from orchestrion import AsyncClient
from orchestrion.plans import Plan
from orchestrion_controller.pipeline import context
from orchestrion_controller.server import Controller
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.plans import wait


async def test_older_turns_are_brought_back_as_far_as_there_is_room_and_the_newest_always(
    client: AsyncClient, controller: Controller, start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start_host()
    runs: list[str] = []
    for number, size in enumerate((10, 200_000, 10, 10)):
        plan = Plan((wait("it", "x" * size),))
        runs.append((await client.ask(f"turn {number}", plan=plan, previous_run=runs[-1] if runs else "")).run)
    monkeypatch.setattr(context, "_LARGEST_HISTORY_BYTES", 100_000)
    stages = context.StageContext(controller._registry, controller._artifacts, controller._journal)

    async def turns(newest: str) -> list[str]:
        return [turn.messages[-1].text for turn in await stages.history(newest)]

    assert await turns(runs[3]) == ["turn 2", "turn 3"]
    assert await turns(runs[1]) == ["turn 1"]
    assert await turns(runs[0]) == ["turn 0"]
