"""The folder of a host's output files: what killed hosts left is removed, what belongs to one that runs is not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrion_host.workers import spool
from orchestrion_host.workers.spool import SpoolRoot

HOST = """
import sys, time
from pathlib import Path
from orchestrion_host.workers import spool
spool._SHARED_MEMORY = Path(sys.argv[1])
root = spool.SpoolRoot(Path(sys.argv[2]))
(root.new_folder() / "1").write_bytes(b"left")
print(root.folder, flush=True)
time.sleep(60)
"""


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shm"
    folder.mkdir()
    monkeypatch.setattr(spool, "_SHARED_MEMORY", folder)
    monkeypatch.setattr(spool, "_LEAST_FREE_BYTES", 1)
    return folder


def test_what_a_killed_host_left_is_removed_and_what_a_living_one_has_is_not(shared: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOST, str(shared), str(tmp_path / "other")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        first = SpoolRoot(tmp_path / "home")
        assert folder.is_dir()
        process.send_signal(signal.SIGKILL)
        process.wait()
    second = SpoolRoot(tmp_path / "home")
    assert not folder.exists()
    assert first.folder.is_dir()
    for root in (first, second, second):
        root.close()
    assert list(shared.iterdir()) == []


def test_leftovers_of_the_last_life_in_a_container_are_removed_though_its_number_is_the_same(
    shared: Path, tmp_path: Path
) -> None:
    # In a container, process 1 is the host of today as it was that of yesterday.
    left = [shared / "orchestrion-host-1-abc", tmp_path / "home" / "spool" / "orchestrion-host-1-def"]
    for folder in left:
        (folder / "taken").mkdir(parents=True)
        (folder / "taken" / "1").write_bytes(b"left")
    root = SpoolRoot(tmp_path / "home")
    assert [folder.exists() for folder in left] == [False, False]
    root.close()


def test_files_go_to_disk_where_shared_memory_has_less_room_than_they_may_take(shared: Path, tmp_path: Path) -> None:
    small, large = SpoolRoot(tmp_path / "home", 1 << 20), SpoolRoot(tmp_path / "home", 1 << 60)
    assert (small.folder.parent, large.folder.parent) == (shared, tmp_path / "home" / "spool")
    assert (small.limit_bytes, large.limit_bytes) == (1 << 20, 1 << 60)
    assert 0 < SpoolRoot(tmp_path / "home").limit_bytes < 1 << 60
