"""The HTTP server of the protocol: a socket of its own, served on the host's loop."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import Generator

import uvicorn

from orchestrion_host.open_inference.http.app import ProtocolApp


class HttpServer:
    """Serves an application until it is stopped."""

    def __init__(self, app: ProtocolApp) -> None:
        """Keeps the application; nothing listens yet."""
        self._app = app
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.port = 0
        """The port that it serves on, once it has started."""

    async def start(self, address: str, port: int) -> None:
        """Listens and serves.

        Args:
            address: The address to bind.
            port: The port; 0 takes a free one.

        Raises:
            OSError: The port is taken, or the address is none of this machine's.
        """
        host = address.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listening = socket.create_server((host, port), family=family, backlog=1024)
        except OSError as error:
            raise OSError(f"http_port: cannot listen on {host}:{port}: {error.strerror or error}") from error
        self.port = listening.getsockname()[1]
        settings = uvicorn.Config(
            self._app,
            lifespan="off",
            http="h11",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        self._server = _Server(settings)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        await self._server.serves.wait()

    async def stop(self, grace_s: float) -> None:
        """Takes no new requests, and gives up those that have not ended within the grace, in seconds."""
        if self._server is not None and self._serving is not None:
            self._server.config.timeout_graceful_shutdown = math.ceil(grace_s)
            self._server.should_exit = True
            await self._serving


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it serves, and leaves signals to the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serves = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serves.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
