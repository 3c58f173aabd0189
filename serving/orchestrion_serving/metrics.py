"""Metrics of a server process: its own registry, the gRPC calls, and the HTTP endpoint that Prometheus reads."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

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


class CallMetrics:
    """Counts and times gRPC calls. Other metrics of the process use the same registry."""

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


class MetricsEndpoint:
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
        self._server, self._thread = start_http_server(port, addr=address, registry=registry)
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Stops serving and waits for the thread."""
        stopping = threading.Thread(target=self._server.shutdown)
        stopping.start()
        # The server polls its stop flag twice a second; a connection makes it check at once.
        with contextlib.suppress(OSError):
            socket.create_connection((self._address, self.port), timeout=1).close()
        stopping.join()
        self._server.server_close()
        self._thread.join()
