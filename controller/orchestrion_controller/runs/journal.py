"""The journal: runs and their events in the database."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from orchestrion import events, names
from orchestrion._codec import codec
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.runs import Message, Run, RunKind, RunState
from orchestrion.v1 import events_pb2
from orchestrion_controller.database.beginnings import beginnings, shown_messages
from orchestrion_controller.database.database import Database
from orchestrion_controller.database.schema import EVENTS, RUN_ARTIFACTS, RUNS
from orchestrion_controller.database.writer import Done
from orchestrion_controller.runs.views import of_messages

_INSERT_RUN: Final = insert(RUNS)
_INSERT_EVENT: Final = insert(EVENTS)
_END_RUN: Final = (
    update(RUNS)
    .where(RUNS.c.name == bindparam("run"))
    .values(state=bindparam("to"), end_ms=bindparam("at"), request=None)
)
_RESUME_RUN: Final = update(RUNS).where(RUNS.c.name == bindparam("run")).values(resume_count=RUNS.c.resume_count + 1)
_HAND_OVER_RUN: Final = update(RUNS).where(RUNS.c.name == bindparam("run")).values(resume_count=0)
_MARK_RUN: Final = (
    update(RUNS)
    # Within one commit the end of a run may be carried out before its marks; the end must win.
    .where(RUNS.c.name == bindparam("run"), RUNS.c.end_ms.is_(None))
    .values(state=bindparam("to"))
)
_DELETE_RUN: Final = delete(RUNS).where(RUNS.c.name == bindparam("run"))
_NEXT: Final = RUNS.alias("next")
_IS_LAST: Final = ~select(_NEXT.c.name).where(_NEXT.c.previous_run == RUNS.c.name).exists()
# Looked at once more as it is deleted: a run may have begun that goes on from it.
_EXPIRE_RUN: Final = delete(RUNS).where(RUNS.c.name == bindparam("run"), RUNS.c.end_ms.is_not(None), _IS_LAST)
_IS_GONE: Final = ~select(RUNS.c.name).where(RUNS.c.name == bindparam("run")).exists()
_DELETE_REST: Final = (
    delete(EVENTS).where(EVENTS.c.run == bindparam("run"), _IS_GONE),
    delete(RUN_ARTIFACTS).where(RUN_ARTIFACTS.c.run == bindparam("run"), _IS_GONE),
)
_ARTIFACT: Final = re.compile(rb"artifacts/(%b)" % names.ARTIFACT_ID.encode())
_PAGE: Final = 500
_PAGE_BYTES: Final = 1 << 20


_Row: TypeAlias = Row[Any]  # Its columns are read by name.


@dataclass(frozen=True, slots=True)
class UnfinishedRun:
    """A run that an earlier process left unfinished."""

    row: Run
    """Its row."""
    request: bytes | None
    """Its serialized request; None for a run of a version that kept none."""
    request_id: str
    """The caller's own id of the call; empty for none."""
    resume_count: int
    """How often it has been taken up again."""


def _ignore(_: OrchestrionError | None) -> None:
    """The writer has logged a failure already."""


