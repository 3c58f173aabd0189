"""The flags by which experts of hosts become the language model: of `orchestrion up` and beside `--embedded`."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import orchestrion

COMMAND = [sys.executable, "-m", "orchestrion"]
PORTS = [part for name in ("", "metrics-", "host-", "host-metrics-") for part in (f"--{name}port", "0")]
TALKERS = Path(__file__).parent / "talkers.py"
PLANNER = ("--expert", f"{TALKERS}:Planner", "--llm-expert", "small-planner")
ANSWER = "It is only talk."

pytestmark = pytest.mark.timeout(180)


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], check=False, capture_output=True, text=True, timeout=60)


@pytest.mark.tasks
def test_embedded_servers_ask_the_expert_that_is_named() -> None:
    answered = run("ask", "Good morning!", "--embedded", *PLANNER)
    assert answered.returncode == 0, answered.stderr
    assert ANSWER in answered.stdout
    with orchestrion.embedded(experts=[f"{TALKERS}:Planner"], llm_expert="small-planner") as client:
        assert ANSWER in client.ask("Good morning!").text


def test_it_goes_with_private_servers_alone() -> None:
    refused = run("ask", "Good morning!", "--llm-expert", "small-planner")
    assert refused.returncode == 2
    assert "'--llm-expert': goes with --embedded" in " ".join(refused.stderr.split())


@pytest.mark.tasks
def test_up_names_the_language_model_of_the_profile_and_asks_another_that_is_named(tmp_path: Path) -> None:
    for named, reported in ((PLANNER, False), (PLANNER[:2], True)):
        command = [*COMMAND, "up", *PORTS, "--home", str(tmp_path / "home"), "--profile", "standard", *named]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as servers:
            assert servers.stdout is not None
            address = servers.stdout.readline().split()[1]
            answered = run("ask", "Good morning!", "--address", address)
            servers.send_signal(signal.SIGINT)
            _, log = servers.communicate(timeout=30)
        assert servers.returncode == 0, log
        assert (ANSWER in answered.stdout) is not reported
        assert ("qwen2.5-7b-instruct plans and answers once its files are here" in log) is reported
        # Until then the built-in planner does, without a word about files that are missing.
        assert answered.returncode == 0, answered.stderr
