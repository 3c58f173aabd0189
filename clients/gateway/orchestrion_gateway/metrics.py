"""Metrics of a gateway for Prometheus: its calls by route, what they take and move, and what serves them."""

from __future__ import annotations

import contextlib
import platform
import socket
import threading
from importlib.metadata import version
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
    start_http_server,
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
        self.build = Info(
            "orchestrion_gateway_build", "1 with the versions that run, as labels.", registry=self.registry
        )
        self.build.info({"version": version("orchestrion"), "python": platform.python_version()})


class GatewayMetricsEndpoint:
    """Serves a registry over HTTP on a thread of its own, so that a busy event loop can still be watched."""

    def __init__(self, registry: CollectorRegistry, address: str, port: int) -> None:
        """Starts to serve.

        Args:
            registry: What to serve.
            address: The address to bind, such as `127.0.0.1`.
            port: The port; 0 takes a free one.

        Raises:
            OSError: The port is taken.
        """
        self._address = address
        try:
            self._server, self._thread = start_http_server(port, addr=address, registry=registry)
        except OSError as error:
            raise OSError(f"cannot serve metrics on {address}:{port}: {error.strerror or error}") from error
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Stops serving and waits for the thread."""
        stopping = threading.Thread(target=self._server.shutdown)
        stopping.start()
        # The server looks at its stop flag twice a second; a connection makes it look at once.
        with contextlib.suppress(OSError):
            socket.create_connection((self._address, self.port), timeout=1).close()
        stopping.join()
        self._server.server_close()
        self._thread.join()
