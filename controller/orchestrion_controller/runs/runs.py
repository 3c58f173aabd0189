"""All runs of a controller: the live ones in memory, every one in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Required, TypedDict, Unpack

from orchestrion import names
from orchestrion._codec import codec
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import Event, PlanApproved
from orchestrion.plans import Error, Plan
from orchestrion.runs import Message, OnDetach, Run, RunKind, RunOptions, RunState
from orchestrion.v1 import events_pb2
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.progress import end_of
from orchestrion_controller.runs.admission import RunAdmission
from orchestrion_controller.runs.gate import Gate, not_awaiting
from orchestrion_controller.runs.journal import Journal
from orchestrion_controller.runs.live_run import Lifetime, LiveRun, Program, RunOpening
from orchestrion_controller.runs.request_ids import CAPACITY, RequestIds
from orchestrion_controller.runs.resuming import PreparedRun, RunResumer, abandoned
from orchestrion_controller.runs.views import of_messages

_BACK_AFTER_MS: Final = 1_000
"""After what time the next controller may be there, in milliseconds."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Limits and defaults of runs, as the operator set them."""

    max_running: int
    """How many runs may go on at once."""
    detach_grace_ms: int
    """How long a run without a reader lives where its request does not say, in milliseconds."""
    approval_timeout_ms: int
    """How long a run waits for approval where its request does not say, in milliseconds."""
    max_resumes: int = 5
    """How often a run is taken up again after a restart of the controller."""
    max_running_bytes: int = 256 << 20
    """What the requests of the runs that go on may take together, in bytes."""
    max_log_bytes: int = 256 << 20
    """How large the log of one run may grow, in bytes."""


class StartOptions(TypedDict, total=False):
    """The arguments of a run besides its kind and its program."""

    request: Required[bytes]
    """The serialized request, from which a restarted controller takes the run up again."""
    caller: str
    """Who asks, as limits tell callers apart; empty for nobody in particular."""
    messages: tuple[Message, ...]
    """The conversation, kept in its first event."""
    options: RunOptions | None
    """How it treats a client that leaves."""
    deadline_s: float | None
    """How long it may take, in seconds; None for no deadline."""
    previous_run: str
    """The run that it continues; empty for none."""
    gate: Gate | None
    """Where it waits until its plan is approved; None when it does not."""


