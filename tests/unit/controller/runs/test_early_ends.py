"""Runs that are cancelled before their first step: they end like any other."""

from __future__ import annotations

import asyncio

import pytest

from orchestrion.errors import DeadlineExceededError
from orchestrion.runs import OnDetach, RunKind, RunOptions, RunState
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.runs.journal import Journal
from orchestrion_controller.runs.log import RunLog
from orchestrion_controller.runs.runs import RunLimits, RunSupervisor


@pytest.fixture
def runs(journal: Journal, metrics: ControllerMetrics) -> RunSupervisor:
    return RunSupervisor(journal, metrics, RunLimits(1, 0, 1_000))


async def never(run: str, log: RunLog) -> None:
    raise AssertionError("a run that was cancelled before it began does nothing")


async def forever(run: str, log: RunLog) -> None:
    await asyncio.Event().wait()


async def test_a_run_that_is_cancelled_at_once_ends_and_makes_room_for_the_next(runs: RunSupervisor) -> None:
    for _ in range(2):
        name = await runs.start(RunKind.SELECT, never, request=b"", options=RunOptions(OnDetach.CONTINUE))
        run = await runs.cancel(name)
        assert (run.state, run.error and run.error.reason) == (RunState.CANCELLED, "CANCELLED")
        assert [event.sequence async for event in runs.watch(name)] == [1, 2]


async def test_a_run_whose_deadline_has_passed_ends_with_that(runs: RunSupervisor) -> None:
    name = await runs.start(RunKind.SELECT, forever, request=b"", deadline_s=0.0)
    with pytest.raises(DeadlineExceededError):
        async for _ in runs.watch(name, raise_error=True):
            pass
