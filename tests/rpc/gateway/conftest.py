"""A real gateway on a free port, in front of a real controller with scripted hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx2
import pytest

from orchestrion import AsyncClient
from orchestrion.runs import Run
from orchestrion_gateway.config import GatewayConfig
from orchestrion_gateway.server import Gateway
from tests.rpc.controller.conftest import address, client, controller, start_controller, start_host

__all__ = ["address", "client", "controller", "start_controller", "start_host"]

StartGateway = Callable[..., Awaitable[Gateway]]


@pytest.fixture
async def start_gateway() -> AsyncIterator[StartGateway]:
    """Starts gateways of a controller, with settings as a test needs them."""
    async with AsyncExitStack() as stack:

        async def start(controller: str, **settings: object) -> Gateway:
            config = GatewayConfig(
                controller=controller,
                port=0,
                metrics_port=0,
                shutdown_grace_s=1.0,
                **settings,  # type: ignore[arg-type]  # Each test gives those it needs.
            )
            gateway = Gateway(config)
            await gateway.start()
            stack.push_async_callback(gateway.stop)
            return gateway

        yield start


@pytest.fixture
async def gateway(start_gateway: StartGateway, address: str) -> Gateway:
    return await start_gateway(address)


@pytest.fixture
async def http(gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    """A program that speaks HTTP with the gateway; it is left to the end of a test to close its connections."""
    async with httpx2.AsyncClient(base_url=f"http://{gateway.address}", timeout=30, trust_env=False) as http:
        yield http


async def the_only_run(client: AsyncClient) -> Run:
    """The run that there is, once it is listed: what has begun is written soon, in a group with others."""
    while not (listed := (await client.runs.list()).items):
        pass
    (run,) = listed
    return run
