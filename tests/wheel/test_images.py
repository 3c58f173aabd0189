"""The steps of deploy/Dockerfile, without Docker: what it runs is run in an empty folder, by a user without rights."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.wheel.environments import ROOT

pytestmark = pytest.mark.wheel

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that a user without rights may reach: those of pytest are its own user's alone."""
    made = Path(tempfile.mkdtemp(prefix="image-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def step_of(image: str) -> list[str]:
    """Returns the words of the step that makes the environment of an image."""
    text = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    match = re.search(rf"AS {image}-environment\n(?:ARG .*\n)?RUN (.*)\n", text)
    assert match
    return shlex.split(match[1])


def installed(image: str, wheel: Path, folder: Path, rights: dict[str, Any], environment: dict[str, str]) -> Path:
    """Does the step of an image; gives the folder of its programs."""
    script, place, _, lock, extras, *_ = step_of(image)
    assert place == "/opt/orchestrion"
    made = folder / image
    subprocess.run(
        [folder / Path(script).name, made, folder / wheel.name, folder / Path(lock).name, extras],
        check=True, cwd=folder, env=environment, **rights,
    )  # fmt: skip
    return made / "bin"


@contextmanager
def serving(
    command: list[str | Path], environment: dict[str, str], folder: Path, rights: dict[str, Any]
) -> Iterator[subprocess.Popen[str]]:
    """Starts a server on free ports. Where the test fails, it is killed: to wait for its end would take for ever."""
    ports = ["--port", "0", "--metrics-port", "0"]
    with subprocess.Popen(
        [*command, *ports], stdout=subprocess.PIPE, text=True, cwd=folder, env=environment, **rights
    ) as server:
        try:
            yield server
        finally:
            server.kill()


def address_of(server: subprocess.Popen[str], protocol: str) -> str:
    """Reads the line by which a server says that it serves; returns where."""
    assert server.stdout
    line = server.stdout.readline()
    ready = re.search(rf"\b{protocol}=(\S+)", line)
    assert ready, line
    return ready[1]


@pytest.mark.timeout(600)
def test_controller_and_gateway_are_installed_and_serve_as_a_user_without_rights(wheel: Path, folder: Path) -> None:
    """The extras of the host take gigabytes; test_plugin.py installs them."""
    for file in (wheel, ROOT / "deploy" / "install.sh", ROOT / "requirements.lock"):
        shutil.copy(file, folder)
    rights: dict[str, Any] = {}
    if os.geteuid() == 0:
        rights = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        shutil.chown(folder, NOBODY, NOBODY)
    environment = {**os.environ, "HOME": str(folder), "ORCHESTRION_HOME": str(folder / "state")}
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):
        environment.pop(name, None)
    controller_programs = installed("controller", wheel, folder, rights, environment)
    gateway_programs = installed("gateway", wheel, folder, rights, environment)
    started = partial(serving, environment=environment, folder=folder, rights=rights)
    with (
        started([controller_programs / "python", "-m", "orchestrion_controller"]) as controller,
        started(
            [gateway_programs / "orchestrion", "gateway", "--controller", address_of(controller, "grpc")]
        ) as gateway,
    ):
        with urllib.request.urlopen(f"http://{address_of(gateway, 'http')}/api/v1/hosts", timeout=60) as response:
            assert response.status == 200
        for server in (gateway, controller):
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) == 0


def test_what_is_missing_is_told() -> None:
    done = subprocess.run([ROOT / "deploy" / "install.sh"], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "FOLDER WHEEL LOCK EXTRA" in done.stderr
