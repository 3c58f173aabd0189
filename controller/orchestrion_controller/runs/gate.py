"""The gate that holds a run back until its plan is approved: by a call, once, or else not in time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import ApprovalAwaited, PlanApproved, Stage
from orchestrion.plans import Plan
from orchestrion.runs import RunState
from orchestrion_controller.deadline import remaining_s
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.requests import PlanCheck
from orchestrion_controller.runs.journal import Journal
from orchestrion_controller.runs.log import RunLog


class Gate:
    """Closed from PlanFinished until the plan is approved."""

    def __init__(
        self, timeout_s: float, journal: Journal, metrics: ControllerMetrics, *, awaited_until: datetime | None = None
    ) -> None:
        """Makes the gate of one run; `wait` closes it.

        Args:
            timeout_s: How long it stays closed, in seconds.
            journal: Where the waiting state is written.
            metrics: Where that is counted.
            awaited_until: Until when it was to stay closed, where an earlier process announced that already.
        """
        self._awaited_until = awaited_until
        self._timeout_s = timeout_s
        self._journal = journal
        self._metrics = metrics
        self._waiting: _Waiting | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether the run waits in front of it now."""
        return self._waiting is not None and not self._waiting.approved.done()

    async def wait(self, run: str, log: RunLog, plan: Plan, check: PlanCheck) -> Plan:
        """Announces that the plan awaits approval, and waits for it.

        Args:
            run: The name of the run.
            log: Its log.
            plan: The plan to approve.
            check: Checks a plan that is submitted in its place.

        Returns:
            The plan to carry out.

        Raises:
            RunCancelledError: Nobody approved the plan in time.
        """
        loop = asyncio.get_running_loop()
        self._waiting = waiting = _Waiting(run, log, plan, check, loop.create_future())
        timer = loop.call_later(self._announce(run, log, plan), self._expire, waiting)
        self._metrics.runs_awaiting_approval.inc()
        try:
            return await waiting.approved
        finally:
            timer.cancel()
            self._metrics.runs_awaiting_approval.dec()

    def _announce(self, run: str, log: RunLog, plan: Plan) -> float:
        """Says that the plan awaits approval, unless that has been said, and returns how long it does, in seconds."""
        now = datetime.now(UTC)
        if self._awaited_until is not None:
            return max(0.0, (self._awaited_until - now).total_seconds())
        self._journal.mark(run, RunState.AWAITING_APPROVAL)
        left_s = remaining_s()
        waits_s = self._timeout_s if left_s is None else min(self._timeout_s, left_s)
        log.append(Stage.UNSPECIFIED, ApprovalAwaited(plan, now + timedelta(seconds=waits_s)))
        return self._timeout_s

    async def approve(self, run: str, plan: Plan | None, request_id: str) -> None:
        """Opens the gate, and returns when that is committed.

        Args:
            run: The name of the run.
            plan: The plan to carry out instead; None for the one shown.
            request_id: Makes a second call with the same id succeed as the first did; empty for a call of its own.

        Raises:
            FailedPreconditionError: The plan is not whole yet, was approved by another call, or the run has ended.
            InvalidArgumentError: The plan given breaks a rule; the gate stays closed.
            NotFoundError: The plan given names an artifact that does not exist; the gate stays closed.
        """
        waiting = self._waiting
        if waiting is None:
            raise not_awaiting(run, "still plans; wait for `approval_awaited`")
        if not waiting.is_repeated(request_id):
            waiting.refuse_if_over()
            edited = None if plan is None else await waiting.check(plan)
            # During the check another call may have opened the gate, or the run may have ended.
            if not waiting.is_repeated(request_id):
                waiting.refuse_if_over()
                self._open(waiting, None if edited == waiting.plan else edited, request_id)
        await waiting.log.until_visible(waiting.opened_at)

    def _open(self, waiting: _Waiting, edited: Plan | None, request_id: str) -> None:
        self._journal.mark(waiting.run, RunState.RUNNING)
        waiting.log.append(Stage.UNSPECIFIED, PlanApproved(edited, request_id))
        waiting.request_id, waiting.opened_at = request_id, waiting.log.last_sequence
        waiting.approved.set_result(edited or waiting.plan)
        self._metrics.plan_approvals.labels("approved" if edited is None else "edited").inc()

    def _expire(self, waiting: _Waiting) -> None:
        # A race at the timeout: approved at this moment, or cancelled.
        if not waiting.approved.done():
            self._metrics.plan_approvals.labels("timed_out").inc()
            waiting.approved.set_exception(
                Reason.APPROVAL_TIMED_OUT.error(
                    f"Nobody approved the plan within {self._timeout_s:g} s; "
                    "ask again, with a longer approval_timeout_ms if need be.",
                    field="approval_timeout_ms",
                )
            )


@dataclass(slots=True)
class _Waiting:
    """A run in front of the gate."""

    run: str
    log: RunLog
    plan: Plan
    check: PlanCheck
    approved: asyncio.Future[Plan]
    """The plan to carry out."""
    request_id: str = ""
    """The id of the call that opened the gate."""
    opened_at: int = 0
    """The sequence number of the event that says so; 0 while it is closed."""

    def is_repeated(self, request_id: str) -> bool:
        """Whether a call of this id has opened the gate."""
        return bool(request_id) and self.request_id == request_id

    def refuse_if_over(self) -> None:
        if self.opened_at:
            raise not_awaiting(self.run, "was approved by another call")
        if self.approved.done():
            raise not_awaiting(self.run, "was cancelled, or nobody approved its plan in time")


def not_awaiting(run: str, why: str) -> OrchestrionError:
    """Builds the error for a run that cannot be approved; `why` follows its name."""
    return Reason.NOT_AWAITING_APPROVAL.error(f"{run} does not await approval: it {why}.", field="name", name=run)
