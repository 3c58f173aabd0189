"""One call of one task: tried on the expert chosen for it, and on others when that can cure the error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from orchestrion.errors import OrchestrionError, Reason, is_retryable
from orchestrion.events import AttemptFailed, Payload, TaskPreview, TaskProgress, TaskStarted, TaskText
from orchestrion.experts import Assignment, Candidate
from orchestrion.inference import InferOutputs, InferPreview, InferProgress, InferText
from orchestrion.plans import Error, Task
from orchestrion_controller.executor.hosts import HostClients, infer_request
from orchestrion_controller.executor.inputs import Inputs, Outputs
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.selector.demand import NOTHING_KNOWN, Circumstances
from orchestrion_controller.selector.observations import Pair
from orchestrion_controller.selector.selector import Selector

Emit = Callable[[Payload], None]

_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Assigned:
    """A task and the expert chosen for it."""

    task: Task
    assignment: Assignment
    pinned: bool = False
    """Whether the caller chose: then only its own candidates are alternatives."""
    known: Circumstances = NOTHING_KNOWN
    """What the choice went by beside the task."""


@dataclass(frozen=True, slots=True)
class Item:
    """Which call of a task that unfolded; None and 0 for one that did not."""

    index: int | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one task: what every attempt at it has in common."""

    run: str
    """The name of the run."""
    assigned: Assigned
    """The task and the expert chosen first."""
    inputs: Inputs
    """The inputs, without references."""
    item: Item
    """Which part of the task it is."""
    reservation: str
    """The claim on the expert chosen first; empty for none."""


class Attempts:
    """Makes calls until one succeeds or no other expert could do better."""

    def __init__(self, selector: Selector, clients: HostClients, metrics: ControllerMetrics, max_attempts: int) -> None:
        """Keeps the collaborators.

        Args:
            selector: Chooses again after a failure.
            clients: Reach the hosts.
            metrics: Where failures are counted.
            max_attempts: How often one call is tried in all.
        """
        self._selector = selector
        self._clients = clients
        self._metrics = metrics
        self._max_attempts = max_attempts

    async def perform(self, call: Call, emit: Emit) -> Outputs:
        """Performs one call and returns its outputs; what happens meanwhile is emitted.

        Raises:
            OrchestrionError: What the last attempt failed with.
        """
        task, item, reservation = call.assigned.task, call.item, call.reservation
        pair: Pair = (call.assigned.assignment.host, call.assigned.assignment.expert_id)
        failed: list[Pair] = []
        for attempt in range(1, self._max_attempts + 1):
            emit(TaskStarted(task.id, attempt, *pair, item.index, item.count))
            begun = self._selector.begin(pair)
            try:
                outputs = await self._infer(call, pair, reservation, emit)
            except OrchestrionError as error:
                self._selector.end(begun, error)
                self._metrics.attempts_failed.labels(pair[1], error.reason).inc()
                failed.append(pair)
                retry = attempt < self._max_attempts and is_retryable(error)
                following = self._next(call.assigned, failed) if retry else None
                described = Error.of(error)
                emit(AttemptFailed(task.id, attempt, *pair, described, following is not None, item.index))
                if following is None:
                    raise
                if following in failed:
                    # The same expert again: its worker is being replaced, or its queue drains.
                    await asyncio.sleep((error.retry_after_ms or 0) / 1000 or _PAUSE_S * attempt)
                pair, reservation = following, ""
            except BaseException:
                self._selector.end(begun, cancelled=True)
                raise
            else:
                self._selector.end(begun)
                if item.index is not None:
                    # The task's outputs are told when all items have theirs; that this one has is told at once.
                    emit(TaskProgress(task.id, 1.0, "done", item.index))
                return outputs
        raise AssertionError("max_attempts is at least 1, so the loop returns or raises")

    def _next(self, assigned: Assigned, failed: list[Pair]) -> Pair | None:
        if assigned.pinned:
            named = Candidate(assigned.assignment.host, assigned.assignment.expert_id)
            pairs = [(choice.host, choice.expert_id) for choice in assigned.assignment.candidates or (named,)]
            return next((pair for pair in pairs if pair not in failed), pairs[0])
        try:
            assignment = self._selector.assign(assigned.task, assigned.known, avoid=failed)
        except OrchestrionError:
            return None
        return assignment.host, assignment.expert_id

    async def _infer(self, call: Call, pair: Pair, reservation: str, emit: Emit) -> Outputs:
        host, expert_id = pair
        task, item = call.assigned.task, call.item
        request = infer_request(expert_id, task, call.inputs, run=call.run, reservation=reservation)
        async with aclosing(self._clients.get(host).infer(request)) as calls:
            async for payload in calls:
                match payload:
                    case InferOutputs(outputs=outputs):
                        return outputs
                    case InferText(output=output, text=text):
                        emit(TaskText(task.id, output, text, item.index))
                    case InferProgress(fraction=fraction, message=message):
                        emit(TaskProgress(task.id, fraction, message, item.index))
                    case InferPreview(media_type=media_type, content=content):
                        emit(TaskPreview(task.id, media_type, content, item.index))
        raise Reason.EXPERT_FAILED.error(f"{expert_id} on {host} ended without outputs.", task_id=task.id)
