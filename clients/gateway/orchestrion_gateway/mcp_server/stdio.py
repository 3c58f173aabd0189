"""The protocol over standard input and output: one client, which started the process, and the process's life."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, cast

import anyio
from mcp.server.stdio import stdio_server

from orchestrion import AsyncClient
from orchestrion_gateway.mcp_server.server import ProtocolServer
from orchestrion_gateway.mcp_server.standard_input import StandardInput
from orchestrion_gateway.mcp_server.tool_calls import LocalFiles

_LONGEST_MESSAGE_BYTES: Final = 64 << 20
"""How long a message of the client may be, in bytes: files in data: URIs are part of it."""

Connecting = Callable[[], AbstractAsyncContextManager[AsyncClient]]
"""Returns what has the client of the controller when it is entered; starts the controller, perhaps."""


def run(connecting: Connecting, local: LocalFiles, log_level: str) -> None:
    """Serves the client until it closes standard input, or a signal comes; a second one ends the process at once.

    Raises:
        OrchestrionError: The servers could not be started; or a message is too long.
    """
    # Standard output is the protocol's.
    logging.basicConfig(
        level=log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    asyncio.run(_live(connecting, local))


async def _live(connecting: Connecting, local: LocalFiles) -> None:
    loop, requested, unused = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def request() -> None:
        if requested.is_set():
            os._exit(130)
        requested.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, request)
    client: asyncio.Future[AsyncClient] = loop.create_future()
    platform = asyncio.create_task(_hold(connecting, client, unused))
    serving = asyncio.create_task(_serve(client, local))
    ending = asyncio.create_task(requested.wait())
    try:
        await asyncio.wait({platform, serving, ending}, return_when=asyncio.FIRST_COMPLETED)
        for task in (platform, serving):
            if task.done():
                task.result()
    finally:
        # First what uses the client, and then the client.
        serving.cancel()
        ending.cancel()
        await asyncio.gather(serving, ending, return_exceptions=True)
        unused.set()
        await asyncio.gather(platform, return_exceptions=True)


async def _hold(connecting: Connecting, client: asyncio.Future[AsyncClient], unused: asyncio.Event) -> None:
    """Has the client of the controller until all ends; an embedded platform starts while the client is answered."""
    async with connecting() as connected:
        client.set_result(connected)
        await unused.wait()


async def _serve(client: asyncio.Future[AsyncClient], local: LocalFiles) -> None:
    async def connect() -> AsyncClient:
        return await asyncio.shield(client)

    server = ProtocolServer(connect, local)
    lines = cast("anyio.AsyncFile[str]", StandardInput(_LONGEST_MESSAGE_BYTES))
    try:
        async with stdio_server(lines) as (received, sent):
            await server.run(received, sent, server.create_initialization_options())
    except ExceptionGroup as group:
        _, faults = group.split(BrokenPipeError)  # The client has gone.
        if faults is not None:
            raise _first(faults) from group


def _first(group: ExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
