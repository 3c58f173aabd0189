"""One call of one task: tried on the chosen replica, then on others where the error is one that this can cure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final, Protocol

from orchestrion.errors import OrchestrionError, Reason, is_retryable
from orchestrion.events import AttemptFailed, Payload, TaskPreview, TaskProgress, TaskStarted, TaskText
from orchestrion.experts import Assignment, Candidate
from orchestrion.inference import InferOutputs, InferPreview, InferProgress, InferText
from orchestrion.plans import Error, Task
from orchestrion_controller.dispatch import AssignedTask, SelectionContext
from orchestrion_controller.executor.hosts import HostChannels, infer_request
from orchestrion_controller.executor.inputs import Inputs, Outputs
from orchestrion_controller.executor.stalls import pause_s, unless_stalled
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.registry.replicas import ReplicaKey
from orchestrion_serving import tracing
from orchestrion_serving.metrics import reason_label

Emit = Callable[[Payload], None]

_TIMES_EXPECTED: Final = 10.0
"""A call that is silent for so many times what it was expected to take has stalled."""


class CallInFlight(Protocol):
    """A call that counts as load of its replica until it ends."""

    @property
    def expected_s(self) -> float | None:
        """How long it is expected to take by what earlier calls took, in seconds; None where none was measured."""

    def end(self, error: OrchestrionError | None = None, *, cancelled: bool = False) -> None:
        """Ends the count as load; unless cancelled, the call's duration or error is recorded for the replica."""


class ReplicaSelector(Protocol):
    """The part of the selector that attempts use: choosing again, and reporting calls."""

    def assign(self, task: Task, context: SelectionContext, avoid: Collection[ReplicaKey]) -> Assignment:
        """Chooses an expert for a task; replicas to avoid come last.

        Raises:
            OrchestrionError: There is none.
        """

    async def reassign(self, task: Task, assignment: Assignment, context: SelectionContext) -> Assignment:
        """Returns an assignment anew where the expert lacks the language of the task's texts.

        Raises:
            OrchestrionError: There is none that has it.
        """

    async def text_language(self, task: Task, replica: ReplicaKey, name: str, context: SelectionContext) -> str:
        """Returns the language of a task's text as an expert takes it for an input; empty where that is not clear."""

    def begin(self, replica: ReplicaKey) -> CallInFlight:
        """Counts a call to a replica."""


@dataclass(frozen=True, slots=True)
class ItemIndex:
    """Which call of a task that unfolded; None and 0 for one that did not."""

    index: int | None = None
    """The item's place in the list, from 0."""
    count: int = 0
    """How many items there are."""


@dataclass(frozen=True, slots=True)
class ItemCall:
    """One call of one task: what every attempt at it has in common."""

    run: str
    """The name of the run."""
    assigned: AssignedTask
    """The task, its inputs without references, and the expert chosen first."""
    language_input: str
    """The input that the language of the text is given for, since it was left out; empty for none."""
    item: ItemIndex
    """Which part of the task it is."""
    reservation: str
    """The reservation of the expert chosen first; empty for none."""
    text_is_used: bool = False
    """Whether pieces of text are used as they come: then no attempt follows one that gave any."""


