"""A real controller behind a proxy that cuts connections, and each of the two clients."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from orchestrion import AsyncClient
from orchestrion_controller.server import Controller
from tests.rpc.client.both import CLIENTS, MakeClient
from tests.rpc.client.proxy import Proxy
from tests.rpc.controller.conftest import address, controller, start_controller, start_host

__all__ = ["address", "controller", "start_controller", "start_host"]


@pytest.fixture
async def proxy(controller: Controller) -> AsyncIterator[Proxy]:
    async with Proxy(controller.grpc_port) as proxy:
        yield proxy


@pytest.fixture(params=list(CLIENTS))
def make_client(request: pytest.FixtureRequest) -> MakeClient:
    return CLIENTS[request.param]


@pytest.fixture
async def client(make_client: MakeClient, proxy: Proxy) -> AsyncIterator[AsyncClient]:
    """A client that reaches the controller through the proxy."""
    async with make_client(proxy.address) as client:
        yield client
