"""The protocol over HTTP: sessions, of which idle ones end, and the one task that owns them."""

from __future__ import annotations

import asyncio

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from orchestrion import AsyncClient
from orchestrion_gateway.config import GatewayConfig
from orchestrion_gateway.mcp_server.server import ProtocolServer


class Sessions:
    """Serves HTTP requests of the protocol, in sessions or without, as the version of the client has it."""

    def __init__(self, config: GatewayConfig, client: AsyncClient) -> None:
        """Serves nothing yet.

        Args:
            config: The settings of the gateway.
            client: The client of the controller.
        """

        async def connect() -> AsyncClient:
            return client

        # Names of hosts and origins are the boundary's to check, before anything comes here.
        self._transport = StreamableHTTPSessionManager(
            ProtocolServer(connect),
            max_request_body_size=config.max_body_bytes,
            session_idle_timeout=config.mcp_idle_s,
            max_sessions=config.mcp_max_sessions,
        )

    async def live(self, ready: asyncio.Event, ending: asyncio.Event) -> None:
        """Owns the sessions until all is to end, which ends them and what they do."""
        async with self._transport.run():
            ready.set()
            await ending.wait()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        await self._transport.handle_request(scope, receive, send)