class CallAttempts:
    """Makes calls, each until it succeeds, its attempts are used up, or no replica is left that could succeed."""

    def __init__(
        self,
        selector: ReplicaSelector,
        clients: HostChannels,
        metrics: ControllerMetrics,
        max_attempts: int,
        *,
        silence_s: float,
    ) -> None:
        """Keeps the collaborators.

        Args:
            selector: Chooses again after a failure.
            clients: Reach the hosts.
            metrics: Where failures are counted.
            max_attempts: How often one call is tried in all.
            silence_s: How long a call may be silent before another replica is tried, in seconds; longer where earlier
                calls took long.
        """
        self._selector = selector
        self._clients = clients
        self._metrics = metrics
        self._max_attempts = max_attempts
        self._silence_s = silence_s

    async def reassigned(self, assigned: AssignedTask, inputs: Inputs) -> AssignedTask:
        """Returns a task with its inputs as they are now, by another expert where the one chosen lacks their language.

        Raises:
            OrchestrionError: There is none that has it.
        """
        task = replace(assigned.task, inputs=inputs)
        if assigned.pinned or inputs == assigned.task.inputs:
            return replace(assigned, task=task)
        assignment = await self._selector.reassign(task, assigned.assignment, assigned.context)
        return replace(assigned, task=task, assignment=assignment)

    async def perform(self, call: ItemCall, emit: Emit) -> Outputs:
        """Performs one call and returns its outputs; text, progress and previews are passed to `emit`.

        Raises:
            OrchestrionError: What the last attempt failed with.
        """
        task, item, reservation = call.assigned.task, call.item, call.reservation
        replica: ReplicaKey = (call.assigned.assignment.host, call.assigned.assignment.expert_id)
        failed: list[ReplicaKey] = []
        began = False

        def emit_noting_text(payload: Payload) -> None:
            nonlocal began
            began = began or isinstance(payload, TaskText)
            emit(payload)

        for attempt in range(1, self._max_attempts + 1):
            emit(TaskStarted(task.id, attempt, *replica, item.index, item.count))
            in_flight = self._selector.begin(replica)
            expected_s = in_flight.expected_s
            silence_s = max(self._silence_s, _TIMES_EXPECTED * expected_s) if expected_s is not None else None

            def can_move(replica: ReplicaKey = replica, attempt: int = attempt) -> bool:
                if attempt == self._max_attempts or (began and call.text_is_used):
                    return False
                tried = [*failed, replica]
                return (following := self._next(call.assigned, tried)) is not None and following not in tried

            try:
                about: tracing.Attributes = {
                    "orchestrion.attempt": attempt,
                    "orchestrion.host": replica[0],
                    "orchestrion.expert": replica[1],
                }
                with tracing.span(tracing.SpanName.ATTEMPT, about, kind=tracing.SpanKind.CLIENT):
                    async with unless_stalled(silence_s, can_move, replica, task) as heard:
                        outputs = await self._infer(call, replica, reservation, emit_noting_text, heard)
            except OrchestrionError as error:
                in_flight.end(error)
                self._metrics.attempts_failed.labels(self._metrics.expert(replica[1]), reason_label(error.reason)).inc()
                failed.append(replica)
                retry = attempt < self._max_attempts and is_retryable(error) and not (began and call.text_is_used)
                following = self._next(call.assigned, failed) if retry else None
                described = Error.of(error)
                emit(AttemptFailed(task.id, attempt, *replica, described, following is not None, item.index))
                if following is None:
                    raise
                self._metrics.retries.labels(_compared(following, replica)).inc()
                if following in failed:
                    # The same replica again: its worker is being replaced, or its queue drains.
                    await asyncio.sleep(pause_s(error, attempt))
                replica, reservation = following, ""
            except BaseException:
                in_flight.end(cancelled=True)
                raise
            else:
                in_flight.end()
                if item.index is not None:
                    # TaskFinished waits for all items, so each item's end is reported as progress.
                    emit(TaskProgress(task.id, 1.0, "done", item.index))
                return outputs
        raise AssertionError("max_attempts is at least 1, so the loop returns or raises")

    def _next(self, assigned: AssignedTask, failed: list[ReplicaKey]) -> ReplicaKey | None:
        if assigned.pinned:
            named = Candidate(assigned.assignment.host, assigned.assignment.expert_id)
            pinned = [(choice.host, choice.expert_id) for choice in assigned.assignment.candidates or (named,)]
            return next((replica for replica in pinned if replica not in failed), pinned[0])
        try:
            assignment = self._selector.assign(assigned.task, assigned.context, failed)
        except OrchestrionError:
            return None
        return assignment.host, assignment.expert_id

    async def _infer(
        self, call: ItemCall, replica: ReplicaKey, reservation: str, emit: Emit, heard: Callable[[], None]
    ) -> Outputs:
        host, expert_id = replica
        task, item = call.assigned.task, call.item
        inputs, name = call.assigned.task.inputs, call.language_input
        if name and (tag := await self._selector.text_language(task, replica, name, call.assigned.context)):
            inputs = {**inputs, name: tag}
        request = infer_request(expert_id, task, inputs, run=call.run, reservation=reservation)
        async with aclosing(self._clients.get(host).infer(request)) as payloads:
            async for payload in payloads:
                heard()
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


def _compared(following: ReplicaKey, failed: ReplicaKey) -> str:
    if following == failed:
        return "same_replica"
    return "other_host" if following[1] == failed[1] else "other_expert"
