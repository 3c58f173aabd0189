"""Refusals at the command line: told whole, and the nearest request, or a question's choices, put to the person."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.scripted_host import ScriptedHost
from tests.unit.client.terminals import Terminal

REQUEST = "wait and mail it to Tom"
REFUSAL = "I cannot do this: `and mail it to Tom`. Nothing here does that."


@pytest.fixture
def careful_address(partial_planners: None, address: str) -> str:
    """The address of a controller that has the careful planner."""
    return address


@pytest.fixture
async def host(careful_address: str, start_host: StartHost) -> ScriptedHost:
    return await start_host()


def command(address: str, *arguments: str) -> list[str]:
    chosen = ["--address", address, "--planner", "careful"]
    return [sys.executable, "-W", "error", "-m", "orchestrion", *arguments, *chosen]


async def at_a_terminal(
    arguments: list[str], talk: Callable[[Terminal], None], environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Runs a command at a terminal of 80 columns, talks to it, and returns its exit code and what is on the screen."""

    def run() -> tuple[int, str]:
        with Terminal(arguments, 80, environment=environment) as terminal:
            talk(terminal)
            code = terminal.finish()
            assert terminal.restored()
            return code, terminal.screen.text

    return await asyncio.to_thread(run)


async def in_a_pipe(arguments: list[str], typed: str = "") -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run, arguments, input=typed, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("answer", ["\n", "y\n"])
async def test_the_nearest_request_is_offered_and_run(careful_address: str, host: ScriptedHost, answer: str) -> None:
    def talk(terminal: Terminal) -> None:
        terminal.until("Run `wait` instead? [Y/n]")
        terminal.type(answer)

    code, screen = await at_a_terminal(command(careful_address, "ask", REQUEST), talk)
    assert code == 0
    assert max(map(len, screen.splitlines())) <= 80
    assert screen.count(REFUSAL) == 1
    assert "waited" in screen
    assert len(host.calls) == 1


async def test_whoever_declines_has_been_told_once_and_nothing_runs(careful_address: str, host: ScriptedHost) -> None:
    def talk(terminal: Terminal) -> None:
        terminal.until("Run `wait` instead?")
        terminal.type("n\n")

    code, screen = await at_a_terminal(command(careful_address, "ask", REQUEST), talk)
    assert code == 1
    assert screen.count(REFUSAL) == 1
    assert "Nothing was run." in screen
    assert host.calls == []


async def test_a_question_is_answered_by_a_number(careful_address: str, host: ScriptedHost) -> None:
    def talk(terminal: Terminal) -> None:
        terminal.until("1 to 2, or Enter for none:")
        terminal.type("7\n")
        terminal.until_true(lambda: terminal.screen.text.count("1 to 2") == 2)
        terminal.type("2\n")

    code, screen = await at_a_terminal(command(careful_address, "ask", "how long?"), talk)
    assert code == 0
    assert screen.count("How long?") == 1
    assert "  1. short" in screen
    assert len(host.calls) == 1


async def test_a_pipe_is_told_and_asked_nothing(careful_address: str, host: ScriptedHost) -> None:
    done = await in_a_pipe(command(careful_address, "ask", REQUEST), "y\n")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [REFUSAL, "Try: `wait`"]
    assert "plan     not done: `and mail it to Tom`: Nothing here does that." in done.stdout
    assert "plan     not done: > wait" in done.stdout
    assert host.calls == []


async def test_yes_takes_the_offer_without_asking(careful_address: str, host: ScriptedHost) -> None:
    done = await in_a_pipe(command(careful_address, "ask", "--yes", REQUEST))
    assert done.returncode == 0
    assert done.stderr.splitlines() == [REFUSAL, "Try: `wait`", "Running `wait` instead."]
    assert "waited" in done.stdout
    assert len(host.calls) == 1


async def test_yes_answers_no_question(careful_address: str, host: ScriptedHost) -> None:
    done = await in_a_pipe(command(careful_address, "ask", "--yes", "how long?"))
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["How long?", "1. short", "2. long"]
    assert host.calls == []


async def test_verbose_tells_each_part_with_what_can_be_sent(careful_address: str) -> None:
    done = await in_a_pipe(command(careful_address, "ask", "--verbose", REQUEST))
    assert done.stderr.splitlines() == ["`and mail it to Tom`: Nothing here does that.", "  > wait"]


async def test_the_plan_alone_is_offered_too(careful_address: str) -> None:
    def talk(terminal: Terminal) -> None:
        terminal.until("Run `wait` instead?")
        terminal.type("y\n")

    code, screen = await at_a_terminal(command(careful_address, "plan", REQUEST), talk)
    assert code == 0
    assert "test-delay" in screen


async def test_json_has_what_is_not_done(careful_address: str) -> None:
    """Of `ask` in the event, of `plan` in the place of the plan."""
    part = {"words": "and mail it to Tom", "reason": "Nothing here does that.", "nearestRequest": "wait"}
    run = await in_a_pipe(command(careful_address, "ask", "--json", REQUEST))
    events = [json.loads(line) for line in run.stdout.splitlines()]
    assert [event["planFinished"]["notDone"] for event in events if "planFinished" in event] == [[part]]

    planned = await in_a_pipe(command(careful_address, "plan", "--json", REQUEST))
    assert planned.returncode == 1
    assert json.loads(planned.stdout)["notDone"] == [part]


async def test_chat_offers_it_and_goes_on(careful_address: str, host: ScriptedHost, tmp_path: Path) -> None:
    def talk(terminal: Terminal) -> None:
        terminal.until("leaves.\n>")
        terminal.type(f"{REQUEST}\n")
        terminal.until("Run `wait` instead?")
        terminal.type("\n")
        terminal.until("waited")
        terminal.type("/quit\n")

    code, screen = await at_a_terminal(command(careful_address, "chat"), talk, {"XDG_STATE_HOME": str(tmp_path)})
    assert code == 0
    assert screen.count(REFUSAL) == 1
    assert len(host.calls) == 1


async def test_an_approval_shows_what_the_planner_asks(careful_address: str, host: ScriptedHost) -> None:
    def talk(terminal: Terminal) -> None:
        terminal.until("Carry it out?")
        terminal.type("n\n")

    code, screen = await at_a_terminal(command(careful_address, "ask", "--approve", "how long?"), talk)
    assert code == 1
    assert "The planner asks:\n  How long?\n  1. short\n  2. long" in screen
    assert host.calls == []


async def test_an_approval_shows_what_the_plan_leaves_out(careful_address: str, host: ScriptedHost) -> None:
    def talk(terminal: Terminal) -> None:
        terminal.until("Carry it out?")
        terminal.type("y\n")

    code, screen = await at_a_terminal(command(careful_address, "ask", "--approve", REQUEST), talk)
    assert code == 0
    assert "Not done:\n  `and mail it to Tom`: Nothing here does that." in screen
    assert screen.count(REFUSAL) == 1
    assert len(host.calls) == 1
