"""The HTTP server of the protocol: a socket of its own, served on the host's loop."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import Generator
from typing import Final

import uvicorn

from orchestrion import listening
from orchestrion.listening import ListenAddress
from orchestrion_host.open_inference.http.app import ProtocolApp

_BACKLOG: Final = 1024


class HttpServer:
    """Serves an application until it is stopped."""

    def __init__(self, app: ProtocolApp) -> None:
        """Keeps the application; nothing listens yet."""
        self._app = app
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.address = ""
        """Where it serves, `host:port`, once it has started."""

    async def start(self, address: ListenAddress, max_calls: int) -> None:
        """Listens and serves.

        Args:
            address: Where; port 0 takes a free one.
            max_calls: How many connections and requests may be open at once; one more is answered with 503.

        Raises:
            OSError: The port is taken, or the address is none of this machine's.
        """
        try:
            bound, _ = listening.bound(address)
        except OSError as error:
            raise listening.explained(address, error, address_flag="--listen-host", port_flag="--http-port") from error
        bound.listen(_BACKLOG)
        self.address = str(address.with_port(bound.getsockname()[1]))
        settings = uvicorn.Config(
            self._app,
            lifespan="off",
            http="h11",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=max_calls,
        )
        self._server = _Server(settings)
        self._serving = asyncio.create_task(self._server.serve(sockets=[bound]))
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
