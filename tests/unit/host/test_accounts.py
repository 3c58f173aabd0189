"""Accounts of devices: what experts and workers are charged, and what other programs leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrion_host.changes import Changes
from orchestrion_host.memory.devices import DeviceAccount, Devices
from orchestrion_host.memory.graphics import GraphicsWatch
from orchestrion_host.memory.measurements import Measurements
from orchestrion_host.memory.probe import ProbedDevice
from orchestrion_host.memory.worker_shares import WorkerShares

GB = 1 << 30


def main_memory(budget_bytes: int | None = None, free_bytes: int = 8 * GB) -> DeviceAccount:
    return DeviceAccount(ProbedDevice("cpu", "", 8 * GB, 8 * GB), budget_bytes=budget_bytes, measure=lambda: free_bytes)


def graphics() -> DeviceAccount:
    return DeviceAccount(ProbedDevice("cuda:0", "H200", 80 * GB, 78 * GB), budget_bytes=None, measure=None)


def test_what_calls_will_need_is_kept_free_while_nothing_computes() -> None:
    # The system says that 5 GB are free; 1 GB of them is what calls of the expert take when they come.
    device = main_memory(free_bytes=5 * GB)
    device.charge("a", 3 * GB)
    assert device.free_bytes == 2 * GB
    device.settle("a", 3 * GB, spare_bytes=1 * GB)
    assert device.free_bytes == 4 * GB


def test_a_worker_is_charged_once_and_gives_its_share_back() -> None:
    device, measurements = main_memory(), Measurements()
    shares = WorkerShares(device, measurements)
    estimate = shares.needed_bytes("transformers@cpu", "transformers", "cpu")
    assert 0 < estimate < 2 * GB
    for _ in range(2):
        shares.take("transformers@cpu", "transformers", "cpu")
    assert device.used_bytes == estimate
    # Another expert in the same worker needs nothing more; one with a worker of its own does.
    assert shares.needed_bytes("transformers@cpu", "transformers", "cpu") == 0
    assert shares.needed_bytes("transformers@cpu/own", "transformers", "cpu") == estimate
    shares.settle("transformers@cpu", "transformers", "cpu", 1 * GB)
    assert (device.used_bytes, shares.describe()) == (1 * GB, {"transformers@cpu": 1 * GB})
    shares.give_back("transformers@cpu")
    assert device.used_bytes == 0
    # The next worker of the kind is expected to take what this one took.
    assert shares.needed_bytes("transformers@cpu", "transformers", "cpu") == 1 * GB


def test_a_budget_is_for_experts_alone_and_workers_are_shown_beside_it() -> None:
    device = main_memory(budget_bytes=1 * GB)
    shares = WorkerShares(device, Measurements())
    shares.take("engine@cpu", "engine", "cpu")
    shares.settle("engine@cpu", "engine", "cpu", GB // 2)
    assert (device.used_bytes, device.free_bytes) == (0, 1 * GB)
    assert shares.describe() == {"engine@cpu": GB // 2}
    assert shares.needed_bytes("engine@cpu/b", "engine", "cpu") == 0


def test_what_other_programs_take_of_a_graphics_device_is_followed() -> None:
    device = graphics()
    assert device.free_bytes == 78 * GB
    device.charge("a", 10 * GB)
    device.settle("a", 10 * GB)
    # Another program came and takes 20 GB; 2 were gone from the start.
    device.observe(48 * GB)
    assert device.free_bytes == 48 * GB
    # An expert that leaves gives its bytes back at once, before the next sample.
    device.give_back("a")
    assert device.free_bytes == 58 * GB


def test_an_expert_that_loads_during_a_sample_is_not_counted_as_free() -> None:
    device = graphics()
    device.charge("a", 10 * GB)
    device.observe(74 * GB)  # 4 of its 10 GB are there already.
    assert device.free_bytes == 64 * GB
    device.settle("a", 10 * GB)
    device.observe(68 * GB)
    assert device.free_bytes == 68 * GB


async def test_free_memory_follows_nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = tmp_path / "answer"
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f'#!/bin/sh\ncat "{answer}"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    device, changes = graphics(), Changes()
    watch = GraphicsWatch(Devices([device, main_memory()]), changes, interval_s=0.01)
    answer.write_text(f"0, NVIDIA H200, {80 << 10}, {30 << 10}\n")
    watch.start()
    await changes.wait(0)
    assert device.free_bytes == 30 * GB
    # A tool that fails now and then changes nothing.
    answer.unlink()
    await watch.sample()
    assert device.free_bytes == 30 * GB
    seen = changes.count
    answer.write_text(f"0, NVIDIA H200, {80 << 10}, {70 << 10}\n")
    await changes.wait(seen)
    assert device.free_bytes == 70 * GB
    await watch.close()


async def test_nothing_is_watched_without_a_graphics_device() -> None:
    watch = GraphicsWatch(Devices([main_memory()]), Changes(), interval_s=0.0)
    watch.start()
    assert watch._task is None
    await watch.close()
