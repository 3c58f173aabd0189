"""A platform whose experts do what a test says: a real controller, a scripted host, a real gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrion import Artifact, ArtifactRef, AsyncClient
from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.server import Controller
from orchestrion_gateway.config import GatewayConfig
from orchestrion_gateway.server import Gateway
from tests.rpc.controller.scripted_host import ScriptedHost
from tests.web.scripted_experts import HeldExpert, cleaner, reader, scripted_host, speaker

LEASE_MS = 3_600_000
"""A scripted host reports once."""


@dataclass(frozen=True)
class Platform:
    """What there is, and where the page of it is."""

    origin: str
    client: AsyncClient
    host: ScriptedHost
    reader: HeldExpert
    speaker: HeldExpert
    cleaner: HeldExpert

    async def given_file(self, name: str) -> Artifact:
        """Returns the file that the last call got as an input."""
        _, inputs = self.host.calls[-1]
        value = inputs[name]
        assert isinstance(value, ArtifactRef)
        return await self.client.artifacts.get(value.name)

    def let_go(self) -> None:
        """Opens all gates, and forgets what was counted."""
        for expert in (self.reader, self.speaker, self.cleaner):
            expert.let_go()
        self.host.cancelled.clear()


async def start_controller(home: Path, port: int = 0, **settings: Any) -> Controller:
    """Starts a controller that keeps a scripted host for as long as it lives."""
    config = ControllerConfig(port=port, metrics_port=0, home=home, shutdown_grace_s=0.2, lease_ms=LEASE_MS, **settings)
    controller = Controller(config)
    await controller.start()
    return controller


@asynccontextmanager
async def serving_page(controller: str) -> AsyncIterator[str]:
    """Starts a gateway, and yields the origin of its page."""
    gateway = Gateway(GatewayConfig(controller=controller, port=0, metrics_port=0, shutdown_grace_s=1.0))
    await gateway.start()
    try:
        yield f"http://{gateway.address}"
    finally:
        await gateway.stop()


@asynccontextmanager
async def platform(home: Path) -> AsyncIterator[Platform]:
    """Starts a platform whose host `one` reads, speaks (two experts can), and cleans sounds."""
    async with AsyncExitStack() as stack:
        controller = await start_controller(home)
        stack.push_async_callback(controller.stop)
        address = f"127.0.0.1:{controller.grpc_port}"
        client = await stack.enter_async_context(AsyncClient(address))
        reads, speaks, cleans = reader(), speaker(client), cleaner()
        host = scripted_host(
            "one",
            address,
            {
                "reader": ("image-to-text", reads),
                "speaker": ("text-to-speech", speaks),
                "other-speaker": ("text-to-speech", speaks),
                "cleaner": ("audio-to-audio", cleans),
            },
        )
        stack.push_async_callback(host.stop)
        await host.start()
        origin = await stack.enter_async_context(serving_page(address))
        # The planner reads its weights when it is first needed; no page is to wait for it.
        await client.ask('Say "hello".')
        yield Platform(origin, client, host, reads, speaks, cleans)
