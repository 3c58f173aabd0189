"""The life of a server process: logs, the gRPC server with health and reflection, the ready line, and a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection

from orchestrion import logs
from orchestrion._net.transport import MAX_MESSAGE_BYTES, server_options
from orchestrion_serving import trace_context, tracing
from orchestrion_serving.health import READINESS, Readiness
from orchestrion_serving.interceptors import (
    DeadlineInterceptor,
    ErrorInterceptor,
    MessageInterceptor,
    MetricsInterceptor,
    TracingInterceptor,
)
from orchestrion_serving.loop_watch import LoopWatch
from orchestrion_serving.metrics import CallMetrics

T = TypeVar("T")
_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of Linux's prctl(2).


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a server's main coroutine, on uvloop where it is installed."""
    try:
        import uvloop  # Not on every platform.
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)


def set_up_logging(level: str, form: str = "console", *, content: bool = False) -> None:
    """Writes logs to stderr as `logs.set_up`, with the ids of run, task and trace."""
    logs.set_up(level, form, trace_context.ids, content=content)
    # The HTTP client logs every call at INFO, with its URL.
    logging.getLogger("httpx2").setLevel(logging.WARNING)


def exit_with_parent() -> None:
    """Has the kernel send SIGTERM when the parent process dies, however it dies. Does nothing outside Linux."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:  # The parent died before prctl took effect.
            os.kill(os.getpid(), signal.SIGTERM)


class GrpcServer:
    """A gRPC server with interceptors, health and reflection, on one port."""

    def __init__(
        self, metrics: CallMetrics, *, unary_timeout_s: float = 120.0, max_message_bytes: int = MAX_MESSAGE_BYTES
    ) -> None:
        """Makes the server; add services to `server`, then `start`.

        Args:
            metrics: Where calls are counted.
            unary_timeout_s: How long a unary call without a deadline may take, in seconds.
            max_message_bytes: The largest message that it takes and sends.
        """
        outermost = [TracingInterceptor()] if tracing.is_on() else []
        own = [
            MetricsInterceptor(metrics),
            ErrorInterceptor(),
            DeadlineInterceptor(unary_timeout_s),
            MessageInterceptor(),
        ]
        interceptors = [*outermost, *own]
        self.server = grpc.aio.server(interceptors=interceptors, options=server_options(max_message_bytes))
        self.port = 0
        self.readiness = Readiness()
        """Whether the server should be given work; told by `/readyz`, by gRPC's health and by a metric."""
        metrics.ready.set_function(lambda: not self.readiness.problems())
        self._watch = LoopWatch(metrics.event_loop_lag, self._follow_readiness)
        self._is_ready = False
        self._telling: asyncio.Task[None] | None = None
        self._health = health_aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)

    async def start(self, address: str, port: int, services: Sequence[str]) -> None:
        """Binds, starts, and reports every service as serving.

        Args:
            address: The address to bind.
            port: The port; 0 takes a free one, which is then in `port`.
            services: The full names of the services added.

        Raises:
            OSError: The port is taken, or the address is none of this machine's.
        """
        reflection.enable_server_reflection(
            [*services, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME],
            self.server,
        )
        try:
            self.port = self.server.add_insecure_port(f"{address}:{port}")
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}:{port}: {error}") from error
        await self.server.start()
        for service in ("", *services):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        self.readiness.open()
        self._is_ready = not self.readiness.problems()
        await self._health.set(READINESS, _status(self._is_ready))
        self._watch.start()

    async def stop(self, grace_s: float) -> None:
        """Reports not serving, takes no new calls, and cancels calls that have not ended within `grace_s` seconds."""
        self.readiness.drain()
        self._watch.stop()
        await self._health.enter_graceful_shutdown()
        await self.server.stop(grace_s)

    def _follow_readiness(self) -> None:
        is_ready = not self.readiness.problems()
        if is_ready != self._is_ready and (self._telling is None or self._telling.done()):
            self._is_ready = is_ready
            self._telling = asyncio.get_running_loop().create_task(self._health.set(READINESS, _status(is_ready)))


def _status(is_serving: bool) -> Any:  # The stubs have no name for the type of the enum.
    response = health_pb2.HealthCheckResponse
    return response.SERVING if is_serving else response.NOT_SERVING


async def serve_until_stopped(grpc_address: str, metrics_address: str, stop: Callable[[], Awaitable[None]]) -> None:
    """Says that the server serves, waits for SIGTERM or SIGINT, then stops in order.

    A second signal ends the process at once.

    Args:
        grpc_address: Where it serves calls, as `host:port`.
        metrics_address: Where it serves metrics, as `host:port`.
        stop: Stops it in order.
    """
    loop = asyncio.get_running_loop()
    stop_requested = asyncio.Event()

    def ask() -> None:
        if stop_requested.is_set():
            os._exit(130)
        stop_requested.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)
    # Only now: whoever reads the line may send a signal at once, and without handlers that would kill.
    _announce(grpc_address, metrics_address)
    # Everything allocated so far lives as long as the process: freezing it keeps full collections short.
    gc.collect()
    gc.freeze()
    await stop_requested.wait()
    await stop()


def _announce(grpc_address: str, metrics_address: str) -> None:
    """Prints the one line on stdout by which a supervisor learns that the server serves, and where."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"ready grpc={grpc_address} metrics={metrics_address}\n")
        sys.stdout.flush()
