"""Carries an evaluation out: a controller, the journal, the progress, and what Ctrl-C means."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrion._async.client import AsyncClient
from orchestrion.cli import exits
from orchestrion.errors import OrchestrionError
from orchestrion_evaluation.cli import progress
from orchestrion_evaluation.journal import OutcomeJournal, key_of
from orchestrion_evaluation.library import Library
from orchestrion_evaluation.outcomes import Outcome
from orchestrion_evaluation.planning import PlanningSettings, plan_all
from orchestrion_evaluation.samples import Sample
from orchestrion_evaluation.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Running:
    """What to carry out."""

    samples: Sequence[Sample]
    library: Library
    key_parts: Sequence[str]
    """What makes two evaluations the same: samples, tools, planner."""
    planner: str
    """`builtin`, `llm` or the name of a plug-in; empty for the controller's default."""
    concurrency: int
    timeout_s: float
    address: str | None
    """The controller; None starts one."""
    journal: Path
    restart: bool
    plain: bool
    """Whether progress is told in lines, also on a terminal."""


def run(running: Running) -> list[Outcome]:
    """Plans what is not planned yet and returns all outcomes, in the order of the samples.

    Raises:
        OrchestrionError: The controller does not answer, or refuses the requests as such.
        KeyboardInterrupt: Ctrl-C or SIGTERM; what is done is in the journal, and the person is told how to go on.
    """
    with OutcomeJournal(running.journal, key_of(running.key_parts), restart=running.restart) as journal:
        samples = dict(enumerate(running.samples))
        missing = {number: sample for number, sample in samples.items() if number not in journal.done}
        if kept := len(samples) - len(missing):
            exits.tell(f"{kept} of {len(samples)} requests are planned already; --restart plans them anew.")
        if missing:
            _plan(running, journal, missing)
        return [journal.done[number] for number in samples]


def _plan(running: Running, journal: OutcomeJournal, missing: dict[int, Sample]) -> None:
    total = len(running.samples)
    settings = PlanningSettings(running.planner, running.concurrency, running.timeout_s)
    try:
        with (
            _controller(running.address) as address,
            progress.choose(total, total - len(missing), plain=running.plain) as bar,
        ):

            def took(number: int, outcome: Outcome) -> None:
                # A line of a few hundred bytes, to the system's cache: nothing that other requests would wait for.
                journal.add(number, outcome)
                bar.advance(failed=bool(outcome.reason))

            async def plan() -> None:
                async with AsyncClient(address, wait_when_full=True) as client, _ended_by_sigterm():
                    await plan_all(client, missing, Toolbox(running.library), settings, took)

            asyncio.run(plan())
    except (KeyboardInterrupt, OrchestrionError):
        done = sum(number in journal.done for number in range(total))
        exits.tell(f"Stopped after {done} of {total} requests; the same command goes on from there.")
        raise


@contextlib.asynccontextmanager
async def _ended_by_sigterm() -> AsyncIterator[None]:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    terminated = False

    def terminate() -> None:
        nonlocal terminated
        terminated = True
        if task is not None:
            task.cancel()

    loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        yield
    except asyncio.CancelledError as error:
        if terminated:
            raise exits.Terminated from error
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


@contextlib.contextmanager
def _controller(address: str | None) -> Iterator[str]:
    if address is not None:
        yield address
        return
    from orchestrion._processes import platform

    exits.tell("Starting a private controller …")
    with platform.embedded_controller() as own:
        yield own
