"""What devices measure of themselves: read through a compiled stand-in for NVIDIA's library, which no CI machine has.

The stand-in takes the place of the driver's file alone: the package `nvidia-ml-py` and its C calls are the real ones.
It is read in a process of its own, where the library is found under a path of the test's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrion_host.memory.nvml import NvmlReader

HERE = Path(__file__).parent
READ_TWICE = """
import dataclasses, json
from orchestrion_host.memory.nvml import NvmlReader
now = 0.0
reader = NvmlReader(lambda: now)
first = reader.read()
now = 0.9
again = reader.read()
now = 1.1
third = reader.read()
reader.close()
assert first == again == third
print(json.dumps([dataclasses.asdict(reading) for reading in first]))
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the stand-in under the name of the driver's library."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("driver")
    library = folder / "libnvidia-ml.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, HERE / "fake_nvml.c"], check=True)
    return folder


def test_devices_tell_what_they_measure_and_are_asked_once_a_second(driver: Path, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    environment = {**os.environ, "LD_LIBRARY_PATH": str(driver), "FAKE_NVML_CALLS": str(calls)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", READ_TWICE], check=True, capture_output=True, text=True, env=environment
    )
    first, second = json.loads(done.stdout)
    assert first == {
        "device": "cuda:0",
        "utilization_ratio": 0.25,
        "temperature_celsius": 61.0,
        "power_watts": 312.5,
        "power_limit_watts": 700.0,
        "memory_total_bytes": 4096,
        "memory_used_bytes": 3072,
    }
    silent: dict[str, Any] = dict.fromkeys(first) | {"device": "cuda:1", "utilization_ratio": 1.0}
    assert second == silent, "a device that does not measure something says the rest"
    assert calls.read_text().splitlines() == ["load"] * 4, "two devices, asked at 0 s and at 1.1 s, not at 0.9 s"


def test_without_a_driver_nothing_is_told_and_no_error_either() -> None:
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has NVIDIA devices")
    reader = NvmlReader()
    assert reader.read() == reader.read() == ()
    reader.close()
