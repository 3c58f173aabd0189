"""Disks that are full or read-only, a locked database, PostgreSQL that restarts: a named error, and nothing is lost.

While callers ask and upload, the storage fails and comes back. Every call ends well or with a name; what was
acknowledged is there; the controller serves again, and is the same process unless the fault itself needs a new one.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
import subprocess
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Self

import pytest

from orchestrion import AsyncClient, Client
from orchestrion._processes.supervision import Child
from orchestrion.errors import OrchestrionError
from orchestrion.events import Event, TaskStarted
from orchestrion.plans import Plan
from orchestrion.runs import RunState
from tests.postgres import PostgresCluster, running_cluster
from tests.rpc.controller.plans import after, wait
from tests.system.processes import Servers, eventually, kill, metric, process_of

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

PLAN = Plan((wait("first", delay_ms=20), wait("second", after("first"), delay_ms=20)))
MEGABYTE: Final = 1 << 20
NAMED: Final = {"STORAGE_FULL", "STORAGE_UNAVAILABLE"}
RETRY_S: Final = "2"
"""How long the controller tries again here, in seconds."""


class Load:
    """Callers that ask and upload without a pause, each on its own, in a thread with a loop of its own."""

    def __init__(self, address: str) -> None:
        self.runs: list[list[Event]] = []
        self.uploads: dict[str, bytes] = {}
        self.failures: Counter[str] = Counter()
        self._address = address
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(120)
        assert not self._thread.is_alive()

    def until_more(self, count: int = 5) -> None:
        """Waits until so many further runs and uploads have succeeded."""
        runs, uploads = len(self.runs) + count, len(self.uploads) + count
        eventually(lambda: len(self.runs) >= runs and len(self.uploads) >= uploads, within_s=90)

    def until_refused(self, count: int = 1) -> None:
        """Waits until so many further calls have failed."""
        failures = self.failures.total() + count
        eventually(lambda: self.failures.total() >= failures, within_s=90)

    def check(self, controller: Child) -> None:
        """Every failure had a name, and what was acknowledged is there as it was acknowledged."""
        print(f"{len(self.runs)} runs and {len(self.uploads)} uploads acknowledged; refused: {dict(self.failures)}")
        assert set(self.failures) <= NAMED
        with Client(controller.grpc_address) as client:
            for seen in self.runs:
                assert client.runs.get(seen[0].run).state is RunState.SUCCEEDED
                assert list(client.runs.watch(seen[0].run)) == [event for event in seen if event.sequence]
            for name, content in self.uploads.items():
                assert client.artifacts.read(name) == content
            eventually(lambda: all(run.state.ended for run in client.runs.list(1_000).items))
        eventually(lambda: metric(controller, "orchestrion_controller_runs_running") == 0)

    async def _work(self) -> None:
        async with AsyncClient(self._address, reconnect=5) as client:
            await asyncio.gather(
                *(self._repeat(self._ask, client) for _ in range(3)), self._repeat(self._upload, client)
            )

    async def _repeat(self, call: Callable[[AsyncClient], Awaitable[None]], client: AsyncClient) -> None:
        while not self._stop.is_set():
            try:
                await call(client)
            except OrchestrionError as error:
                self.failures[error.reason] += 1
                await asyncio.sleep(0.05)

    async def _ask(self, client: AsyncClient) -> None:
        self.runs.append([event async for event in client.run("do it", plan=PLAN)])

    async def _upload(self, client: AsyncClient) -> None:
        content = secrets.token_bytes(10_000)
        self.uploads[(await client.artifacts.upload(content)).name] = content
        await asyncio.sleep(0.02)


@contextmanager
def mounted(folder: Path, *arguments: str) -> Iterator[Path]:
    """Mounts something on a folder for as long as the context lasts; skips the test where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("disks of a test's own need root: only root may mount them")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(["mount", *arguments, str(folder)], check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("a disk of the test's own needs the command `mount`")
    if done.returncode != 0:
        pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def loaded(servers: Servers, *flags: str, home: Path | None = None) -> Iterator[tuple[Child, Load]]:
    """A controller with a host under load; at the end it is the same process, and has all that it acknowledged."""
    controller = servers.controller("--database-retry-s", RETRY_S, *flags, home=home)
    process = process_of(controller)
    servers.host()
    with Load(controller.grpc_address) as load:
        load.until_more()
        yield controller, load
        load.until_more()
    assert process_of(controller).pid == process.pid
    load.check(controller)


def test_a_full_disk_refuses_by_name_until_there_is_room(tmp_path: Path) -> None:
    size = 24 * MEGABYTE
    with (
        mounted(tmp_path / "disk", "-t", "tmpfs", "-o", f"size={size}", "tmpfs") as disk,
        Servers(tmp_path) as servers,
        loaded(servers, home=disk / "controller") as (_, load),
    ):
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file:
            while free := os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize:
                file.write(bytes(min(free, MEGABYTE)))
        load.until_refused(10)
        filler.unlink()


def test_a_folder_of_artifacts_that_is_read_only_refuses_uploads_alone(tmp_path: Path) -> None:
    with Servers(tmp_path) as servers, loaded(servers) as (_, load):
        artifacts = servers.home / "controller" / "artifacts"
        runs = len(load.runs)
        with mounted(artifacts, "-t", "tmpfs", "-o", "ro", "tmpfs"):
            load.until_refused(3)
            eventually(lambda: len(load.runs) > runs + 3)


def test_a_disk_that_turns_read_only_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """As ext4 does when it meets an error; such a disk has to be mounted anew, and the controller started again."""
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(64 * MEGABYTE)
    try:
        subprocess.run(["mkfs.ext4", "-q", str(image)], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("a disk that fails needs mkfs.ext4 (Debian: e2fsprogs)")
    with Servers(tmp_path) as servers:
        with mounted(tmp_path / "disk", "-o", "loop", str(image)) as disk:
            controller = servers.controller("--database-retry-s", RETRY_S, "--synchronous", "full", home=disk / "home")
            servers.host()
            port = int(controller.grpc_address.rsplit(":", 1)[1])
            with Load(controller.grpc_address) as load:
                load.until_more()
                subprocess.run(["mount", "-o", "remount,abort", str(disk)], check=True)
                load.until_refused(10)
            kill(process_of(controller))
        with mounted(tmp_path / "disk", "-o", "loop", str(image)) as disk:
            load.check(servers.controller(port=port, home=disk / "home"))


def test_a_database_that_another_process_locks_for_long_is_named_until_it_ends(tmp_path: Path) -> None:
    with Servers(tmp_path) as servers, loaded(servers) as (_, load):
        path = servers.home / "controller" / "controller.sqlite3"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            load.until_refused(5)
            connection.execute("ROLLBACK")


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresCluster]:
    with running_cluster() as cluster:
        yield cluster


def test_postgresql_that_restarts_under_load_costs_nobody_anything(tmp_path: Path, postgres: PostgresCluster) -> None:
    url = postgres.new_database()
    restarts = 10 if os.environ.get("LONG") else 3
    with Servers(tmp_path) as servers:
        flags = ("--database-url", url, "--database-retry-s", "30")
        with loaded(servers, *flags) as (_, load):
            for _ in range(restarts):
                postgres.stop()
                postgres.start()
                load.until_more()
        assert load.failures == {}


def test_postgresql_that_stays_away_is_named_until_it_is_back(tmp_path: Path, postgres: PostgresCluster) -> None:
    with Servers(tmp_path) as servers, loaded(servers, "--database-url", postgres.new_database()) as (_, load):
        postgres.stop()
        load.until_refused(5)
        postgres.start()


def test_a_run_goes_on_in_postgresql_when_its_controller_is_killed(tmp_path: Path, postgres: PostgresCluster) -> None:
    url = postgres.new_database()
    plan = Plan((wait("first"), wait("second", after("first"), delay_ms=1_500)))
    with Servers(tmp_path) as servers:
        controller = servers.controller("--database-url", url)
        servers.host()
        port = int(controller.grpc_address.rsplit(":", 1)[1])
        with Client(controller.grpc_address, reconnect=60) as client:
            events = client.run("do it", plan=plan)
            seen = [next(events)]
            while started(seen) != ["first", "second"]:
                seen.append(next(events))
            kill(process_of(controller))
            servers.controller("--database-url", url, port=port)
            seen += events
            assert client.runs.get(seen[0].run).state is RunState.SUCCEEDED
            numbers = [event.sequence for event in seen if event.sequence]
            assert numbers == list(range(1, len(numbers) + 1))
            assert started(seen) == ["first", "second", "second"]


def started(seen: list[Event]) -> list[str]:
    """Returns the tasks that were sent to a host, in order."""
    return [event.payload.task_id for event in seen if isinstance(event.payload, TaskStarted)]
