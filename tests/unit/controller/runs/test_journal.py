"""Runs and events written to a real database and read back."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from orchestrion._codec import codec
from orchestrion.errors import NotFoundError, OrchestrionError
from orchestrion.events import Event, RunStarted, Stage, StageStarted
from orchestrion.runs import Message, Run, RunKind, RunState
from orchestrion_controller.database.database import Database
from orchestrion_controller.database.schema import RUNS
from orchestrion_controller.runs.journal import Journal
from tests.unit.controller.conftest import HoldWrites

pytestmark = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)

START = datetime(2026, 1, 1, tzinfo=UTC)


def run(name: str, *, minute: int = 0, state: RunState = RunState.RUNNING) -> Run:
    return Run(f"runs/{name}", RunKind.FULL, state, START + timedelta(minutes=minute))


def none(error: OrchestrionError | None) -> None:
    assert error is None


async def ended(journal: Journal, name: str, state: RunState = RunState.SUCCEEDED) -> None:
    """Ends a run, and waits until that and all before it is written."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    journal.end(name, state, lambda error: done.set_exception(error) if error else done.set_result(None))
    await done


def append(journal: Journal, name: str, *sequences: int) -> None:
    for sequence in sequences:
        payload = RunStarted(RunKind.FULL) if sequence == 1 else StageStarted(str(sequence))
        journal.append(codec.encode(Event(name, sequence, START, Stage.PLAN, payload)), none)


async def test_a_run_comes_back_as_it_was_written(journal: Journal) -> None:
    written = dataclasses.replace(
        run("a"), deadline_time=START + timedelta(seconds=1.5), previous_run="runs/b", kind=RunKind.EXECUTE
    )
    journal.create(written, "", b"", none)
    await ended(journal, "runs/other")
    assert await journal.get("runs/a") == written
    await ended(journal, "runs/a", RunState.CANCELLED)
    stored = await journal.get("runs/a")
    assert stored.state is RunState.CANCELLED
    assert stored.end_time is not None


async def test_a_run_that_does_not_exist(journal: Journal) -> None:
    with pytest.raises(NotFoundError, match="There is no run 'runs/none'") as caught:
        await journal.get("runs/none")
    assert (caught.value.reason, caught.value.field) == ("RUN_NOT_FOUND", "name")
    assert list(await journal.events("runs/none", 0)) == []
    assert await journal.last_sequence("runs/none") == 0


async def test_events_are_read_in_pages(journal: Journal) -> None:
    journal.create(run("a"), "", b"", none)
    append(journal, "runs/a", *range(1, 1_101))
    append(journal, "runs/b", 1, 2)
    await ended(journal, "runs/a")
    sequences: list[int] = []
    while page := await journal.events("runs/a", sequences[-1] if sequences else 0):
        assert len(page) <= 500
        sequences += [event.sequence for event in page]
    assert sequences == list(range(1, 1_101))
    assert await journal.last_sequence("runs/a") == 1_100
    assert codec.decode((await journal.events("runs/b", 1))[0], Event).payload == StageStarted("2")


async def test_a_page_of_large_events_is_short(journal: Journal) -> None:
    journal.create(run("a"), "", b"", none)
    large = "x" * 400_000
    for sequence, text in enumerate(("small", large, large, large, "small", 4 * large, "small"), start=1):
        event = Event("runs/a", sequence, None, Stage.PLAN, StageStarted(text))
        journal.append(codec.encode(event))
    await ended(journal, "runs/a")
    pages: list[list[int]] = []
    while page := await journal.events("runs/a", pages[-1][-1] if pages else 0):
        pages.append([event.sequence for event in page])
    assert pages == [[1, 2, 3], [4, 5], [6], [7]]


async def test_lists_have_the_beginnings_of_the_newest_messages_and_read_no_events(journal: Journal) -> None:
    messages = tuple(Message(f"{number} " + "x" * 500, artifacts=("artifacts/a",) * 20) for number in range(8))
    journal.create(run("a"), "", b"", none, messages=messages)
    await ended(journal, "runs/none")
    (listed,) = await journal.list(10, None)
    assert [message.text for message in listed.messages] == [message.text[:200] for message in messages[3:]]
    assert {len(message.artifacts) for message in listed.messages} == {16}


