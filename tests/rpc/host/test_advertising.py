"""How a host keeps itself listed: reports at changes and in time, facts once, and patience with controllers that go."""

from __future__ import annotations

import asyncio
from pathlib import Path

from orchestrion.experts import ExpertState
from tests.rpc.host.hosts import running_host, status_in
from tests.rpc.host.tiny_controller import TinyController


async def test_a_host_reports_everything_and_its_facts_once(tmp_path: Path) -> None:
    async with running_host(tmp_path, advertise_address="host.example:50061", max_concurrent_calls=7) as host:
        registry = host.controller.registry
        first = await registry.wait(lambda report: True)
        assert (first.name, len(first.instance_id)) == ("hosts/test-host", 16)
        assert (first.facts.address, first.facts.max_concurrent_calls) == ("host.example:50061", 7)
        assert {expert.id for expert in first.facts.experts} >= {"rapidocr", "espeak-ng", "all-minilm-l6-v2", "delay"}
        assert first.devices[0].name == "cpu"
        assert 0 < first.devices[0].free_bytes <= first.devices[0].total_bytes
        await host.client.load("delay")
        loaded = await registry.wait(lambda report: status_in(report, "delay").state is ExpertState.LOADED)
        assert not loaded.HasField("facts")
        assert loaded.facts_digest == first.facts_digest


async def test_reports_come_at_a_third_of_the_lease_without_any_change(tmp_path: Path) -> None:
    async with TinyController(lease_ms=300) as controller, running_host(tmp_path, controller):
        async with asyncio.timeout(5):
            while len(controller.registry.reports) < 5:
                await controller.registry.next()


async def test_a_host_started_before_its_controller_finds_it_and_finds_it_again(tmp_path: Path) -> None:
    async with TinyController(lease_ms=300) as controller:
        await controller.stop()
        async with running_host(tmp_path, controller) as host:
            # The host serves meanwhile.
            assert (await host.client.infer("delay", text="alone")).outputs == {"text": "alone"}
            await controller.start()
            report = await controller.registry.wait(lambda report: True)
            assert report.HasField("facts")
            await controller.stop()
            controller.registry.reports.clear()
            controller.registry.facts.clear()
            await controller.start()
            again = await controller.registry.wait(lambda report: True)
            assert again.HasField("facts")
            assert again.instance_id == report.instance_id
            # The next report follows the answer to this one, by a third of the lease.
            await controller.registry.next()
            assert await host.metric("orchestrion_host_advertise_connected") == 1


async def test_facts_that_the_controller_lacks_are_sent_at_once(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        registry = host.controller.registry
        await registry.wait(lambda report: True)
        registry.facts.clear()
        await host.client.load("delay")
        # Not whether the newest report brings them: the next change may follow before this looks.
        await registry.wait(lambda report: report.facts_digest in registry.facts)
