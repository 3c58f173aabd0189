"""`/mcp`: the protocol over HTTP, loaded when a client first calls, and ended with the gateway."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from orchestrion import AsyncClient, Reason
from orchestrion_gateway.boundary import Boundary
from orchestrion_gateway.config import GatewayConfig
from orchestrion_gateway.errors import response_of
from orchestrion_gateway.mcp_server.following import GONE

if TYPE_CHECKING:
    from orchestrion_gateway.mcp_server.sessions import Sessions

_PATH: Final = "/mcp"
_SESSIONS: Final = "orchestrion_gateway.mcp_server.sessions"


def route(config: GatewayConfig, client: AsyncClient, ending: asyncio.Event) -> Route:
    """Returns the route, for all methods.

    Args:
        config: The settings of the gateway.
        client: The client of the controller.
        ending: Set when the gateway stops.
    """
    return Route(_PATH, McpEndpoint(config, client, ending), include_in_schema=False)


class McpEndpoint:
    """Answers requests of the protocol; the first one starts what serves it."""

    def __init__(self, config: GatewayConfig, client: AsyncClient, ending: asyncio.Event) -> None:
        """Starts nothing yet; arguments as those of `route`."""
        self._config = config
        self._client = client
        self._ending = ending
        self._boundary = Boundary.of(config)
        self._starting: asyncio.Task[Sessions] | None = None
        self._living: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, until it is answered, its caller leaves, or the gateway stops."""
        headers = Headers(scope=scope)
        # Of other origins nothing is taken here, by no method: so the protocol has it.
        refusal = self._boundary.refusal(
            "POST", headers.get("host", ""), headers.get("origin"), headers.get("sec-fetch-site")
        )
        if refusal is not None:
            await response_of(refusal.error, refusal.status)(scope, receive, send)
            return
        started = ended = False

        async def send_noted(message: Message) -> None:
            nonlocal started, ended
            started = True
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        gone = scope[GONE] = asyncio.Event()
        serving = asyncio.create_task(self._serve(scope, receive, send_noted))
        ending = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
        finally:
            gone.set()
            serving.cancel()
            ending.cancel()
            await asyncio.gather(serving, ending, return_exceptions=True)
            if self._ending.is_set() and self._living is not None:
                # What sessions do ends with them, and needs the client, which is closed when no call goes on.
                await asyncio.wait({self._living})
        if started and not ended:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        elif not started:
            error = Reason.SERVER_STOPPING.error("The gateway stops.")
            await response_of(error, HTTPStatus.SERVICE_UNAVAILABLE)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
        sessions = await asyncio.shield(self._starting)
        await sessions.serve(scope, receive, send)

    async def _start(self) -> Sessions:
        # The library takes most of a second to load, which streams of others must not wait for.
        module = await asyncio.to_thread(import_module, _SESSIONS)
        sessions: Sessions = module.Sessions(self._config, self._client)
        ready = asyncio.Event()
        self._living = asyncio.create_task(sessions.live(ready, self._ending))
        await ready.wait()
        return sessions