async def test_runs_are_listed_newest_first(journal: Journal) -> None:
    # Two of them are of the same moment: their names decide, and no page loses one.
    for name, minute in (("a", 0), ("b", 2), ("c", 1), ("d", 2), ("e", 3)):
        journal.create(run(name, minute=minute), "", b"", none)
    await ended(journal, "runs/none")
    expected = ["runs/e", "runs/d", "runs/b", "runs/c", "runs/a"]
    assert [item.name for item in await journal.list(10, None)] == expected
    paged: list[str] = []
    before: tuple[int, str] | None = None
    while page := await journal.list(1, before):
        (listed,) = page
        assert listed.create_time is not None
        paged.append(listed.name)
        before = (round(listed.create_time.timestamp() * 1000), listed.name)
    assert paged == expected


async def test_a_short_run_ends_though_another_run_ends_just_before_it_begins(
    journal: Journal, hold_writes: HoldWrites
) -> None:
    journal.create(run("first"), "", b"", none)
    await ended(journal, "runs/none")
    with hold_writes():
        # The writer waits with this, and all that follows goes into one commit.
        append(journal, "runs/held", 1)
        await asyncio.sleep(0)
        journal.end("runs/first", RunState.FAILED, none)
        for number in range(20):
            journal.create(run(f"short{number}"), "", b"", none)
            append(journal, f"runs/short{number}", 1, 2)
            journal.end(f"runs/short{number}", RunState.SUCCEEDED, none)
    await ended(journal, "runs/none")
    assert (await journal.get("runs/first")).state is RunState.FAILED
    for number in range(20):
        assert (await journal.get(f"runs/short{number}")).state is RunState.SUCCEEDED
        assert await journal.last_sequence(f"runs/short{number}") == 2
    assert list(await journal.unfinished()) == []


async def test_a_request_id_finds_its_run(journal: Journal) -> None:
    journal.create(run("a"), "once", b"", none)
    journal.create(run("b"), "", b"", none)
    journal.create(run("c"), "", b"", none)
    await ended(journal, "runs/a")
    assert await journal.find_request("once") == "runs/a"
    assert await journal.find_request("twice") is None
    assert await journal.find_request("") is None


async def test_a_run_is_deleted_with_its_events(journal: Journal) -> None:
    for name in ("a", "b"):
        journal.create(run(name), name, b"", none)
        append(journal, f"runs/{name}", 1, 2)
    await journal.delete("runs/a")
    assert [item.name for item in await journal.list(10, None)] == ["runs/b"]
    assert await journal.last_sequence("runs/a") == 0
    assert await journal.last_sequence("runs/b") == 2
    assert await journal.find_request("a") is None


async def test_lists_tell_that_a_run_awaits_approval_and_never_after_its_end(journal: Journal) -> None:
    """Given marks and ends that may be committed together, in whatever order, an end stays one."""
    for name in ("a", "b", "c"):
        journal.create(run(name), "", b"", none)
    journal.mark("runs/c", RunState.AWAITING_APPROVAL, none)
    journal.end("runs/a", RunState.SUCCEEDED, none)
    journal.mark("runs/b", RunState.AWAITING_APPROVAL, none)
    journal.mark("runs/b", RunState.RUNNING, none)
    await ended(journal, "runs/b")
    states = {item.name: item.state for item in await journal.list(10, None)}
    assert states == {
        "runs/a": RunState.SUCCEEDED, "runs/b": RunState.SUCCEEDED, "runs/c": RunState.AWAITING_APPROVAL,
    }  # fmt: skip


async def test_what_an_earlier_process_left_unfinished_is_read_with_its_request_until_it_ends(
    journal: Journal, database: Database
) -> None:
    for name, minute in (("waiting", 1), ("going", 0)):
        journal.create(run(name, minute=minute), f"call of {name}", f"request of {name}".encode(), none)
    journal.create(run("over"), "", b"request", none)
    await ended(journal, "runs/over")
    await journal.count_resume("runs/going")

    going, waiting = await journal.unfinished()

    assert (going.row.name, going.request, going.request_id) == ("runs/going", b"request of going", "call of going")
    assert (going.resume_count, waiting.resume_count) == (1, 0)
    await ended(journal, "runs/going")
    assert [left.row.name for left in await journal.unfinished()] == ["runs/waiting"]
    kept = await database.read(lambda connection: connection.execute(select(RUNS.c.name, RUNS.c.request)).all())
    assert dict(map(tuple, kept)) == {"runs/going": None, "runs/over": None, "runs/waiting": b"request of waiting"}


async def test_nothing_unfinished(journal: Journal) -> None:
    assert list(await journal.unfinished()) == []
