"""A run's log over a real database: what readers see, when, and in which order."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrion._codec import codec
from orchestrion.errors import InternalError, OrchestrionError, UnavailableError
from orchestrion.events import AnswerText, Event, Payload, Stage, StageStarted, TaskPreview, TaskProgress, TaskText
from orchestrion.v1 import events_pb2
from orchestrion_controller.database.database import Database
from orchestrion_controller.runs.journal import Journal
from orchestrion_controller.runs.log import COALESCE_S, RunLog
from tests.unit.controller.conftest import Clock, HoldWrites

RUN = "runs/a"
KEPT = 64


@pytest.fixture
def log(journal: Journal) -> RunLog:
    return RunLog(RUN, journal)


def numbered(name: str) -> Payload:
    return StageStarted(name)


def progress(message: str) -> Payload:
    return TaskProgress("task", message=message)


def word_of(event: events_pb2.Event) -> str:
    """Says what an event says, in one word."""
    payload = codec.decode(event, Event).payload
    match payload:
        case StageStarted(performer=word) | TaskProgress(message=word) | AnswerText(text=word) | TaskText(text=word):
            return word
        case TaskPreview(content=content):
            return content.decode()
    raise AssertionError(payload)


async def read(log: RunLog, after: int = 0) -> list[str]:
    return [word_of(event) async for event in log.read(after)]


async def read_numbers(log: RunLog, after: int = 0) -> list[int]:
    return [event.sequence async for event in log.read(after)]


def start(log: RunLog, after: int = 0) -> asyncio.Task[list[str]]:
    return asyncio.get_running_loop().create_task(read(log, after))


def on_disk(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [number for (number,) in connection.execute("SELECT sequence FROM events ORDER BY sequence")]


async def settle() -> None:
    """Lets every task run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_events_are_numbered_without_gaps_and_carry_run_stage_and_time(log: RunLog) -> None:
    for stage in (Stage.UNSPECIFIED, Stage.PLAN, Stage.EXECUTE):
        log.append(stage, numbered(stage.name))
    assert log.last_sequence == 3
    log.close()
    decoded = [codec.decode(event, Event) async for event in log.read(0)]
    assert [(event.run, event.sequence, event.stage) for event in decoded] == [
        (RUN, 1, Stage.UNSPECIFIED),
        (RUN, 2, Stage.PLAN),
        (RUN, 3, Stage.EXECUTE),
    ]
    assert all(event.time is not None for event in decoded)


async def test_an_event_is_seen_once_it_is_committed(log: RunLog, path: Path, hold_writes: HoldWrites) -> None:
    reading = start(log)
    with hold_writes():
        log.append(Stage.PLAN, numbered("one"))
        log.append(Stage.PLAN, progress("half"))
        log.append(Stage.PLAN, numbered("two"))
        log.close()
        await settle()
        assert log.events() == []
        assert not reading.done()
        assert on_disk(path) == []
    assert await reading == ["one", "half", "two"]
    assert on_disk(path) == [1, 2]


async def test_what_a_reader_sees_is_on_disk(log: RunLog, path: Path) -> None:
    for number in range(100):
        log.append(Stage.PLAN, numbered(str(number)))
    log.close()
    async for event in log.read(0):
        assert event.sequence in on_disk(path)


async def test_the_journal_holds_what_readers_got(log: RunLog, journal: Journal) -> None:
    for number in range(10):
        log.append(Stage.PLAN, numbered(str(number)))
        log.append(Stage.PLAN, progress("not kept"))
    log.close()
    seen = [event async for event in log.read(0) if event.sequence]
    assert list(await journal.events(RUN, 0)) == seen == log.events()


async def test_reading_from_any_number_on(log: RunLog) -> None:
    for number in range(1, 11):
        log.append(Stage.PLAN, numbered(str(number)))
    log.close()
    for after in range(11):
        assert await read_numbers(log, after) == list(range(after + 1, 11))


async def test_a_reader_that_is_ahead_gets_what_comes(log: RunLog) -> None:
    log.append(Stage.PLAN, numbered("one"))
    reading = start(log, after=1)
    await settle()
    assert not reading.done()
    log.append(Stage.PLAN, numbered("two"))
    log.close()
    assert await reading == ["two"]


async def test_an_empty_log_ends(log: RunLog) -> None:
    reading = start(log)
    await settle()
    log.close()
    assert await reading == []


