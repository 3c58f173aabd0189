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
from grpc_reflection.v1alpha import reflection

from orchestrion import listening, logs
from orchestrion._net.loopback import exempt_from_proxies
from orchestrion._net.transport import MAX_MESSAGE_BYTES, server_options
from orchestrion.listening import ListenAddress, SocketFile
from orchestrion_serving import trace_context, tracing
from orchestrion_serving.call_limits import CallLimitInterceptor
from orchestrion_serving.callback_watch import CallbackWatch
from orchestrion_serving.health import READINESS, Readiness
from orchestrion_serving.health_service import HealthService
from orchestrion_serving.interceptors import (
    DeadlineInterceptor,
    ErrorInterceptor,
    MessageInterceptor,
    MetricsInterceptor,
    TracingInterceptor,
)
from orchestrion_serving.loop_watch import LoopWatch
from orchestrion_serving.metrics import CallMetrics
from orchestrion_serving.request_bounds import DEFAULT_BOUNDS, RequestBounds
from orchestrion_serving.stop_signals import StopSignals
from orchestrion_serving.unserved import UnservedInterceptor

T = TypeVar("T")
_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of Linux's prctl(2).


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a server's main coroutine, on uvloop where it is installed."""
    # Also for the programs and workers that it starts: no proxy reaches what is on this machine.
    exempt_from_proxies(os.environ)
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
    logging.getLogger("grpc._cython.cygrpc").addFilter(_is_no_late_answer)


def _is_no_late_answer(record: logging.LogRecord) -> bool:
    """Leaves out what gRPC logs as an error, with a traceback, when a client has gone before its answer was sent."""
    return not record.getMessage().startswith("ExecuteBatchError raised in core by servicer method")


def exit_with_parent() -> None:
    """Has the kernel send SIGTERM when the parent process dies, however it dies. Does nothing outside Linux."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:  # The parent died before prctl took effect.
            os.kill(os.getpid(), signal.SIGTERM)


class GrpcServer:
    """A gRPC server with interceptors, health and reflection, on one port or unix socket."""

    def __init__(
        self,
        metrics: CallMetrics,
        bounds: RequestBounds = DEFAULT_BOUNDS,
        *,
        unary_timeout_s: float = 120.0,
        max_calls: int = 4_096,
        believe_all: bool = False,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
    ) -> None:
        """Makes the server; add services to `server`, then `start`.

        Args:
            metrics: Where calls are counted.
            bounds: How large requests may be.
            unary_timeout_s: How long a unary call without a deadline may take, in seconds.
            max_calls: How many calls may go on at once.
            believe_all: Whether every peer may say for whom it calls, as `callers.caller_of`.
            max_message_bytes: The largest message that it takes and sends.
        """
        outermost = [UnservedInterceptor(), *([TracingInterceptor()] if tracing.is_on() else [])]
        own = [
            MetricsInterceptor(metrics),
            ErrorInterceptor(),
            CallLimitInterceptor(max_calls, believe_all=believe_all),
            DeadlineInterceptor(unary_timeout_s),
            MessageInterceptor(bounds),
        ]
        interceptors = [*outermost, *own]
        self.server = grpc.aio.server(interceptors=interceptors, options=server_options(max_message_bytes))
        self.port = 0
        """The port; 0 for a unix socket."""
        self.address = ""
        """Where clients reach it, once it has started: `host:port`, `[::1]:port` or `unix:/path`."""
        self._file: SocketFile | None = None
        self._metrics = metrics
        self.readiness = Readiness()
        """Whether the server should be given work; told by `/readyz`, by gRPC's health and by a metric."""
        metrics.ready.set_function(lambda: not self.readiness.problems())
        self._watch = LoopWatch(metrics.event_loop_lag, self._follow_readiness)
        self._callbacks = CallbackWatch(metrics.event_loop_callback)
        self._is_ready = False
        self._telling: asyncio.Task[None] | None = None
        self._health = HealthService()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)

    async def start(self, address: str, port: int, services: Sequence[str]) -> None:
        """Binds, starts, and reports every service as serving.

        Args:
            address: The address to bind, or `unix:/path`.
            port: The port; 0 takes a free one, which is then in `port`.
            services: The full names of the services added.

        Raises:
            OSError: The port is taken, or the address is none of this machine's; the message has the cure.
            ValueError: The address cannot be one.
        """
        reflection.enable_server_reflection(
            [*services, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME],
            self.server,
        )
        self._bind(ListenAddress.read(address, port))
        await self.server.start()
        for service in ("", *services):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        self.readiness.open()
        self._is_ready = not self.readiness.problems()
        await self._health.set(READINESS, _status(self._is_ready))
        self._watch.start()
        self._callbacks.start()
        self._metrics.count_tasks(asyncio.get_running_loop())

    def drain(self) -> None:
        """Reports not ready, at `/readyz` and to whoever watches gRPC's health; calls are taken still."""
        self.readiness.drain()
        self._follow_readiness()

    async def stop(self, grace_s: float) -> None:
        """Reports not serving, takes no new calls, and cancels calls that have not ended within `grace_s` seconds."""
        self.readiness.drain()
        self._watch.stop()
        self._callbacks.stop()
        await self._health.enter_graceful_shutdown()
        await self.server.stop(grace_s)
        if self._file is not None:
            self._file.remove()

    def _bind(self, address: ListenAddress) -> None:
        self._file = file = SocketFile(address)
        # gRPC does not say why it cannot listen, and writes lines of its own to the log: binding it here before does.
        cause = None if address.is_socket_file else listening.why_not(address)
        if cause is None:
            try:
                with file.being_made():
                    port = self.server.add_insecure_port(str(address))
            except OSError as error:
                cause = error
            except RuntimeError as error:
                cause = listening.why_not(address) or OSError(str(error))
        if cause is not None:
            raise listening.explained(address, cause, address_flag="--listen-host", port_flag="--port") from cause
        self.port = 0 if address.is_socket_file else port
        self.address = str(address.with_port(port))

    def _follow_readiness(self) -> None:
        is_ready = not self.readiness.problems()
        if is_ready != self._is_ready and (self._telling is None or self._telling.done()):
            self._is_ready = is_ready
            self._telling = asyncio.get_running_loop().create_task(self._health.set(READINESS, _status(is_ready)))


def _status(is_serving: bool) -> Any:  # The stubs have no name for the type of the enum.
    response = health_pb2.HealthCheckResponse
    return response.SERVING if is_serving else response.NOT_SERVING


async def serve_until_stopped(
    signals: StopSignals, grpc_address: str, metrics_address: str, stop: Callable[[], Awaitable[None]]
) -> None:
    """Says that the server serves, waits for a signal, then stops in order.

    Args:
        signals: Those that end it. Whoever reads the line that says where it serves may send one at once.
        grpc_address: Where it serves calls, as `host:port` or `unix:/path`.
        metrics_address: Where it serves metrics, likewise.
        stop: Stops it in order.
    """
    _announce(grpc_address, metrics_address)
    # Everything allocated so far lives as long as the process: freezing it keeps full collections short.
    gc.collect()
    gc.freeze()
    await signals.wait()
    await stop()


def _announce(grpc_address: str, metrics_address: str) -> None:
    """Prints the one line on stdout by which a supervisor learns that the server serves, and where."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"ready grpc={grpc_address} metrics={metrics_address}\n")
        sys.stdout.flush()
