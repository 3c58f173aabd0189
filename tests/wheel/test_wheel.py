"""The wheel in empty environments: small, complete, and a working client beside every supported protobuf."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import orchestrion
from tests.wheel.environments import ROOT, new_environment

MAXIMUM_WHEEL_BYTES = 10_000_000

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def controller() -> Iterator[str]:
    """Starts a real controller and a model host in processes of their own; gives the controller's address."""
    with orchestrion.embedded(log=lambda server, line: print(f"{server}: {line}")) as client:
        yield client.address


def test_wheel_is_small_and_complete(wheel: Path) -> None:
    assert wheel.stat().st_size < MAXIMUM_WHEEL_BYTES
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {
        "orchestrion",
        "orchestrion_controller",
        "orchestrion_evaluation",
        "orchestrion_gateway",
        "orchestrion_host",
        "orchestrion_serving",
    }
    assert {f"{top}/py.typed" for top in tops} <= set(names)
    in_tree = {
        path.relative_to(ROOT / parent).as_posix()
        for parent in ("clients/python", "clients/gateway", "controller", "evaluation", "model_host", "serving")
        for path in (ROOT / parent).rglob("*.yaml")
    }
    assert in_tree <= set(names)


@pytest.mark.parametrize("protobuf", ["protobuf>=5.29,<6", "protobuf>=6,<7", "protobuf>=7,<8"])
def test_client_works_beside(protobuf: str, wheel: Path, controller: str, tmp_path: Path) -> None:
    programs = new_environment(tmp_path / "env", wheel, protobuf)
    check = ROOT / "tests" / "wheel" / "check_client.py"
    subprocess.run([programs / "python", "-W", "error", check, controller], cwd=tmp_path, check=True)
    subprocess.run([programs / "orchestrion", "--help"], cwd=tmp_path, check=True, capture_output=True)