async def test_texts_within_20_ms_are_joined(log: RunLog, clock: Clock) -> None:
    for text in ("a", "b", "c"):
        log.append(Stage.RESPOND, AnswerText(text))
    assert log.last_sequence == 1  # The first goes at once; the rest waits for more.
    await clock.advance(COALESCE_S)
    assert log.last_sequence == 2
    log.append(Stage.RESPOND, AnswerText("d"))
    await clock.advance(COALESCE_S * 0.9)
    log.append(Stage.RESPOND, AnswerText("e"))
    assert log.last_sequence == 2
    await clock.advance(COALESCE_S * 0.2)
    assert log.last_sequence == 3
    await clock.advance(COALESCE_S * 10)
    log.append(Stage.RESPOND, AnswerText("f"))
    assert log.last_sequence == 4
    log.close()
    assert await read(log) == ["a", "bc", "de", "f"]


async def test_a_text_that_waits_goes_before_what_follows_it(log: RunLog, clock: Clock) -> None:
    for payload in (AnswerText("a"), AnswerText("b"), numbered("end"), AnswerText("c"), progress("half")):
        log.append(Stage.RESPOND, payload)
    log.append(Stage.RESPOND, AnswerText("d"))
    log.close()
    assert await read(log) == ["a", "b", "end", "c", "half", "d"]
    await clock.advance(1.0)
    assert log.last_sequence == 5


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (AnswerText("b"), TaskText("task", "text", "c")),
        (TaskText("task", "text", "b"), AnswerText("c")),
        (TaskText("task", "text", "b"), TaskText("other", "text", "c")),
        (TaskText("task", "text", "b"), TaskText("task", "other", "c")),
        (TaskText("task", "text", "b"), TaskText("task", "text", "c", 0)),
        (TaskText("task", "text", "b", 0), TaskText("task", "text", "c", 1)),
    ],
    ids=repr,
)
async def test_texts_of_different_things_stay_apart(log: RunLog, clock: Clock, first: Payload, second: Payload) -> None:
    log.append(Stage.EXECUTE, AnswerText("a"))
    log.append(Stage.EXECUTE, first)
    log.append(Stage.EXECUTE, second)
    log.close()
    assert await read(log) == ["a", "b", "c"]


async def test_texts_of_one_item_are_joined(log: RunLog, clock: Clock) -> None:
    for text in "abc":
        log.append(Stage.EXECUTE, TaskText("task", "text", text, 2))
    log.append(Stage.RESPOND, TaskText("task", "text", "d", 2))
    log.close()
    decoded = [codec.decode(event, Event) async for event in log.read(0)]
    assert [(event.stage, event.payload) for event in decoded] == [
        (Stage.EXECUTE, TaskText("task", "text", "a", 2)),
        (Stage.EXECUTE, TaskText("task", "text", "bc", 2)),
        (Stage.RESPOND, TaskText("task", "text", "d", 2)),
    ]


async def test_no_text_is_lost_or_moved(log: RunLog) -> None:
    pieces = [f"{number} " for number in range(500)]
    reading = start(log)
    for piece in pieces:
        log.append(Stage.RESPOND, AnswerText(piece))
        await asyncio.sleep(0)
    log.close()
    words = await reading
    assert "".join(words) == "".join(pieces)
    assert len(words) < len(pieces)


async def test_progress_is_seen_in_its_place_and_has_no_number(log: RunLog) -> None:
    reading = asyncio.ensure_future(_collect(log))
    await settle()
    log.append(Stage.PLAN, progress("before"))
    log.append(Stage.PLAN, numbered("one"))
    log.append(Stage.PLAN, progress("half"))
    log.append(Stage.PLAN, TaskPreview("task", "image/png", b"look"))
    log.append(Stage.PLAN, numbered("two"))
    log.append(Stage.PLAN, progress("after"))
    log.close()
    assert await reading == [("before", 0), ("one", 1), ("half", 0), ("look", 0), ("two", 2), ("after", 0)]


async def _collect(log: RunLog) -> list[tuple[str, int]]:
    return [(word_of(event), event.sequence) async for event in log.read(0)]


async def test_progress_is_not_replayed(log: RunLog) -> None:
    live = start(log)
    await settle()
    log.append(Stage.PLAN, numbered("one"))
    log.append(Stage.PLAN, progress("half"))
    log.append(Stage.PLAN, numbered("two"))
    log.close()
    assert await live == ["one", "half", "two"]
    assert await read(log) == ["one", "two"]
    assert await read(log, after=1) == ["two"]


