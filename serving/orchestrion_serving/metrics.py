"""Metrics of a server process: its own registry, the gRPC calls, its build and its event loop."""

from __future__ import annotations

import asyncio
import platform
from importlib.metadata import version
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from orchestrion.errors import Reason
from orchestrion_serving.trace_context import current_trace_id

LATENCY_BUCKETS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    300.0,
)
"""Upper bounds in seconds, from a cached call to a long diffusion."""

LAG_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds in seconds, from an idle event loop to one that is held."""


def reason_label(reason: str) -> str:
    """Returns the label of the reason of an error; `other` for one that is none of the API's own."""
    return reason if reason in Reason.__members__ else "other"


def exemplar() -> dict[str, str] | None:
    """Returns the exemplar of what is observed now: the id of the trace at hand; None where there is none."""
    trace_id = current_trace_id()
    return {"trace_id": trace_id} if trace_id else None


class CallMetrics:
    """Counts and times gRPC calls, and watches the process. Other metrics of the process use the same registry."""

    def __init__(self, prefix: str) -> None:
        """Makes the metrics `{prefix}_grpc_…` in a registry of their own.

        Args:
            prefix: The server's name, such as `orchestrion_controller`.
        """
        # The `_created` series would double what Prometheus stores, and no query uses them.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # Its authors have not typed it.
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.calls = Counter(
            f"{prefix}_grpc_calls",
            "gRPC calls ended, by method and status code.",
            ["method", "code"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            f"{prefix}_grpc_call_seconds",
            "Time from the start of a gRPC call to its end; for a stream, the whole stream.",
            ["method"],
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.open = Gauge(f"{prefix}_grpc_calls_open", "gRPC calls going on.", ["method"], registry=self.registry)
        self.event_loop_lag = Histogram(
            f"{prefix}_event_loop_lag_seconds",
            "How long after its time a timer of the event loop ran; one is set ten times a second.",
            buckets=LAG_BUCKETS,
            registry=self.registry,
        )
        self.event_loop_callback = Histogram(
            f"{prefix}_event_loop_callback_cpu_seconds",
            "Processor time of the event loop's thread from the beginning of one callback to another's; those that "
            "together take less than a millisecond are one observation.",
            buckets=LAG_BUCKETS,
            registry=self.registry,
        )
        self.asyncio_tasks = Gauge(
            f"{prefix}_asyncio_tasks",
            "Tasks of asyncio that have not ended; one call or run has a few.",
            registry=self.registry,
        )
        self.ready = Gauge(
            f"{prefix}_ready",
            "1 while `/readyz` says that the server can be given work, else 0.",
            registry=self.registry,
        )
        self.build = Info(f"{prefix}_build", "1 with the versions that run, as labels.", registry=self.registry)
        self.build.info({"version": version("orchestrion"), "python": platform.python_version()})

    def count_tasks(self, loop: asyncio.AbstractEventLoop) -> None:
        """Has the tasks of an event loop counted whenever somebody reads the metrics; that may be on another thread."""
        self.asyncio_tasks.set_function(lambda: len(asyncio.all_tasks(loop)))
