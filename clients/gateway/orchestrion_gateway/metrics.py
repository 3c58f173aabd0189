"""Metrics of a gateway for Prometheus: its calls by route, what they take and move, and what serves them."""

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

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds in seconds, those of the servers: from a page's file to a long run."""


class GatewayMetrics:
    """What is counted and timed, in a registry of its own."""

    def __init__(self) -> None:
        """Makes the metrics, all at 0."""
        # The `_created` series would double what Prometheus stores, and no query uses them.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # Its authors have not typed it.
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = Counter(
            "orchestrion_gateway_requests",
            "HTTP requests ended, by method, route and status; 499 where the caller left before the response began.",
            ["method", "route", "code"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "orchestrion_gateway_request_seconds",
            "Time from the head of an HTTP request to the end of its response; for a stream, the whole stream.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.open = Gauge(
            "orchestrion_gateway_requests_open", "HTTP requests going on, streams among them.", registry=self.registry
        )
        self.streams = Gauge(
            "orchestrion_gateway_streams_open", "Streams of events going on.", ["route"], registry=self.registry
        )
        self.moved = Counter(
            "orchestrion_gateway_body_bytes",
            "Bytes of bodies, by direction (received, sent).",
            ["direction"],
            registry=self.registry,
        )
        self.asyncio_tasks = Gauge(
            "orchestrion_gateway_asyncio_tasks",
            "Tasks of asyncio that have not ended; one call has a few.",
            registry=self.registry,
        )
        self.ready = Gauge(
            "orchestrion_gateway_ready",
            "1 while the gateway takes calls and the controller answered it last, else 0.",
            registry=self.registry,
        )
        self.build = Info(
            "orchestrion_gateway_build", "1 with the versions that run, as labels.", registry=self.registry
        )
        self.build.info({"version": version("orchestrion"), "python": platform.python_version()})

    def count_tasks(self, loop: asyncio.AbstractEventLoop) -> None:
        """Has the tasks of an event loop counted whenever somebody reads the metrics; that may be on another thread."""
        self.asyncio_tasks.set_function(lambda: len(asyncio.all_tasks(loop)))
