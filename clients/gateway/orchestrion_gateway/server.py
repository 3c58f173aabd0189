"""A gateway that serves: the controller's client, the socket and the HTTP server, put together and taken apart."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import uvicorn

from orchestrion import AsyncClient, Reason, listening
from orchestrion.listening import ListenAddress, SocketFile
from orchestrion_gateway.app import create_app
from orchestrion_gateway.config import GatewayConfig
from orchestrion_gateway.health import GatewayHealth
from orchestrion_gateway.measured import MeasuringMiddleware
from orchestrion_gateway.metrics import GatewayMetrics
from orchestrion_gateway.metrics_endpoint import GatewayMetricsEndpoint

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from orchestrion_gateway.tracing import TracingMiddleware

_GONE_AFTER_S: Final = 60
"""How long a browser may take nothing of what is sent, until its connection is given up, in seconds."""

_FIRST_ANSWER_S: Final = 10.0
"""How long the controller may take to answer when the gateway starts, in seconds."""


class Gateway:
    """Serves a controller over HTTP."""

    def __init__(self, config: GatewayConfig, *, access_log: bool = False) -> None:
        """Prepares the gateway; nothing is sent yet.

        Raises:
            FailedPreconditionError: It is to trace, and OpenTelemetry is not installed.
        """
        self._config = config
        self._access_log = access_log
        self._client: AsyncClient | None = None
        self._server: _Server | None = None
        self._where = ListenAddress.read(config.listen_host, config.port)
        self._file: SocketFile | None = None
        self._serving: asyncio.Task[None] | None = None
        self._endpoint: GatewayMetricsEndpoint | None = None
        self._health: GatewayHealth | None = None
        self._tracing: TracingMiddleware | None = None
        if config.otlp_endpoint and find_spec("opentelemetry.exporter") is None:
            raise Reason.NOT_CONFIGURED.error(
                "otlp_endpoint: tracing needs OpenTelemetry; install it: pip install 'orchestrion[tracing]'.",
                field="otlp_endpoint",
            )
        self.metrics = GatewayMetrics()
        """What is counted and timed."""
        self.port = 0
        """The port that it serves on, once it has started."""

    @property
    def address(self) -> str:
        """Returns where it serves: `host:port`, `[::1]:port` or `unix:/path`."""
        return str(self._where)

    @property
    def metrics_address(self) -> str:
        """Returns where the metrics are, likewise, once it has started."""
        return self._endpoint.address if self._endpoint is not None else ""

    @property
    def controller(self) -> str:
        """Returns the address of the controller, once it has started."""
        return self._client.address if self._client is not None else ""

    async def start(self) -> None:
        """Makes sure that the controller answers, and serves.

        Raises:
            OrchestrionError: No controller answers.
            OSError: A port is taken, or the address is none of this machine's.
        """
        config = self._config
        client = AsyncClient(config.controller)
        try:
            # A gateway without its controller can do nothing, and this is the moment at which somebody looks.
            await client.task_types.list(timeout=_FIRST_ANSWER_S)
            bound, self._file = _listen(self._where)
            self._health = GatewayHealth(client, self.metrics)
            try:
                self._endpoint = GatewayMetricsEndpoint(
                    self.metrics.registry, config.metrics_address, config.metrics_port, self._health.pages()
                )
            except OSError:
                bound.close()
                self._file.remove()
                raise
        except BaseException:
            await client.close()
            raise
        self._client = client
        if not self._where.is_socket_file:
            self.port = bound.getsockname()[1]
            self._where = self._where.with_port(self.port)
        ending = asyncio.Event()
        settings = uvicorn.Config(
            self._traced(MeasuringMiddleware(create_app(config, client, ending), self.metrics)),
            lifespan="off",
            # Also where httptools is installed, which takes headers of any size.
            http="h11",
            log_config=None,
            access_log=self._access_log,
            server_header=False,
            # What a proxy says about the browser is believed of none: nothing here depends on it.
            proxy_headers=False,
            timeout_graceful_shutdown=max(1, round(config.shutdown_grace_s)),
        )
        self._server = _Server(settings, ending)
        self._serving = asyncio.create_task(self._server.serve(sockets=[bound]))
        await self._server.serves.wait()
        self.metrics.count_tasks(asyncio.get_running_loop())

    async def stop(self) -> None:
        """Ends the streams, waits for calls that go on, and closes the client; runs go on as `on_detach` says."""
        if self._health is not None:
            self._health.drain()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        if self._file is not None:
            self._file.remove()
        if self._client is not None:
            await self._client.close()
        if self._endpoint is not None:
            await asyncio.to_thread(self._endpoint.close)
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.close)

    def _traced(self, app: MeasuringMiddleware) -> ASGIApp:
        if not self._config.otlp_endpoint:
            return app
        from orchestrion_gateway.tracing import TracingMiddleware

        self._tracing = TracingMiddleware(app, self._config.otlp_endpoint)
        return self._tracing


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it serves, ends streams when it stops, and leaves signals to the process."""

    def __init__(self, config: uvicorn.Config, ending: asyncio.Event) -> None:
        super().__init__(config)
        self.serves = asyncio.Event()
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serves.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _listen(address: ListenAddress) -> tuple[socket.socket, SocketFile]:
    try:
        bound, file = listening.bound(address)
        bound.listen(1024)
    except OSError as error:
        raise listening.explained(address, error, address_flag="--host", port_flag="--port") from error
    if hasattr(socket, "TCP_USER_TIMEOUT") and not address.is_socket_file:
        # Connections inherit it. A browser that vanished without a word, or takes nothing, is given up by the kernel.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE_AFTER_S * 1000)
    return bound, file