async def test_a_slow_reader_gets_every_number_and_the_newest_progress(log: RunLog) -> None:
    reader = log.read(0)
    log.append(Stage.PLAN, numbered("one"))
    assert word_of(await anext(reader)) == "one"
    for number in range(300):
        log.append(Stage.PLAN, progress(f"p{number}"))
        if number % 100 == 50:
            log.append(Stage.PLAN, numbered(f"n{number}"))
    log.close()
    words = [word_of(event) async for event in reader]
    assert [word for word in words if word.startswith("n")] == ["n50", "n150", "n250"]
    assert [word for word in words if word.startswith("p")] == [f"p{number}" for number in range(300 - KEPT, 300)]
    assert words.index("n250") == words.index("p250") + 1


async def test_progress_waits_for_the_commit_before_it(log: RunLog, hold_writes: HoldWrites) -> None:
    reading = start(log)
    await settle()
    log.append(Stage.PLAN, progress("free"))
    await settle()
    with hold_writes():
        log.append(Stage.PLAN, numbered("held"))
        log.append(Stage.PLAN, progress("behind"))
        await settle()
        assert log.events() == []
    log.close()
    assert await reading == ["free", "held", "behind"]


async def test_many_readers_see_the_same(log: RunLog) -> None:
    rng = random.Random(7)
    early = [start(log) for _ in range(20)]
    late: list[tuple[int, asyncio.Task[list[str]]]] = []
    for number in range(1, 301):
        log.append(Stage.PLAN, numbered(str(number)))
        if rng.random() < 0.1:
            after = rng.randint(0, number)
            late.append((after, start(log, after)))
        if rng.random() < 0.5:
            await asyncio.sleep(0)
    log.close()
    expected = [str(number) for number in range(1, 301)]
    assert await asyncio.gather(*early) == [expected] * 20
    for after, reading in late:
        assert await reading == expected[after:]


async def test_a_reader_that_leaves_disturbs_nobody(log: RunLog) -> None:
    leaving, staying = log.read(0), start(log)
    log.append(Stage.PLAN, numbered("one"))
    assert word_of(await anext(leaving)) == "one"
    await leaving.aclose()
    cancelled = start(log)
    await settle()
    cancelled.cancel()
    log.append(Stage.PLAN, numbered("two"))
    log.close()
    assert await staying == ["one", "two"]


async def test_readers_are_told_that_the_journal_fails(log: RunLog, path: Path) -> None:
    reading, seen = log.read(0), []
    log.append(Stage.PLAN, numbered("one"))
    seen.append(word_of(await anext(reading)))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE events")
    log.append(Stage.PLAN, numbered("two"))
    log.append(Stage.PLAN, numbered("three"))
    log.close()
    with pytest.raises(UnavailableError) as caught:
        await anext(reading)
    assert caught.value.reason == "STORAGE_UNAVAILABLE"
    assert log.failure is caught.value
    assert len(log.events()) == 1
    with pytest.raises(OrchestrionError):
        await read(log)


async def test_nothing_is_seen_after_a_gap(
    log: RunLog, database: Database, path: Path, hold_writes: HoldWrites
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO events VALUES (?, 2, ?)", (RUN, b"in the way"))
        connection.commit()
    reading = log.read(0)
    with hold_writes():
        for word in ("one", "two", "three"):
            log.append(Stage.PLAN, numbered(word))
        log.close()
    assert word_of(await anext(reading)) == "one"
    with pytest.raises(InternalError):
        await anext(reading)
    await database.close()  # Everything that was queued has been told now.
    assert [word_of(event) for event in log.events()] == ["one"]
    late = log.read(0)
    assert word_of(await anext(late)) == "one"
    with pytest.raises(InternalError):
        await anext(late)


async def test_readers_of_a_log_that_is_released_end_where_they_are(log: RunLog) -> None:
    for name in "abc":
        log.append(Stage.PLAN, numbered(name))
    await log.until_visible(3)
    slow, waiting = log.read(0), start(log)
    assert word_of(await anext(slow)) == "a"
    log.close()
    assert await waiting == ["a", "b", "c"]
    log.release()
    assert [event async for event in slow] == []
    assert (log.events(), log.last_sequence) == ([], 3)