class RunSupervisor:
    """Starts, finds, watches and ends runs."""

    def __init__(self, journal: Journal, metrics: ControllerMetrics, limits: RunLimits) -> None:
        """Starts with no run."""
        self._journal = journal
        self._metrics = metrics
        self._limits = limits
        metrics.runs_limit.set(limits.max_running)
        self._admission = RunAdmission(limits.max_running, limits.max_running_bytes)
        self._live: dict[str, LiveRun] = {}
        self._request_ids = RequestIds()
        self._is_draining = False
        self._hosts_leave = asyncio.Event()

    async def load(self) -> None:
        """Loads an earlier process's request ids, so repeated calls join its runs. Called before the first run."""
        self._request_ids.load(await self._journal.request_ids(CAPACITY + 1))

    async def run(
        self, kind: RunKind, program: Program, **options: Unpack[StartOptions]
    ) -> AsyncGenerator[events_pb2.Event, None]:
        """Starts a run as `start` does, yields its events to its end, and raises its error then."""
        name = await self.start(kind, program, **options)
        # A client may read on for long after the end of the run; what it began with is not kept for that.
        del program
        options.clear()  # type: ignore[attr-defined]  # At run time it is a dict like any other.
        with self._admission.read_by_caller(name):
            async with aclosing(self.watch(name, raise_error=True)) as events:
                async for event in events:
                    yield event

    async def start(
        self,
        kind: RunKind,
        program: Program,
        *,
        request: bytes,
        caller: str = "",
        messages: tuple[Message, ...] = (),
        options: RunOptions | None = None,
        deadline_s: float | None = None,
        previous_run: str = "",
        gate: Gate | None = None,
    ) -> str:
        """Starts a run, or finds the one that an earlier call with the same request id started; returns its name.

        Raises:
            ResourceExhaustedError: There are as many runs, or bytes of requests, as may be, in all or of this caller.
            UnavailableError: The controller is about to stop.
        """
        options = options or RunOptions()
        if options.request_id and (earlier := await self._find_request(options.request_id)):
            return earlier
        if self._is_draining:
            self._metrics.runs_rejected.labels(Reason.SERVER_STOPPING.name).inc()
            raise _stopping("takes no new runs")
        self.check_admission("", caller, len(request))
        now = datetime.now(UTC)
        deadline = now + timedelta(seconds=deadline_s) if deadline_s is not None else None
        row = Run(names.new_run(), kind, RunState.RUNNING, now, deadline_time=deadline, previous_run=previous_run)
        run = LiveRun(row, self._lifetime(options, deadline_s), self._journal, self._metrics, gate)
        self._live[row.name] = run
        self._admission.begin(row.name, caller, len(request))
        if options.request_id:
            self._request_ids.add(options.request_id, row.name)
        run.start(RunOpening(messages, options.request_id, request), program, partial(self._forget, row.name))
        return row.name

    def check_admission(self, request_id: str, caller: str, size_bytes: int) -> None:
        """Makes sure, before anything is done for a call, that it would not be refused as too much; see `start`.

        Args:
            request_id: The caller's own id of the call, empty for none: one that came before joins its run.
            caller: Who asks.
            size_bytes: The size of the request, in bytes.

        Raises:
            ResourceExhaustedError: There are as many runs, or bytes of requests, as may be, in all or of this caller.
        """
        if request_id and (not self._request_ids.is_complete or self._request_ids.find(request_id)):
            return
        try:
            self._admission.check(caller, size_bytes)
        except OrchestrionError as error:
            self._metrics.runs_rejected.labels(error.reason).inc()
            raise

    async def resume(self, resumption: RunResumer) -> int:
        """Takes up the runs that an earlier process left unfinished, and counts them. Called before the first new run.

        What cannot be taken up, or was `max_resumes` times already, ends with the reason CONTROLLER_RESTARTED.
        """
        count = 0
        for left in await self._journal.unfinished():
            messages = await self._journal.all_messages(left.row.name)
            log = [codec.decode(message, Event) for message in messages]
            if (end := end_of(log)) is not None:
                self._journal.end(left.row.name, end.state)
                continue
            prepared = PreparedRun(abandoned(left, self._limits.max_resumes), RunOptions())
            if left.request is not None and left.resume_count < self._limits.max_resumes:
                await self._journal.count_resume(left.row.name)
                prepared = await resumption(left.row.kind, left.request, log)
            deadline = left.row.deadline_time
            deadline_s = None if deadline is None else max(0.0, (deadline - datetime.now(UTC)).total_seconds())
            lifetime = self._lifetime(prepared.options, deadline_s)
            run = LiveRun(left.row, lifetime, self._journal, self._metrics, prepared.gate)
            self._live[left.row.name] = run
            self._admission.begin(left.row.name, "", len(left.request or b""))
            opening = RunOpening(prepared.messages, left.request_id, left.request or b"")
            run.resume(messages, opening, prepared.program, partial(self._forget, left.row.name))
            count += 1
        return count

    def _lifetime(self, options: RunOptions, deadline_s: float | None) -> Lifetime:
        grace_ms = self._limits.detach_grace_ms if options.detach_grace_ms is None else options.detach_grace_ms
        return Lifetime(options.on_detach or OnDetach.CANCEL, grace_ms / 1000, deadline_s, self._limits.max_log_bytes)

    async def watch(
        self, name: str, after: int = 0, *, raise_error: bool = False
    ) -> AsyncGenerator[events_pb2.Event, None]:
        """Yields a run's events after a sequence number, to its end.

        Args:
            name: The run.
            after: The last sequence number already seen; 0 for all.
            raise_error: Whether to raise the run's error after its last event.

        Raises:
            NotFoundError: There is no such run.
            OutOfRangeError: The log does not go as far as `after`.
        """
        live = self._live.get(name)
        last = live.log.last_sequence if live is not None else await self._ended_length(name)
        if not 0 <= after <= last:
            message = f"after_sequence: {name} has {last} events so far; give 0 to {last}."
            raise Reason.SEQUENCE_OUT_OF_RANGE.error(message, field="after_sequence", last_sequence=str(last))
        if live is not None:
            async with aclosing(live.read(after)) as events:
                async for event in events:
                    after = event.sequence or after
                    yield event
            if after == live.log.last_sequence or not live.log.is_released:
                if raise_error and live.error is not None:
                    raise live.error
                return
        while page := await self._journal.events(name, after):
            for event in page:
                yield event
            after = page[-1].sequence
            if raise_error and page[-1].run_finished.HasField("error"):
                raise codec.decode(page[-1].run_finished.error, Error).exception()

    async def get(self, name: str) -> Run:
        """Returns a run as the events of its log so far add up to it.

        Raises:
            NotFoundError: There is no such run.
        """
        live = self._live.get(name)
        if live is not None:
            return await asyncio.to_thread(of_messages, live.row, live.log.events())
        return await self._journal.read(name)

    async def check_exists(self, name: str) -> None:
        """Makes sure that there is such a run, without reading its events.

        Raises:
            NotFoundError: There is none.
        """
        if name not in self._live:
            await self._journal.get(name)

    async def list(self, size: int, before: tuple[int, str] | None) -> tuple[Run, ...]:
        """Lists runs, newest first; plans, results and answers are left out."""
        return await self._journal.list(size, before)

    async def cancel(self, name: str) -> Run:
        """Cancels a run, waits until its work has stopped, and returns it; one that has ended stays as it is.

        Raises:
            NotFoundError: There is no such run.
        """
        live = self._live.get(name)
        if live is not None:
            live.cancel(Reason.CANCELLED.error("The run was cancelled by a call."))
            await live.wait_ended()
            log = [event async for event in self.watch(name)]
            return await asyncio.to_thread(of_messages, live.row, log)
        return await self.get(name)

    def gate(self, timeout_ms: int | None, awaited_until: datetime | None = None) -> Gate:
        """Makes the gate of a run that is to be started; None gives it the server's time, in milliseconds.

        For a run that is resumed, `awaited_until` is until when an earlier process said that it stays closed.
        """
        timeout_ms = self._limits.approval_timeout_ms if timeout_ms is None else timeout_ms
        return Gate(timeout_ms / 1000, self._journal, self._metrics, awaited_until=awaited_until)

    async def approve(self, name: str, plan: Plan | None, request_id: str) -> Run:
        """Approves the plan of a run, or another in its place, and returns the run; errors as `Gate.approve`.

        Raises:
            NotFoundError: There is no such run.
        """
        live = self._live.get(name)
        if live is None:
            return await self._approved_before(name, request_id)
        if live.gate is None:
            raise not_awaiting(name, "was started without `approval` REQUIRED")
        approvals = [event.plan_approved for event in live.log.events() if event.HasField("plan_approved")]
        if approvals and not (request_id and request_id == approvals[-1].request_id):
            raise not_awaiting(name, "was approved by another call")
        if not approvals:
            await live.gate.approve(name, plan, request_id)
        return await self.get(name)

    async def _approved_before(self, name: str, request_id: str) -> Run:
        """Returns a run that has ended, if this call approved it: a retry, since the first reply was lost."""
        await self._journal.get(name)
        log = await self._journal.all_events(name)
        approvals = {event.payload.request_id for event in log if isinstance(event.payload, PlanApproved)}
        if not request_id or request_id not in approvals:
            raise not_awaiting(name, "has ended")
        return await self.get(name)

    async def delete(self, name: str) -> None:
        """Deletes a run that has ended.

        Raises:
            NotFoundError: There is no such run.
            FailedPreconditionError: It has not ended.
        """
        if name in self._live:
            raise Reason.RUN_NOT_ENDED.error(f"{name} is going on; cancel it first.", field="name")
        await self._journal.get(name)
        await self._journal.delete(name)
        self._request_ids.forget(name)

    async def expire(
        self, size: int, *, before_ms: int | None = None, kept: int = 0, with_artifacts: bool = False
    ) -> Sequence[str]:
        """Deletes ended runs by age or count, and returns their names; see `Journal.expire`."""
        expired = await self._journal.expire(size, before_ms=before_ms, kept=kept, with_artifacts=with_artifacts)
        for name in expired:
            self._request_ids.forget(name)
        return expired

    async def drain(self, grace_s: float) -> int:
        """Takes no new runs, lets those that go on end within the grace, and hands the rest over to the next process.

        Runs that wait for approval are not waited for, and none is once `hosts_leave` says that the hosts stop, too.
        Where `max_resumes` is 0 nobody takes a run up again: what is left is cancelled.

        Args:
            grace_s: How long runs may go on, in seconds.

        Returns:
            How many are left unfinished in the journal.
        """
        self._is_draining = True
        going = [run for run in self._live.values() if not run.awaits_approval]
        if going and grace_s > 0:
            waiting = [asyncio.create_task(_all_ended(going)), asyncio.create_task(self._hosts_leave.wait())]
            await asyncio.wait(waiting, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
        left = list(self._live.values())
        if self._limits.max_resumes:
            return sum(await asyncio.gather(*(run.hand_over(_stopping("goes on with the run later")) for run in left)))
        for run in left:
            run.cancel(Reason.SERVER_STOPPING.error("The controller is shutting down; ask again."))
        await asyncio.gather(*(run.wait_ended() for run in left))
        return 0

    def hosts_leave(self) -> None:
        """Notes that a host leaves: where the controller stops, too, its runs are better off with the next one."""
        if self._is_draining:
            self._hosts_leave.set()

    def _forget(self, name: str) -> None:
        self._live.pop(name, None)
        self._admission.end(name)

    async def _find_request(self, request_id: str) -> str | None:
        run = self._request_ids.find(request_id)
        if run or self._request_ids.is_complete:
            return run
        # A copy of the call may have started the run while the journal was read.
        return await self._journal.find_request(request_id) or self._request_ids.find(request_id)

    async def _ended_length(self, name: str) -> int:
        await self._journal.get(name)
        return await self._journal.last_sequence(name)


async def _all_ended(runs: Iterable[LiveRun]) -> None:
    for run in runs:
        await run.wait_ended()


def _stopping(what: str) -> OrchestrionError:
    return Reason.SERVER_STOPPING.error(
        f"The controller is shutting down and {what}; call again once it is back.", retry_after_ms=_BACK_AFTER_MS
    )
