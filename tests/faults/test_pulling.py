"""Models that are pulled, and processes that are killed or a disk that fills up in the middle of it."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from orchestrion._processes.supervision import Child
from orchestrion._sync.host_client import HostClient
from orchestrion.errors import OrchestrionError
from orchestrion.experts import ExpertState
from tests.hub_server import Faults, HubServer
from tests.rpc.host import hub_models
from tests.system.processes import Servers, eventually, kill, process_of

pytestmark = pytest.mark.faults

DISK_BYTES = 8 << 20
WEIGHTS = "model.safetensors"
ABANDONED = 300


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with hub_models.hub_in_environment(tmp_path / "hub", monkeypatch) as hub:
        hub_models.publish_plain(hub)
        yield hub


@pytest.fixture
def servers(tmp_path: Path, hub: HubServer) -> Iterator[Servers]:
    del hub  # It goes on until the servers have stopped.
    with Servers(tmp_path / "servers") as servers:
        servers.home.mkdir()
        servers.controller()
        yield servers


def hub_program(host: Child) -> psutil.Process:
    def find() -> psutil.Process | None:
        children = process_of(host).children()
        return next((child for child in children if "orchestrion_host.hub" in child.cmdline()), None)

    program = eventually(find)
    assert program is not None
    return program


@contextlib.contextmanager
def pulling(host: Child, hub: HubServer) -> Iterator[list[OrchestrionError]]:
    """Pulls slowly beside the test, once some of the weights are there; the list gets what the pull ended with."""
    failures: list[OrchestrionError] = []
    hub.faults = Faults(bytes_per_second=1_000_000)

    def pull() -> None:
        with host_client(host) as client:
            try:
                for _ in client.models.pull("plain"):
                    pass
            except OrchestrionError as error:
                failures.append(error)

    thread = threading.Thread(target=pull)
    thread.start()
    eventually(lambda: sum(request.sent_bytes for request in hub.gets(WEIGHTS)) > 500_000)
    yield failures
    thread.join(timeout=30)
    assert not thread.is_alive()
    hub.faults = Faults()


def host_client(host: Child) -> HostClient:
    return HostClient(host.grpc_address, reconnect=0)


def state_of(host: Child) -> ExpertState:
    with host_client(host) as client:
        return next(model.state for model in client.models.list().models if model.expert.id == "plain")


def add(host: Child) -> None:
    with host_client(host) as client:
        client.models.add("tiny/plain")


def test_a_killed_transfer_leaves_nothing_half_registered(servers: Servers, hub: HubServer) -> None:
    host = servers.host("--profile", "none")
    add(host)
    with pulling(host, hub) as failures:
        kill(hub_program(host))
    assert [failure.reason for failure in failures] == ["INTERNAL"]
    assert state_of(host) is ExpertState.TO_BE_FETCHED
    with host_client(host) as client:
        assert list(client.models.pull("plain"))[-1].expert
    assert hub.gets(WEIGHTS)[-1].range
    assert state_of(host) is ExpertState.LOADABLE


def test_a_killed_host_leaves_nothing_half_registered(servers: Servers, hub: HubServer) -> None:
    host = servers.host("--profile", "none")
    add(host)
    with pulling(host, hub):
        program = hub_program(host)
        kill(process_of(host))
        # Nobody is left that the program could tell of its progress.
        eventually(lambda: not program.is_running() or program.status() == psutil.STATUS_ZOMBIE)
    again = servers.host("--profile", "none", name="one")
    assert state_of(again) is ExpertState.TO_BE_FETCHED
    with host_client(again) as client:
        list(client.models.pull("plain"))
    assert hub.gets(WEIGHTS)[-1].range
    assert state_of(again) is ExpertState.LOADABLE


def test_calls_to_the_hub_that_are_abandoned_at_any_moment_leave_the_host_as_it_was(servers: Servers) -> None:
    host = servers.host("--profile", "none")
    process, moments = process_of(host), random.Random(18)
    with host_client(host) as client:
        client.models.search("text-classification")
    before = process.num_fds()

    def abandon(_: int) -> str:
        # Connections of its own: their descriptors are those that a second closing would hit.
        with host_client(host) as client:
            try:
                client.models.search("text-classification", timeout=moments.uniform(0.002, 0.08))
            except OrchestrionError as error:
                return error.reason
            return "answered"

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(abandon, range(ABANDONED)))
    assert outcomes["DEADLINE_EXCEEDED"] > ABANDONED / 2
    assert outcomes.keys() <= {"DEADLINE_EXCEEDED", "answered"}
    eventually(lambda: not [child for child in process.children() if "orchestrion_host.hub" in child.cmdline()])
    eventually(lambda: process.num_fds() <= before)
    assert process_of(host).pid == process.pid
    with host_client(host) as client:
        client.models.search("text-classification")


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small disk with the cache of models on it."""
    if os.geteuid() != 0:
        pytest.skip("a small disk needs root: only root may mount one")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("a small disk needs the command `mount`")
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_told_before_and_in_the_middle(
    disk: Path, hub: HubServer, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(disk / "cache"))
    host = servers.host("--profile", "none")
    add(host)
    filler = disk / "filler"
    filler.write_bytes(bytes(DISK_BYTES - 1_000_000))
    with host_client(host) as client, pytest.raises(OrchestrionError) as caught:
        list(client.models.pull("plain"))
    assert caught.value.reason == "STORAGE_FULL"
    assert int(caught.value.metadata["needed_bytes"]) > 3_000_000 > int(caught.value.metadata["free_bytes"])
    assert hub.gets(WEIGHTS) == []
    filler.unlink()

    with pulling(host, hub) as failures, filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(1 << 16)):
            pass
    assert [failure.reason for failure in failures] == ["STORAGE_FULL"]
    assert state_of(host) is ExpertState.TO_BE_FETCHED

    filler.unlink()
    with host_client(host) as client:
        list(client.models.pull("plain"))
    assert hub.gets(WEIGHTS)[-1].range
    assert state_of(host) is ExpertState.LOADABLE
