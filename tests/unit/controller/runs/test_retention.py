"""What retention removes, and what it leaves: live runs, conversations, and artifacts that something kept refers to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from orchestrion import names
from orchestrion._codec import codec
from orchestrion.errors import NotFoundError
from orchestrion.events import Event, RunStarted, Stage
from orchestrion.runs import Message, Run, RunKind, RunState
from orchestrion_controller.artifacts.artifacts import OwnedArtifacts
from orchestrion_controller.artifacts.store import LocalStore
from orchestrion_controller.database.database import Database
from orchestrion_controller.database.schema import ARTIFACTS, EVENTS, RUN_ARTIFACTS, RUNS
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.runs.journal import Journal
from orchestrion_controller.runs.retention import Retention, RetentionPolicy
from orchestrion_controller.runs.runs import RunLimits, RunSupervisor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)

DAY_MS = 86_400_000
NOW_MS = time.time_ns() // 1_000_000


@dataclass
class Shelf:
    """Runs and artifacts of any age, and retention over them."""

    database: Database
    journal: Journal
    artifacts: OwnedArtifacts
    enforce: Callable[[RetentionPolicy], object]

    async def run(self, name: str, *, days: float | None, of: tuple[str, ...] = (), previous: str = "") -> None:
        """Writes a run that ended so many days ago, None for one that goes on, with artifacts in its first event."""
        row = Run(f"runs/{name}", RunKind.FULL, RunState.RUNNING, datetime.now(UTC), previous_run=previous)
        self.journal.create(row, "", b"", lambda _: None)
        message = Message("look", artifacts=tuple(of))
        event = Event(row.name, 1, datetime.now(UTC), Stage.PLAN, RunStarted(RunKind.FULL, (message,)))
        self.journal.append(codec.encode(event))
        ended = {"end_ms": NOW_MS - round(days * DAY_MS), "state": 3} if days is not None else {"state": 2}
        await self.database.commit(update(RUNS).where(RUNS.c.name == row.name).values(**ended), {})

    async def artifact(self, content: bytes, *, days: float) -> str:
        """Stores an artifact that was used last so many days ago, and returns its name."""

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        artifact = await self.artifacts.add(chunks(), "", "")
        used = {"use_ms": NOW_MS - round(days * DAY_MS)}
        statement = update(ARTIFACTS).where(ARTIFACTS.c.id == artifact.name.removeprefix("artifacts/")).values(**used)
        await self.database.commit(statement, {})
        return artifact.name

    async def kept_runs(self) -> set[str]:
        return {run.name.removeprefix("runs/") for run in await self.journal.list(100, None)}

    async def kept_artifacts(self) -> set[str]:
        return {artifact.name for artifact in await self.artifacts.list(100, None)}


@pytest.fixture
def shelf(database: Database, tmp_path: Path, metrics: ControllerMetrics) -> Shelf:
    journal = Journal(database)
    artifacts = OwnedArtifacts(LocalStore(tmp_path / "artifacts", 1 << 20), database, metrics)
    runs = RunSupervisor(journal, metrics, RunLimits(10, 0, 0))

    def enforce(policy: RetentionPolicy) -> object:
        return Retention(policy, runs, artifacts, metrics).enforce()

    return Shelf(database, journal, artifacts, enforce)


async def enforce(shelf: Shelf, policy: RetentionPolicy) -> None:
    work = shelf.enforce(policy)
    assert asyncio.iscoroutine(work)
    await work


async def test_by_age_old_runs_go_with_what_they_alone_refer_to(shelf: Shelf, metrics: ControllerMetrics) -> None:
    shared = await shelf.artifact(b"shared", days=40)
    alone = await shelf.artifact(b"of the old run alone", days=40)
    nobody = await shelf.artifact(b"of nobody, old", days=40)
    fresh = await shelf.artifact(b"of nobody, new", days=1)
    await shelf.run("old", days=35, of=(shared, alone))
    await shelf.run("new", days=2, of=(shared,))
    await shelf.run("live", days=None)

    await enforce(shelf, RetentionPolicy(runs_days=30))

    assert await shelf.kept_runs() == {"new", "live"}
    assert await shelf.kept_artifacts() == {shared, fresh}
    assert [event async for event in _chunks(shelf, shared)] == [b"shared"]
    for name in (alone, nobody):
        with pytest.raises(NotFoundError):
            await shelf.artifacts.get(name)
    # Nothing of the run is left in any table.
    for table, column in ((EVENTS, EVENTS.c.run), (RUN_ARTIFACTS, RUN_ARTIFACTS.c.run)):
        query = select(column).select_from(table).where(column == "runs/old")
        assert await shelf.database.read(lambda connection, query=query: connection.execute(query).all()) == []  # type: ignore[misc]  # Lambdas with defaults are not inferred.
    value = metrics.registry.get_sample_value
    assert value("orchestrion_controller_expired_total", {"kind": "run"}) == 1
    assert value("orchestrion_controller_expired_total", {"kind": "artifact"}) == 2


async def test_a_conversation_stays_as_long_as_its_last_turn(shelf: Shelf) -> None:
    await shelf.run("first", days=90)
    await shelf.run("second", days=80, previous="runs/first")
    await shelf.run("third", days=1, previous="runs/second")
    await shelf.run("gone1", days=90)
    await shelf.run("gone2", days=80, previous="runs/gone1")

    await enforce(shelf, RetentionPolicy(runs_days=30))

    assert await shelf.kept_runs() == {"first", "second", "third"}


async def test_by_count_the_newest_stay(shelf: Shelf) -> None:
    for number in range(8):
        await shelf.run(f"r{number}", days=number)
    await shelf.run("live", days=None)

    await enforce(shelf, RetentionPolicy(runs_count=3))

    assert await shelf.kept_runs() == {"r0", "r1", "r2", "live"}


async def test_by_size_unused_artifacts_go_first_and_then_old_runs_with_theirs(shelf: Shelf) -> None:
    of = [await shelf.artifact(bytes([number]) * 1_000, days=number + 1) for number in range(4)]
    unused = await shelf.artifact(b"u" * 1_000, days=0.5)
    just_now = await shelf.artifact(b"n" * 1_000, days=0)
    for number, artifact in enumerate(of):
        await shelf.run(f"r{number}", days=number + 0.5, of=(artifact,))
    await shelf.run("bare", days=50)
    await shelf.run("live", days=None, of=(of[3],))

    await enforce(shelf, RetentionPolicy(artifact_bytes=5_000))
    assert await shelf.kept_artifacts() == {*of, just_now}
    assert unused not in await shelf.kept_artifacts()

    await enforce(shelf, RetentionPolicy(artifact_bytes=100))
    # What was used just now stays, and so does what a run refers to that goes on; so do runs without artifacts.
    assert await shelf.kept_artifacts() == {of[3], just_now}
    assert await shelf.kept_runs() == {"bare", "live"}


async def test_content_that_is_stored_again_is_as_if_new(shelf: Shelf) -> None:
    name = await shelf.artifact(b"again", days=90)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"again"

    assert (await shelf.artifacts.add(chunks(), "", "")).name == name
    other = await shelf.artifact(b"asked for", days=90)
    await shelf.artifacts.get(other)

    await enforce(shelf, RetentionPolicy(runs_days=30))

    assert await shelf.kept_artifacts() == {name, other}


async def test_a_run_that_begins_meanwhile_keeps_what_it_goes_on_from(shelf: Shelf) -> None:
    """The last look is within the deletion itself: whatever was queued before it counts."""
    await shelf.run("old", days=90)
    name = await shelf.artifact(b"kept", days=90)
    removing = asyncio.gather(shelf.journal.expire(10, before_ms=NOW_MS), shelf.artifacts.collect(NOW_MS, 10))
    # Queued now, before either has read which are old.
    await shelf.database.commit(
        insert(RUNS),
        {"name": "runs/next", "kind": 1, "state": 2, "create_ms": NOW_MS, "previous_run": "runs/old"},
    )
    reference = {"run": "runs/next", "artifact": name.removeprefix("artifacts/")}
    shelf.database.write(insert(RUN_ARTIFACTS), reference, lambda _: None)
    expired, _ = await removing
    kept = await shelf.kept_runs()
    assert ("old" in kept) == (not expired)
    assert "next" in kept


def test_what_is_said_of_runs_that_are_not_there(database_url: str) -> None:
    del database_url
    assert RetentionPolicy().note == ""
    note = RetentionPolicy(runs_days=30, runs_count=1_000).note
    assert "for 30 days (keep_runs_days) and up to 1000 (keep_runs_count): it may have been removed" in note


async def _chunks(shelf: Shelf, name: str) -> AsyncIterator[bytes]:
    assert names.is_artifact(name)
    async for chunk in shelf.artifacts.read(await shelf.artifacts.get(name)):
        yield chunk