class Journal:
    """Writes runs down and reads them back."""

    def __init__(self, database: Database, absence: str = "") -> None:
        """Keeps the database; `absence` is what is said beside that a run is not there."""
        self._database = database
        self._absence = absence
        make = sqlite.insert if database.dialect == "sqlite" else postgresql.insert
        self._insert_reference = make(RUN_ARTIFACTS).on_conflict_do_nothing()

    def create(
        self, run: Run, request_id: str, request: bytes, done: Done, *, messages: tuple[Message, ...] = ()
    ) -> None:
        """Queues the row of a new run: its serialized request, from which it can be resumed, and how messages begin."""
        row = {
            "name": run.name,
            "kind": int(run.kind),
            "state": int(run.state),
            "create_ms": _milliseconds(run.create_time),
            "end_ms": None,
            "deadline_ms": _milliseconds(run.deadline_time) if run.deadline_time else None,
            "previous_run": run.previous_run,
            "request_id": request_id or None,
            "request": request,
            "beginnings": beginnings(messages),
        }
        self._database.write(_INSERT_RUN, row, done)
        self._refer(run.name, request)

    def append(self, event: events_pb2.Event, done: Done = _ignore) -> None:
        """Queues a numbered event; `done` is called on the event loop with None after the commit, or with the error."""
        content = event.SerializeToString()
        self._refer(event.run, content)
        row = {"run": event.run, "sequence": event.sequence, "event": content}
        self._database.write(_INSERT_EVENT, row, done)

    def _refer(self, run: str, content: bytes) -> None:
        """Queues that a run refers to the artifacts whose names stand in a serialized message."""
        if b"artifacts/" in content:
            for artifact in set(_ARTIFACT.findall(content)):
                row = {"run": run, "artifact": artifact.decode()}
                self._database.write(self._insert_reference, row, _ignore)

    def mark(self, name: str, state: RunState, done: Done = _ignore) -> None:
        """Queues the state of a run that has not ended, for lists; events queued after it are seen no earlier."""
        self._database.write(_MARK_RUN, {"run": name, "to": int(state)}, done)

    def end(self, name: str, state: RunState, done: Done = _ignore) -> None:
        """Queues the end of a run."""
        row = {"run": name, "to": int(state), "at": time.time_ns() // 1_000_000}
        self._database.write(_END_RUN, row, done)

    def hand_over(self, name: str, done: Done = _ignore) -> None:
        """Queues that the next process goes on with a run: one that was left in order brought no process down."""
        self._database.write(_HAND_OVER_RUN, {"run": name}, done)

    async def get(self, name: str) -> Run:
        """Reads a run's row alone; plan, results and answer are in its events.

        Raises:
            NotFoundError: There is no such run.
        """
        query = select(RUNS).where(RUNS.c.name == name)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise Reason.RUN_NOT_FOUND.error(f"There is no run {name!r}.{self._absence}", field="name", name=name)
        return _run(row)

    async def read(self, name: str) -> Run:
        """Reads a run with everything that its committed events add up to.

        Raises:
            NotFoundError: There is no such run.
        """
        row, log = await self.get(name), await self.all_messages(name)
        return await asyncio.to_thread(of_messages, row, log)

    async def all_events(self, name: str) -> Sequence[events.Event]:
        """Reads the events of a run from first to last, decoded."""
        log = await self.all_messages(name)
        return await asyncio.to_thread(lambda: [codec.decode(event, events.Event) for event in log])

    async def all_messages(self, name: str) -> Sequence[events_pb2.Event]:
        """Reads the events of a run from first to last, as messages."""
        log: list[events_pb2.Event] = []
        while page := await self.events(name, log[-1].sequence if log else 0):
            log += page
        return log

    async def find_request(self, request_id: str) -> str | None:
        """Finds the run that an earlier call with the same request id made."""
        query = select(RUNS.c.name).where(RUNS.c.request_id == request_id)
        return await self._database.read(lambda connection: connection.execute(query).scalar_one_or_none())

    async def request_ids(self, most: int) -> Sequence[tuple[str, str]]:
        """Reads the callers' ids and the names of the newest runs that have one, the newest first."""
        query = (
            select(RUNS.c.request_id, RUNS.c.name)
            .where(RUNS.c.request_id.is_not(None))
            .order_by(RUNS.c.create_ms.desc(), RUNS.c.name.desc())
            .limit(most)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [(row.request_id, row.name) for row in rows]

    async def events(self, name: str, after: int) -> Sequence[events_pb2.Event]:
        """Reads the next events of a run after a sequence number, at most 500, and no more than 1 MiB of several."""
        following = (EVENTS.c.run == name) & (EVENTS.c.sequence > after)
        sizes = select(EVENTS.c.sequence, func.length(EVENTS.c.event).label("size_bytes")).where(following)
        page = select(EVENTS.c.event).where(following).order_by(EVENTS.c.sequence)

        def read(connection: Connection) -> Sequence[events_pb2.Event]:
            last, room = after, _PAGE_BYTES
            for row in connection.execute(sizes.order_by(EVENTS.c.sequence).limit(_PAGE)):
                if last > after and row.size_bytes > room:
                    break
                last, room = row.sequence, room - row.size_bytes
            rows = connection.execute(page.where(EVENTS.c.sequence <= last))
            return [events_pb2.Event.FromString(row.event) for row in rows]

        return await self._database.read(read)

    async def size_bytes(self, name: str) -> int:
        """Returns how large the events of a run are together, in bytes; 0 for one that has none."""
        query = select(func.sum(func.length(EVENTS.c.event))).where(EVENTS.c.run == name)
        return int(await self._database.read(lambda connection: connection.execute(query).scalar_one()) or 0)

    async def last_sequence(self, name: str) -> int:
        """Returns the number of a run's last event; 0 when it has none."""
        query = select(func.max(EVENTS.c.sequence)).where(EVENTS.c.run == name)
        return await self._database.read(lambda connection: connection.execute(query).scalar_one()) or 0

    async def list(self, size: int, before: tuple[int, str] | None) -> tuple[Run, ...]:
        """Lists runs, newest first, each with the beginnings of its newest messages alone.

        Args:
            size: How many at most.
            before: The creation time in milliseconds and the name of the run after which to go on; None for the newest.
        """
        query = select(*(column for column in RUNS.c if column is not RUNS.c.request))
        if before is not None:
            query = query.where(tuple_(RUNS.c.create_ms, RUNS.c.name) < before)
        query = query.order_by(RUNS.c.create_ms.desc(), RUNS.c.name.desc()).limit(size)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return tuple(replace(_run(row), messages=shown_messages(row.beginnings)) for row in rows)

    async def delete(self, name: str) -> None:
        """Deletes a run and its events."""
        await self._database.commit(_DELETE_RUN, {"run": name}, *_DELETE_REST)

    async def expire(
        self, size: int, *, before_ms: int | None = None, kept: int = 0, with_artifacts: bool = False
    ) -> Sequence[str]:
        """Deletes the runs that ended first, and returns their names; none that a run that is there goes on from.

        Args:
            size: How many at most.
            before_ms: Those alone that ended before, in milliseconds since the epoch; None for no such limit.
            kept: How many ended runs stay, whatever else holds; 0 for no such limit.
            with_artifacts: Whether only runs that refer to artifacts go.
        """
        conditions = [RUNS.c.end_ms.is_not(None), _IS_LAST]
        if before_ms is not None:
            conditions.append(RUNS.c.end_ms < before_ms)
        if with_artifacts:
            conditions.append(select(RUN_ARTIFACTS.c.run).where(RUN_ARTIFACTS.c.run == RUNS.c.name).exists())
        if kept:
            count = select(func.count()).where(RUNS.c.end_ms.is_not(None))
            ended = await self._database.read(lambda connection: connection.execute(count).scalar_one())
            size = max(0, min(size, ended - kept))
        query = select(RUNS.c.name).where(*conditions).order_by(RUNS.c.end_ms, RUNS.c.name).limit(size)
        oldest = await self._database.read(lambda connection: connection.execute(query).scalars().all())
        await asyncio.gather(*(self._database.commit(_EXPIRE_RUN, {"run": name}, *_DELETE_REST) for name in oldest))
        left = select(RUNS.c.name).where(RUNS.c.name.in_(oldest))
        stayed = await self._database.read(lambda connection: connection.execute(left).scalars().all())
        return [name for name in oldest if name not in stayed]

    async def unfinished(self) -> Sequence[UnfinishedRun]:
        """Reads the runs that an earlier process left unfinished, the oldest first."""
        query = select(RUNS).where(RUNS.c.end_ms.is_(None)).order_by(RUNS.c.create_ms, RUNS.c.name)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [UnfinishedRun(_run(row), row.request, row.request_id or "", row.resume_count) for row in rows]

    async def count_resume(self, name: str) -> None:
        """Notes that a run is taken up once more, and waits until that is committed.

        Raises:
            ResourceExhaustedError: The disk is full, or the database takes no writes for another reason.
        """
        await self._database.commit(_RESUME_RUN, {"run": name})


def _milliseconds(time_: datetime | None) -> int:
    return round(time_.timestamp() * 1000) if time_ else 0


def _run(row: _Row) -> Run:
    def at(milliseconds: int | None) -> datetime | None:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds is not None else None

    return Run(
        name=row.name,
        kind=RunKind(row.kind),
        state=RunState(row.state),
        create_time=at(row.create_ms),
        end_time=at(row.end_ms),
        deadline_time=at(row.deadline_ms),
        previous_run=row.previous_run,
    )
