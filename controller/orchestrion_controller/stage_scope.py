"""A stage in the log of a run: its first and last events around what it yields, and its metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from orchestrion.errors import RunCancelledError
from orchestrion.events import (
    Payload,
    PlanFinished,
    PlanRejected,
    Stage,
    StageFinished,
    StageOutcome,
    StageStarted,
    TaskPlanned,
)
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.stages import StageItem, Usage
from orchestrion_serving import tracing
from orchestrion_serving.metrics import exemplar


class EventLog(Protocol):
    """The part of a run's log that a stage writes to."""

    def append(self, stage: Stage, payload: Payload) -> None:
        """Adds an event; the log numbers it, writes it and shows it to readers."""


class StageScope:
    """An open stage: what it yields is logged, its use of a language model is added up."""

    def __init__(self, log: EventLog, stage: Stage, metrics: ControllerMetrics) -> None:
        """Writes to a log, under a stage, and counts what it plans."""
        self._metrics = metrics
        self._started = time.perf_counter()
        self._has_planned = False
        self._log = log
        self._stage = stage
        self.usage = Usage()

    def take(self, item: StageItem) -> Payload | None:
        """Logs a payload and returns it; adds up usage and returns None."""
        if isinstance(item, Usage):
            self.usage += item
            return None
        self._log.append(self._stage, item)
        match item:
            case TaskPlanned() if not self._has_planned:
                self._has_planned = True
                self._metrics.first_task_seconds.observe(time.perf_counter() - self._started, exemplar())
            case PlanRejected():
                self._metrics.plan_repairs.inc()
            case PlanFinished(not_done=not_done):
                self._metrics.not_done.inc(len(not_done))
        return item


def stage_span(stage: Stage, performer: str) -> AbstractContextManager[tracing.TraceSpan]:
    """Opens the span of a stage; that of Execute is opened by the execution, whose tasks begin before its first event.

    A stage that opens within another, as Select does while the plan is being written, is a part of the run all the
    same, and what goes on in the other stays a part of that.
    """
    if not tracing.is_on() or stage is Stage.EXECUTE:
        return nullcontext(tracing.NO_SPAN)
    attributes = {"orchestrion.stage": stage.name.lower(), "orchestrion.performer": performer}
    outer = tracing.current()
    name = f"{tracing.SpanName.STAGE} {stage.name.lower()}"
    if outer is None or outer.name.startswith(tracing.SpanName.STAGE):
        return tracing.beside(name, attributes, outer)
    return tracing.span(name, attributes)


@contextmanager
def stage_scope(log: EventLog, stage: Stage, metrics: ControllerMetrics, performer: str = "") -> Iterator[StageScope]:
    """Opens a stage, and closes it with the outcome that the body had.

    Args:
        log: The run's log.
        stage: The stage.
        metrics: Where it is counted and timed.
        performer: What performs it, such as `builtin`.
    """
    log.append(stage, StageStarted(performer))
    scope, started, outcome = StageScope(log, stage, metrics), time.perf_counter(), StageOutcome.FAILED
    try:
        with stage_span(stage, performer):
            yield scope
        outcome = StageOutcome.SUCCEEDED
    except (asyncio.CancelledError, RunCancelledError):
        outcome = StageOutcome.CANCELLED
        raise
    finally:
        seconds, usage = time.perf_counter() - started, scope.usage
        log.append(
            stage,
            StageFinished(
                outcome,
                seconds * 1000,
                usage.llm_call_count,
                usage.prompt_token_count,
                usage.completion_token_count,
                usage.cached_token_count,
            ),
        )
        name = stage.name.lower()
        metrics.stages.labels(name, outcome.name.lower()).inc()
        metrics.stage_seconds.labels(name).observe(seconds, exemplar())
        if usage.llm_call_count:
            metrics.llm_tokens.labels(name, "prompt").inc(usage.prompt_token_count)
            metrics.llm_tokens.labels(name, "cached").inc(usage.cached_token_count)
            metrics.llm_tokens.labels(name, "completion").inc(usage.completion_token_count)
