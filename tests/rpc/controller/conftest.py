"""A real controller in this process on free ports, and scripted hosts beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from orchestrion import AsyncClient
from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.server import Controller
from tests.rpc.controller.partial_planners import partial_planners
from tests.rpc.controller.scripted_host import Behaviour, ScriptedHost, echo

__all__ = ["partial_planners"]

StartController = Callable[..., Awaitable[Controller]]
StartHost = Callable[..., Awaitable[ScriptedHost]]


@pytest.fixture
async def start_controller(tmp_path: Path) -> AsyncIterator[StartController]:
    """Starts controllers that share one home, each after the one before, with settings as a test needs them."""
    async with AsyncExitStack() as stack:

        async def start(**settings: object) -> Controller:
            # One controller a database: a second would be refused.
            await stack.aclose()
            config = ControllerConfig(
                port=0,
                metrics_port=0,
                home=tmp_path / "controller",
                **{"shutdown_grace_s": 0.2, **settings},  # type: ignore[arg-type]  # Each test gives those it needs.
            )
            controller = Controller(config)
            await controller.start()
            stack.push_async_callback(controller.stop)
            return controller

        yield start


@pytest.fixture
async def controller(start_controller: StartController) -> Controller:
    return await start_controller()


@pytest.fixture
def address(controller: Controller) -> str:
    return f"127.0.0.1:{controller.grpc_port}"


@pytest.fixture
async def client(address: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(address) as client:
        yield client


@pytest.fixture
async def start_host(address: str) -> AsyncIterator[StartHost]:
    """Starts hosts; each has one expert named `echo` unless the test gives others."""
    async with AsyncExitStack() as stack:

        async def start(name: str = "one", calls_at_once: int = 64, **behaviours: Behaviour) -> ScriptedHost:
            host = ScriptedHost(name, address, behaviours or {"echo": echo}, calls_at_once=calls_at_once)
            stack.push_async_callback(host.stop)
            await host.start()
            return host

        yield start
