"""Experts in a file of one's own, in real servers: by `orchestrion up --expert` and by `embedded(experts=...)`."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import orchestrion
from tests.doc_blocks import write_files

COMMAND = [sys.executable, "-m", "orchestrion"]
PORTS = [part for name in ("", "metrics-", "host-", "host-metrics-") for part in (f"--{name}port", "0")]
REQUEST = "How many words has this text?"
ANSWER = "letter.txt has 4 words."

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def expert(tmp_path: Path) -> str:
    """The expert of docs/extending.md with its task type, in a folder of its own."""
    write_files("extending.md", tmp_path / "own", "word_count.py", "task_types/word-count.yaml")
    return f"{tmp_path}/own/word_count.py:WordCount"


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    (letter := tmp_path / "letter.txt").write_text("Dear Ada, come soon.")
    return letter


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], check=False, capture_output=True, text=True, timeout=60)


def test_up_offers_it_and_a_request_in_plain_words_is_carried_out_by_it(
    expert: str, letter: Path, tmp_path: Path
) -> None:
    command = [*COMMAND, "up", *PORTS, "--home", str(tmp_path / "home"), "--expert", expert]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as servers:
        assert servers.stdout is not None
        address = servers.stdout.readline().split()[1]
        listed = run("tasks", "word-count", "--address", address)
        answered = run("ask", REQUEST, "-f", letter, "--address", address)
        servers.send_signal(signal.SIGINT)
        _, log = servers.communicate(timeout=30)
    assert servers.returncode == 0, log
    assert "ready: word-count" in listed.stdout
    assert (answered.returncode, answered.stderr) == (0, "")
    assert ANSWER in answered.stdout


def test_up_does_not_start_without_an_expert_that_was_named(expert: str, tmp_path: Path) -> None:
    wrong = expert.replace(":WordCount", ":Count")
    ended = run("up", *PORTS, "--home", tmp_path / "home", "--expert", wrong)
    assert ended.returncode == 3
    assert "word_count.py has no Count; it has WordCount" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.tasks
def test_a_request_brings_it_along_to_private_servers(expert: str, letter: Path) -> None:
    answered = run("ask", REQUEST, "-f", letter, "--embedded", "--expert", expert)
    assert answered.returncode == 0, answered.stderr
    assert ANSWER in answered.stdout


def test_it_is_not_brought_to_servers_that_run_already(expert: str) -> None:
    refused = run("ask", REQUEST, "--expert", expert)
    assert refused.returncode == 2
    assert "'--expert': goes with --embedded" in " ".join(refused.stderr.split())


@pytest.mark.tasks
def test_embedded_servers_offer_it(expert: str, letter: Path) -> None:
    with orchestrion.embedded(experts=[expert]) as client:
        assert "word-count" in {item.task_type.name for item in client.task_types.list()}
        answer = client.ask(REQUEST, [letter])
    assert answer.text == ANSWER


@pytest.mark.tasks
async def test_embedded_servers_of_asyncio_offer_it(expert: str, letter: Path) -> None:
    async with orchestrion.async_embedded(experts=[expert]) as client:
        assert (await client.ask(REQUEST, [letter])).text == ANSWER
