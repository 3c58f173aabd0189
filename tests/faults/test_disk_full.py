"""A controller whose disk is full says so, keeps nothing half, and works again when there is room."""

from __future__ import annotations

import asyncio
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion import AsyncClient, Client
from orchestrion._processes.supervision import Child
from orchestrion.errors import ResourceExhaustedError
from orchestrion.plans import Plan
from orchestrion.runs import Run, RunState
from tests.rpc.controller.plans import after, wait
from tests.system.processes import Servers, eventually, metric, process_of, until_started

pytestmark = pytest.mark.faults

MEGABYTE = 1 << 20
DISK_BYTES = 32 * MEGABYTE
QUICK = Plan((wait("task"),))


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of 32 MB of its own."""
    if os.geteuid() != 0:
        pytest.skip("a small disk needs root: only root may mount one")
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("a small disk needs the command `mount`")
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def servers(disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    del disk  # Unmounted after the servers have stopped.
    with Servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture(scope="module")
def controller(servers: Servers, disk: Path) -> Child:
    controller = servers.controller(home=disk / "controller")
    servers.host()
    return controller


@pytest.fixture
def client(controller: Child) -> Iterator[Client]:
    """A client; after each test the controller is the same process and does good work."""
    process = process_of(controller)
    with Client(controller.grpc_address) as client:
        yield client
        assert client.ask("do it", plan=QUICK).results[0].succeeded
    assert process_of(controller).pid == process.pid


def free_bytes(disk: Path) -> int:
    space = os.statvfs(disk)
    return space.f_bavail * space.f_frsize


def fill(disk: Path) -> Path:
    """Fills a disk to its last byte, and returns the file that does so."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        while free := free_bytes(disk):
            file.write(bytes(min(free, MEGABYTE)))
    return filler


def test_an_upload_that_does_not_fit_fails_and_leaves_nothing(client: Client, disk: Path, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(2 * DISK_BYTES)
    room = free_bytes(disk)

    async def upload_async() -> None:
        async with AsyncClient(client.address) as other:
            await other.artifacts.upload(path)

    for upload in (lambda: client.artifacts.upload(path), lambda: asyncio.run(upload_async())):
        with pytest.raises(ResourceExhaustedError) as caught:
            upload()
        assert caught.value.reason == "STORAGE_FULL"
        assert "free space" in caught.value.message

    incoming = disk / "controller" / "artifacts" / "incoming"
    eventually(lambda: not list(incoming.iterdir()))
    assert free_bytes(disk) > room - MEGABYTE
    assert client.artifacts.list().items == ()
    client.artifacts.delete(client.artifacts.upload(b"this fits"))


def test_an_output_that_does_not_fit_fails_its_task(client: Client, disk: Path) -> None:
    answer = client.ask("do it", plan=Plan((wait("task", output_bytes=2 * DISK_BYTES),)))

    (result,) = answer.results
    assert result.error is not None
    assert result.error.reason == "STORAGE_FULL"
    assert "disk is full" in answer.text
    assert not list((disk / "controller" / "artifacts" / "incoming").iterdir())


def test_a_run_that_cannot_be_written_down_fails_and_the_next_one_works(
    client: Client, controller: Child, disk: Path
) -> None:
    kept = client.ask("do it", plan=QUICK)
    filler = fill(disk)
    # The database had some room of its own left over; then it has none.
    refused = eventually(lambda: failure(client))
    assert refused is not None
    assert refused.reason == "STORAGE_FULL"
    assert "disk" in refused.message
    assert metric(controller, "orchestrion_controller_journal_failures_total") > 0
    # What was written down before can be read, and nothing is going on.
    assert client.runs.get(kept.run).state is RunState.SUCCEEDED
    eventually(lambda: metric(controller, "orchestrion_controller_runs_running") == 0)

    filler.unlink()

    answer = client.ask("do it", plan=QUICK)
    assert client.runs.get(answer.run).state is RunState.SUCCEEDED
    # No run pretends to go on.
    assert all(run.state.ended for run in client.runs.list().items)


def test_a_full_disk_is_why_the_controller_is_not_ready_until_there_is_room(
    client: Client, controller: Child, disk: Path
) -> None:
    assert readiness(controller)[0] == 200
    filler = fill(disk)
    refused = eventually(lambda: failure(client))
    assert refused is not None
    assert readiness(controller) == (503, refused.message)

    filler.unlink()

    # By itself: nobody sends work to what is not ready.
    eventually(lambda: readiness(controller)[0] == 200)


def test_a_disk_that_fills_up_in_the_middle_of_a_run_fails_it(client: Client, controller: Child, disk: Path) -> None:
    # Many copies of a long text, which the journal has no room for once the disk is full.
    copies = [wait(f"copy-{number}", after("first")) for number in range(30)]
    plan = Plan((wait("first", "x" * 200_000, delay_ms=1_000), *copies))
    events = client.run("do it", plan=plan, detach_grace_ms=0)
    seen = until_started(events)
    filler = fill(disk)

    with pytest.raises(ResourceExhaustedError) as caught:
        seen += events
    assert caught.value.reason == "STORAGE_FULL"
    eventually(lambda: metric(controller, "orchestrion_controller_runs_running") == 0)

    filler.unlink()

    # It is told as what it was, though nothing could be written down when it ended.
    run = eventually(lambda: ended(client, seen[0].run))
    assert run is not None
    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error.reason == "STORAGE_FULL"
    log = list(client.runs.watch(run.name))
    assert [event.sequence for event in log] == list(range(1, len(log) + 1))
    numbered = [event for event in seen if event.sequence]
    assert log[: len(numbered)] == numbered


def readiness(controller: Child) -> tuple[int, str]:
    """Asks whether a controller should be given work: the HTTP status, and the first line of the reasons."""
    try:
        with urllib.request.urlopen(f"http://{controller.metrics_address}/readyz", timeout=20) as page:
            return page.status, page.read().decode().partition("\n")[0]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode().partition("\n")[0]


def ended(client: Client, run: str) -> Run | None:
    """Returns a run if it has ended."""
    snapshot = client.runs.get(run)
    return snapshot if snapshot.state.ended else None


def failure(client: Client) -> ResourceExhaustedError | None:
    """Tries a run, and returns why it failed; None when it did not."""
    try:
        client.ask("do it", plan=QUICK)
    except ResourceExhaustedError as error:
        return error
    return None
