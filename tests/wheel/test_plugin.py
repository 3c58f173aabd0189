"""A package that extends Orchestrion, installed beside the project's wheel: `examples/plugin`, as its users have it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrion._codec import codec
from orchestrion.events import AnswerFinished, Event, RunFinished, StageStarted, TaskAssigned, TaskFinished
from orchestrion.values import Json
from tests.wheel.environments import ROOT, build_wheel, new_environment

PLUGIN = ROOT / "examples" / "plugin"
PICTURE = ROOT / "examples" / "pictures" / "station.jpg"
PROBE = "import sys, orchestrion, orchestrion_host, orchestrion_color_palette as own; print(own.__file__, *sys.path)"

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Installation:
    """An environment with both wheels, in which `orchestrion up` runs."""

    programs: Path
    home: Path
    address: str

    def orchestrion(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Runs the command line of this environment, away from the repository."""
        return run(self, "orchestrion", *arguments, "--address", self.address)


def run(installation: Installation, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [installation.programs / program, *arguments],
        cwd=installation.home, env=environment(), check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def environment() -> dict[str, str]:
    """The variables of a user's shell: nothing that points into the repository, and no setting."""
    foreign = ("PYTHON", "ORCHESTRION", "VIRTUAL_ENV", "COV_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    # Built from a copy: a build may write beside what it builds.
    source = shutil.copytree(PLUGIN, folder / "plugin", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    plugin = build_wheel(source, folder / "dist")
    extras = f"orchestrion-color-palette[controller,host] @ {plugin.as_uri()}"
    programs = new_environment(folder / "env", "--constraint", "requirements.lock", wheel, extras)
    (home := folder / "home").mkdir()
    ports = [part for name in ("", "metrics-", "host-", "host-metrics-") for part in (f"--{name}port", "0")]
    command = [str(programs / "orchestrion"), "up", *ports, "--home", str(home)]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=home, env=environment()
        ) as servers,
    ):
        assert servers.stdout is not None
        line = servers.stdout.readline()
        assert line.startswith("controller "), (folder / "log").read_text()
        yield Installation(programs, home, line.split()[1])
        servers.send_signal(signal.SIGINT)
    assert servers.returncode == 0, (folder / "log").read_text()


def test_nothing_of_the_repository_is_in_the_environment(installation: Installation) -> None:
    probe = run(installation, "python", "-c", PROBE)
    assert probe.returncode == 0, probe.stderr
    assert str(installation.programs.parent) in probe.stdout
    assert str(ROOT) not in probe.stdout


def test_its_task_type_is_listed_with_its_expert_and_can_be_looked_up(installation: Installation) -> None:
    listed = installation.orchestrion("tasks").stdout.splitlines()
    (line,) = [line for line in listed if line.startswith("color-palette ")]
    assert "● ready" in line
    assert "Finds the main colors of a picture" in line
    assert "ready: color-palette" in installation.orchestrion("tasks", "color-palette").stdout


def test_a_request_is_planned_by_its_planner_carried_out_by_its_expert_and_answered(installation: Installation) -> None:
    request = "Which 3 colors does this picture have?"
    done = installation.orchestrion("ask", request, "-f", PICTURE, "--planner", "color-palette", "--json")
    assert done.returncode == 0, done.stderr
    payloads = [codec.from_json(line, Event).payload for line in done.stdout.splitlines()]

    planner = next(payload for payload in payloads if isinstance(payload, StageStarted))
    assert planner.performer == "color-palette"
    (assigned,) = [payload for payload in payloads if isinstance(payload, TaskAssigned)]
    assert assigned.assignment.expert_id == "color-palette"
    (finished,) = [payload for payload in payloads if isinstance(payload, TaskFinished)]
    colors = finished.result.outputs["colors"]
    assert isinstance(colors, Json)
    assert isinstance(colors.data, list)
    assert len(colors.data) == 3
    (answer,) = [payload for payload in payloads if isinstance(payload, AnswerFinished)]
    assert answer.text.startswith(f"The main color of station.jpg is {finished.result.outputs['color']}; it has ")
    assert isinstance(payloads[-1], RunFinished)


def test_the_built_in_planner_knows_the_words_for_its_task_type(installation: Installation) -> None:
    done = installation.orchestrion("plan", "Which colors does this picture have?", "-f", PICTURE)
    assert done.returncode == 0, done.stderr
    assert "plan     color-palette-1: color-palette (image artifacts/" in done.stdout


def test_what_its_planner_does_not_plan_is_refused_in_its_words(installation: Installation) -> None:
    done = installation.orchestrion("ask", "Read this aloud.", "-f", PICTURE, "--planner", "color-palette")
    assert done.returncode == 1
    assert "This planner plans questions about the colors of pictures alone" in done.stderr
