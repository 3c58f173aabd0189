"""A planner and a responder of another package over gRPC, chosen by name or by setting."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion import AsyncClient
from orchestrion.errors import InvalidArgumentError
from orchestrion.events import AnswerFinished, PlanFinished, StageStarted
from tests.rpc.controller.conftest import StartController
from tests.rpc.controller.plans import collect, payloads

PACKAGE = """
from orchestrion.events import AnswerText, PlanFinished
from orchestrion.plans import Plan

class Shrug:
    name = "shrug"

    async def plan(self, request):
        yield PlanFinished(Plan((), f"{request.messages[-1].text} Nothing to do."))

class Shout:
    name = "shout"

    async def respond(self, request):
        yield AnswerText(request.plan.no_task_reason.upper())
"""


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Installs a package with both into a folder on the path."""
    folder = tmp_path / "site"
    (info := folder / "shrugging-1.0.dist-info").mkdir(parents=True)
    (folder / "shrugging.py").write_text(PACKAGE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shrugging\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[orchestrion.planners]\nshrug = shrugging:Shrug\n[orchestrion.responders]\nshout = shrugging:Shout\n"
    )
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()
    yield
    sys.modules.pop("shrugging", None)


async def test_a_request_chooses_them_by_name(client: AsyncClient) -> None:
    events = await collect(client.run("Well?", planner="shrug", responder="shout"))
    assert [started.performer for started in payloads(events, StageStarted)] == ["shrug", "shout"]
    assert [finished.plan.no_task_reason for finished in payloads(events, PlanFinished)] == ["Well? Nothing to do."]
    assert [answer.text for answer in payloads(events, AnswerFinished)] == ["WELL? NOTHING TO DO."]


async def test_a_setting_makes_one_the_default(start_controller: StartController) -> None:
    controller = await start_controller(planner="shrug")
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        events = await collect(client.plan("Well?"))
    assert [started.performer for started in payloads(events, StageStarted)] == ["shrug"]


async def test_a_name_that_nobody_has_is_refused_with_those_that_there_are(client: AsyncClient) -> None:
    with pytest.raises(InvalidArgumentError, match=r"planner: there is no 'oracle'; this server has builtin, shrug\."):
        await collect(client.plan("Well?", planner="oracle"))
