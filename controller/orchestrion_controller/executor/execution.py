"""One execution: tasks arrive while others run; each starts the moment its inputs exist."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, replace

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import Payload, TaskAssigned, TaskFinished
from orchestrion.plans import Error, TaskResult, TaskState, TaskType
from orchestrion_controller.dispatch import AssignedTask, DispatchItem, RevokedTask
from orchestrion_controller.executor import inputs as folding
from orchestrion_controller.executor.attempts import CallAttempts, ItemCall, ItemIndex
from orchestrion_controller.executor.call_sizes import CallSizes
from orchestrion_controller.executor.inputs import Inputs, Outputs, UnfoldedInputs
from orchestrion_controller.executor.reservations import Reservations
from orchestrion_controller.executor.texts import Texts
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.plans.fan_out import FanOut
from orchestrion_controller.plans.graph import dependencies
from orchestrion_serving import trace_context, tracing
from orchestrion_serving.metrics import exemplar
from orchestrion_serving.value_sizes import ResultBounds, ValueSize, size_of_outputs

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How many calls of experts one execution may make: lists unfold, and lists of lists multiply."""

    max_calls: int
    """How many in all; each item of a list that unfolds is one."""
    max_open_calls: int
    """How many items are called at a time, of all tasks together; the others wait and take no memory of their own."""
    max_parts: int
    """How many parts the inputs of one call may have, as `RequestBounds.max_parts` counts them."""
    result: ResultBounds
    """How large the outputs of one task may be."""


