"""A platform as `make up` starts it: a controller and a host with the starter experts, in processes of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrion import AsyncClient
from orchestrion._processes.supervision import Child
from tests.system.processes import Servers
from tests.web.platform import serving_page


@dataclass(frozen=True)
class StarterPlatform:
    """What there is, and where the page of it is."""

    origin: str
    client: AsyncClient
    host: Child


@asynccontextmanager
async def starter_platform(home: Path) -> AsyncIterator[StarterPlatform]:
    """Starts it, with the experts loaded that read and speak."""
    with Servers(home) as servers:
        controller = await asyncio.to_thread(servers.controller)
        host = await asyncio.to_thread(servers.host, "--preload", "rapidocr,espeak-ng")
        async with AsyncClient(controller.grpc_address) as client, serving_page(controller.grpc_address) as origin:
            yield StarterPlatform(origin, client, host)
