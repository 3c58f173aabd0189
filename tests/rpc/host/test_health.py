"""A host is alive from its start to its end, and ready in between: while a controller lists it and it takes work."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from pathlib import Path

import grpc

from orchestrion_host.config import HostConfig
from orchestrion_host.server import ModelHost
from tests.rpc.host.hosts import HostClient, running_host
from tests.rpc.host.tiny_controller import TinyController


async def page(host: ModelHost, path: str) -> tuple[int, str]:
    def get() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{host.metrics_address}{path}") as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return await asyncio.to_thread(get)


async def test_a_host_that_nobody_lists_is_alive_and_says_whom_it_waits_for(tmp_path: Path) -> None:
    async with TinyController() as controller:
        await controller.stop()
        async with running_host(tmp_path, controller) as host:
            assert await page(host.host, "/readyz") == (
                503,
                f"No controller at {controller.address} lists this host yet.\n",
            )
            assert await page(host.host, "/healthz") == (200, "ok\n")
            assert await host.metric("orchestrion_host_ready") == 0
            await controller.start()
            report = await controller.registry.wait(lambda report: report.HasField("facts"))
            assert report.facts.metrics_address == host.host.metrics_address
            # The second report follows the answer to the first.
            await controller.registry.next()
            assert await page(host.host, "/readyz") == (200, "ok\n")
            assert await host.metric("orchestrion_host_ready") == 1
            assert await host.metric("orchestrion_host_build_info") == 1


async def test_a_host_that_drains_is_alive_and_not_ready(tmp_path: Path) -> None:
    async with TinyController() as controller:
        config = HostConfig(
            name="a",
            port=0,
            metrics_port=0,
            controller=controller.address,
            home=tmp_path,
            test_experts=True,
            drain_grace_s=20,
            advertise_address="host.example:50061",
        )
        host = await ModelHost.start(config)
        async with grpc.aio.insecure_channel(host.address) as channel:
            client = HostClient(channel)
            report = await controller.registry.wait(lambda report: report.HasField("facts"))
            assert report.facts.metrics_address == f"host.example:{host.metrics_address.rpartition(':')[2]}"
            await client.infer("delay", text="loaded")
            running = asyncio.create_task(client.infer("delay", text="last", delay_ms=1_000))
            while 'running{expert="delay"} 1.0' not in (await page(host, "/metrics"))[1]:
                pass
            stopping = asyncio.create_task(host.stop())
            await asyncio.sleep(0)
            status, text = await page(host, "/readyz")
            assert (status, text.splitlines()[0]) == (503, "The server is shutting down; what has begun may end.")
            assert await page(host, "/healthz") == (200, "ok\n")
            assert (await running).outputs == {"text": "last"}
        await stopping
