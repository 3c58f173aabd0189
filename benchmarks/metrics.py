"""Times what metrics cost, of one gRPC call and of one run, in microseconds of processor time.

    .venv/bin/python benchmarks/metrics.py

The call passes through the real interceptor, with and without an exemplar. The run writes what a controller writes for
a run of three tasks with a plan and an answer by a language model. The bar is 20 µs a call and 100 µs a run.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_serving import trace_context
from orchestrion_serving.interceptors import MetricsInterceptor

_REPEATS: Final = 10_000
_TASKS: Final = 3


class _Context:
    """The part of a call's context that the interceptor reads."""

    def code(self) -> None:
        """Returns no code, which is OK."""


class _Span:
    """A span that is sampled."""

    trace_id = "ab" * 16


async def _behaviour(request: object, context: object) -> object:
    del context
    return request


async def call_us(*, traced: bool) -> float:
    """Returns what the interceptor adds to a unary call, in microseconds."""
    trace_context.span.set(_Span() if traced else None)
    around = MetricsInterceptor(ControllerMetrics()).around_unary("/orchestrion.v1.RunService/GetRun", _behaviour)
    context: Any = _Context()

    async def timed(call: Callable[[object, Any], Any]) -> float:
        started = time.thread_time()
        for _ in range(_REPEATS):
            await call(None, context)
        return (time.thread_time() - started) / _REPEATS * 1e6

    return await timed(around) - await timed(_behaviour)


def run_us() -> float:
    """Returns what a run's own metrics cost, in microseconds."""
    metrics = ControllerMetrics()
    metrics.define_task_types(["test-delay"])
    started = time.thread_time()
    for _ in range(_REPEATS):
        metrics.runs_started.labels("full").inc()
        metrics.runs_running.inc()
        metrics.first_task_seconds.observe(0.1)
        for stage in ("plan", "select", "execute", "respond"):
            metrics.stages.labels(stage, "succeeded").inc()
            metrics.stage_seconds.labels(stage).observe(0.1)
        for stage in ("plan", "respond"):
            metrics.llm_first_token_seconds.labels(stage).observe(0.1)
            metrics.llm_calls.labels(stage, "succeeded").inc()
            metrics.llm_call_seconds.labels(stage).observe(0.1)
            for direction in ("prompt", "cached", "completion"):
                metrics.llm_tokens.labels(stage, direction).inc(100)
        for _ in range(_TASKS):
            metrics.selections.labels("1").inc()
            metrics.attempts.labels("OK").inc()
            task_type = metrics.task_type("test-delay")
            metrics.tasks.labels(task_type, metrics.expert("echo"), "succeeded").inc()
            metrics.task_seconds.labels(task_type).observe(0.1)
        metrics.runs_running.dec()
        metrics.runs.labels("full", "succeeded").inc()
        metrics.run_seconds.labels("full").observe(1.0)
    return (time.thread_time() - started) / _REPEATS * 1e6


def main() -> int:
    """Times, prints, and returns the exit status."""
    print(f"a gRPC call                   {asyncio.run(call_us(traced=False)):7.1f} µs (at most 20)")
    print(f"a gRPC call with an exemplar  {asyncio.run(call_us(traced=True)):7.1f} µs (at most 20)")
    print(f"a run of {_TASKS} tasks              {run_us():7.1f} µs (at most 100)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