class Execution:
    """The tasks of one run. `payloads` drives it; `results` are those of the tasks that have ended."""

    def __init__(
        self,
        run: str,
        *,
        task_types: Mapping[str, TaskType],
        existing: Mapping[str, TaskResult],
        attempts: CallAttempts,
        reservations: Reservations,
        texts: Texts,
        metrics: ControllerMetrics,
        limits: CallLimits,
    ) -> None:
        """Prepares the execution.

        Args:
            run: The name of the run.
            task_types: What its tasks are of, by name.
            existing: Results that exist already, by task id; those tasks are not run.
            attempts: Make the calls.
            reservations: Reserve experts ahead.
            texts: Reads files where an input takes a text.
            metrics: Where tasks are counted.
            limits: How many calls it may make.
        """
        self._run = run
        self._task_types = task_types
        self._attempts = attempts
        self._reservations = reservations
        self._texts = texts
        self._metrics = metrics
        self._limits = limits
        # Of all tasks together: many that unfold a little are as many calls as one that unfolds a lot.
        self._open_calls = asyncio.Semaphore(limits.max_open_calls)
        self._fan_out = FanOut(task_types, limits.max_calls)
        self._sizes = CallSizes(limits.max_parts)
        self._assigned: dict[str, AssignedTask] = {}
        self._performing: dict[str, asyncio.Task[None]] = {}
        # A task may refer to one that is not planned yet, so the future is made by whichever comes first.
        self._results: dict[str, asyncio.Future[TaskResult]] = {}
        self._out: asyncio.Queue[Payload | None] = asyncio.Queue()
        self._span: tracing.TraceSpan | None = None
        for task_id, result in existing.items():
            self._result(task_id).set_result(result)
            self._fan_out.finish(task_id, result.outputs)

    @property
    def results(self) -> dict[str, TaskResult]:
        """Results of the tasks that have ended, by id."""
        return {task_id: future.result() for task_id, future in self._results.items() if future.done()}

    async def payloads(self, dispatched: AsyncIterator[DispatchItem]) -> AsyncGenerator[Payload, None]:
        """Runs tasks as they are dispatched and yields their events, until the queue closes and every task has ended.

        Closing the generator cancels everything, down to the hosts.
        """
        taking = asyncio.create_task(self._take(dispatched))
        try:
            while (payload := await self._out.get()) is not None:
                yield payload
            await taking
        finally:
            tasks = [taking, *self._performing.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._reservations.release_all()
            if self._span is not None:
                self._span.end()

    async def _take(self, dispatched: AsyncIterator[DispatchItem]) -> None:
        try:
            async for item in dispatched:
                if isinstance(item, RevokedTask):
                    self._revoke(item.task_id)
                elif not self._result(item.task.id).done():
                    self._assigned[item.task.id] = item
                    self._fan_out.add(item.task)
                    self._start(item)
            while running := [task for task in self._performing.values() if not task.done()]:
                await asyncio.wait(running)
        finally:
            self._out.put_nowait(None)

    def _start(self, assigned: AssignedTask) -> None:
        task_id = assigned.task.id
        if self._span is None:
            self._span = tracing.begin(f"{tracing.SpanName.STAGE} execute", {"orchestrion.stage": "execute"})
        performing = self._perform(assigned, self._result(task_id))
        self._performing[task_id] = asyncio.create_task(
            performing, name=f"{self._run}/{task_id}", context=tracing.context_of(self._span)
        )

    def _revoke(self, task_id: str) -> None:
        """Cancels a task and restarts those that depend on it: another task of the same id may have other outputs."""
        stale = {task_id}
        grown = True
        while grown:
            more = {other for other, item in self._assigned.items() if stale.intersection(dependencies(item.task))}
            grown = not more <= stale
            stale |= more
        for stale_id in stale:
            if (performing := self._performing.pop(stale_id, None)) is not None:
                performing.cancel()
            self._results.pop(stale_id, None)
            self._fan_out.remove(stale_id)
        self._assigned.pop(task_id, None)
        anew = [self._assigned[stale_id] for stale_id in stale - {task_id}]
        for item in anew:
            self._fan_out.add(item.task)
        for item in anew:
            self._start(item)

    def _result(self, task_id: str) -> asyncio.Future[TaskResult]:
        if task_id not in self._results:
            self._results[task_id] = asyncio.get_running_loop().create_future()
        return self._results[task_id]

    async def _perform(self, assigned: AssignedTask, result: asyncio.Future[TaskResult]) -> None:
        task = assigned.task
        trace_context.task.set(task.id)
        needed = dependencies(task)
        reservation = ""
        if any(not self._result(task_id).done() for task_id in needed):
            reservation = self._reservations.reserve(assigned)
        upstream = {task_id: await asyncio.shield(self._result(task_id)) for task_id in needed}
        started = time.perf_counter()
        failed = next((other for other in upstream.values() if not other.succeeded), None)
        if failed is not None:
            message = f"Task {failed.task_id!r}, which {task.id!r} refers to, did not succeed."
            error = Reason.UPSTREAM_FAILED.error(message, task_id=failed.task_id)
            ended = TaskResult(task.id, TaskState.SKIPPED, error=Error.of(error))
        else:
            about = {"orchestrion.task": task.id, "orchestrion.task_type": task.type}
            with tracing.span(tracing.SpanName.TASK, about) as span:
                ended = await self._run_task(assigned, upstream, reservation)
                if ended.error is not None:
                    span.fail(ended.error.reason)
        self._finish(assigned, ended, (time.perf_counter() - started) * 1000)
        if ended.succeeded:
            # Before those that wait for it go on: each is to know what all of them make.
            self._fan_out.finish(task.id, ended.outputs)
        result.set_result(ended)

    async def _run_task(
        self, assigned: AssignedTask, upstream: Mapping[str, TaskResult], reservation: str
    ) -> TaskResult:
        task = assigned.task
        try:
            task_type = self._task_types[task.type]
            resolved = await self._texts.read(task, task_type, folding.resolve(task, upstream))
            items = folding.unfold(task, task_type, resolved)
            self._fan_out.check(task.id, None if items is None else len(items))
            if items is None:
                outputs = await self._call(assigned, resolved, ItemIndex(), reservation)
                self._check_outputs(size_of_outputs(outputs), task.id)
            else:
                outputs = await self._call_each(assigned, items, reservation)
        except OrchestrionError as error:
            described = Error.of(error)
            described = replace(described, metadata={"task_id": task.id, **described.metadata})
            return TaskResult(task.id, TaskState.FAILED, error=described)
        except Exception:
            # Any error at all: dependent tasks await this future and must not hang.
            _log.exception("%s/%s failed", self._run, task.id)
            fault = Reason.INTERNAL.error("The controller met a fault of its own; its log has the details.")
            return TaskResult(task.id, TaskState.FAILED, error=Error.of(fault))
        return TaskResult(task.id, TaskState.SUCCEEDED, outputs)

    async def _call(self, assigned: AssignedTask, inputs: Inputs, item: ItemIndex, reservation: str) -> Outputs:
        self._sizes.check(assigned.task.id, inputs)
        now = await self._attempts.reassigned(assigned, inputs)
        if now.assignment is not assigned.assignment:
            reservation = ""
            if item.index is None:
                self._out.put_nowait(TaskAssigned(now.assignment))
        language_input = folding.language_input(self._task_types[now.task.type], inputs)
        call = ItemCall(self._run, now, language_input, item, reservation)
        return await self._attempts.perform(call, self._out.put_nowait)

    async def _call_each(self, assigned: AssignedTask, items: UnfoldedInputs, reservation: str) -> Outputs:
        outputs: list[Outputs] = [{}] * len(items)
        waiting = iter(range(len(items)))
        size = ValueSize(0, 0)

        most_callers = self._sizes.open_count(items, self._limits.max_open_calls)
        callers = 1

        async def call_next_ones() -> None:
            nonlocal size, callers
            # The iterator is shared: whichever caller is free takes the next item.
            for index in waiting:
                item = ItemIndex(index, len(items))
                async with self._open_calls:
                    if callers < most_callers and not self._open_calls.locked():
                        callers += 1
                        group.create_task(call_next_ones())
                    outputs[index] = await self._call(assigned, items[index], item, reservation if index == 0 else "")
                size = size.plus(size_of_outputs(outputs[index]))
                self._check_outputs(size, assigned.task.id)

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(call_next_ones())
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return folding.fold(self._task_types[assigned.task.type], outputs)

    def _check_outputs(self, size: ValueSize, task_id: str) -> None:
        self._limits.result.check(size, f"Task {task_id!r}", task_id=task_id)

    def _finish(self, assigned: AssignedTask, result: TaskResult, duration_ms: float) -> None:
        self._out.put_nowait(TaskFinished(result, duration_ms))
        metrics, state = self._metrics, result.state.name.lower()
        task_type = metrics.task_type(assigned.task.type)
        metrics.tasks.labels(task_type, metrics.expert(assigned.assignment.expert_id), state).inc()
        metrics.task_seconds.labels(task_type).observe(duration_ms / 1000, exemplar())
