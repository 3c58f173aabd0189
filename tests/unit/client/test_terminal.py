"""The live view under a real pseudo-terminal: what is on the screen, how wide it is, and what is left behind."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrion.errors import Reason
from orchestrion.events import AnswerFinished, PlanFinished, RunFinished, RunStarted, Stage, TaskStarted
from orchestrion.plans import Error, Plan
from orchestrion.refusals import NotDone
from orchestrion.runs import RunKind, RunState
from tests.unit.client.run_logs import UNTIL_ENDED, UNTIL_RUNNING
from tests.unit.client.scripted import HOST, RUN, Script
from tests.unit.client.terminals import Terminal

COMMAND = [sys.executable, "-W", "error", "-m", "orchestrion"]


@pytest.mark.parametrize("width", [80, 140])
def test_ask_shows_the_tree_the_answer_and_the_files(width: int, script: Script, address: str, tmp_path: Path) -> None:
    """Given a run with a branch, a retry and a failed task, all of it is on the screen at the end, within the width."""
    sound = script.add(b"sound" * 1_000, "speech.wav", "audio/wav")
    script.payloads = [
        (stage, replace(payload, artifacts=(sound,)) if isinstance(payload, AnswerFinished) else payload)
        for stage, payload in UNTIL_ENDED
    ]
    with Terminal([*COMMAND, "ask", "Read it.", "--address", address], width, folder=tmp_path) as terminal:
        assert terminal.finish() == 0
        assert terminal.restored()
    screen = terminal.screen
    assert screen.too_wide == []
    lines = [line.rstrip() for line in screen.lines]
    assert lines[0].startswith("✓ plan")
    assert lines[1].startswith("✓ read  image-to-text")
    assert "rapidocr @ one" in lines[1]
    assert lines[1].endswith("410 ms")
    assert any(line.startswith("└─ ✓ speak") for line in lines)
    # Beside the expert where there is room, else below it.
    assert ("rapidocr is loaded on one." in lines[1]) is (width == 140)
    assert "rapidocr is loaded on one." in screen.text
    assert "The worker died.; trying another" in screen.text
    assert lines.count("It says “Platform 9”.]0;x") == 1
    assert f"succeeded after 2.15 s  {RUN}" in lines
    assert "saved orchestrion-output/speech.wav  5.0 kB" in lines


@pytest.mark.parametrize("count", [0, len(UNTIL_RUNNING)])
def test_ctrl_c_cancels_the_run_and_leaves_a_usable_terminal(count: int, script: Script, address: str) -> None:
    """Also before the first event: the run is then found by its request id, and cancelled by its name."""
    script.payloads, script.endless = UNTIL_RUNNING[:count], True
    with Terminal([*COMMAND, "ask", "Read it.", "--address", address], 80) as terminal:
        terminal.until("espeak-ng @ one" if count else "waiting for the controller")
        assert not terminal.screen.cursor_shown
        terminal.until_true(lambda: bool(script.requests))
        script.payloads = UNTIL_RUNNING
        terminal.type("\x03")
        assert terminal.finish() == 130
        assert terminal.restored()
    assert script.cancelled_runs == [RUN]
    assert f"Cancelled {RUN}." in terminal.screen.text
    assert "Traceback" not in terminal.screen.text
    assert "^C" not in terminal.screen.text
    assert len({request.options.request_id for request in script.requests if hasattr(request, "options")}) == 1


def test_failure_is_told_once_and_has_its_exit_code(script: Script, address: str) -> None:
    error = Reason.REQUEST_BEYOND_PLANNER.error("It cannot be planned; say it otherwise.")
    script.payloads = [
        (Stage.UNSPECIFIED, RunStarted(RunKind.FULL)),
        (Stage.UNSPECIFIED, RunFinished(RunState.FAILED, Error.of(error), 3.0)),
    ]
    script.failure = error
    with Terminal([*COMMAND, "ask", "?", "--address", address], 80) as terminal:
        assert terminal.finish() == 1
        assert terminal.restored()
    assert terminal.screen.text.count("It cannot be planned; say it otherwise.") == 1


@pytest.mark.parametrize("text", ["这里没有能做这件事的模型" * 7, "das kann ich nicht, weil es hier niemand tut " * 5])
def test_a_refusal_is_told_whole_and_once(text: str, script: Script, address: str) -> None:
    """Given a refusal that is longer than a line, in letters of one column or two, it is broken and not cut."""
    error = Reason.REQUEST_BEYOND_PLANNER.error(f"{text}\n{text}.")
    part = NotDone("words", text)
    script.payloads = [
        (Stage.UNSPECIFIED, RunStarted(RunKind.FULL)),
        (Stage.PLAN, PlanFinished(Plan((), text), not_done=(part,))),
        (Stage.UNSPECIFIED, RunFinished(RunState.FAILED, Error.of(error), 3.0)),
    ]
    script.failure = error
    with Terminal([*COMMAND, "ask", "?", "--address", address], 80) as terminal:
        assert terminal.finish() == 1
        assert terminal.restored()
    assert terminal.screen.too_wide == []
    assert "".join(terminal.screen.text.split()).count("".join(text.split())) == 2
    assert "Error:" not in terminal.screen.text


def test_no_server_leaves_the_message_alone() -> None:
    with Terminal([*COMMAND, "ask", "?", "--address", "127.0.0.1:1"], 200) as terminal:
        assert terminal.finish() == 3
        assert terminal.restored()
    assert terminal.screen.text.strip().startswith("Error: No controller answers at 127.0.0.1:1")
    assert "--embedded" in terminal.screen.text


def test_messages_are_broken_between_words(script: Script, address: str) -> None:
    script.failure = Reason.REQUEST_EMPTY.error(
        "Say what is to be done, as in `orchestrion ask --plan p.json`, please."
    )
    with Terminal([*COMMAND, "ask", "?", "--address", address], 40) as terminal:
        assert terminal.finish() == 2
    assert terminal.screen.text.strip().splitlines()[-2:] == [
        "Error: Say what is to be done, as in",
        "`orchestrion ask --plan p.json`, please.",
    ]


@pytest.mark.parametrize("arguments", [["--plain"], []])
def test_plain_lines_where_asked_for_or_on_a_dumb_terminal(arguments: list[str], script: Script, address: str) -> None:
    script.payloads = UNTIL_ENDED
    environment = {} if arguments else {"TERM": "dumb"}
    command = [*COMMAND, "ask", "?", "--address", address, *arguments]
    with Terminal(command, 80, environment=environment) as terminal:
        assert terminal.finish() == 0
    assert f"run      {RUN}" in terminal.screen.text
    assert "plan     speak: text-to-speech (text read.text)" in terminal.screen.text


def test_watch_shows_what_was_asked(script: Script, address: str) -> None:
    script.payloads = UNTIL_ENDED
    with Terminal([*COMMAND, "watch", RUN, "--address", address], 80) as terminal:
        assert terminal.finish() == 0
    assert terminal.screen.lines[0].rstrip() == "> Read the signs, count the [2Jfaces."


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("command", [["hosts"], ["experts"], ["tasks"], ["tasks", "text-to-speech"], ["runs"]])
def test_tables_keep_to_the_width(command: list[str], width: int, address: str) -> None:
    with Terminal([*COMMAND, *command, "--address", address], width) as terminal:
        assert terminal.finish() == 0
    assert terminal.screen.too_wide == []
    assert len(terminal.screen.text.strip().splitlines()) >= 2


def test_hosts_are_watched_until_ctrl_c(script: Script, address: str) -> None:
    """Given a host that loads an expert and then leaves, the table is drawn anew each time."""
    script.host_changes = [HOST, replace(HOST, name="hosts/two"), replace(HOST, statuses=()), "hosts/two"]
    with Terminal([*COMMAND, "hosts", "--watch", "--address", address], 80) as terminal:
        terminal.until_true(lambda: "1, 0 loaded" in terminal.screen.text and "two" not in terminal.screen.text)
        assert "█████░░░░░" in terminal.screen.text
        terminal.type("\x03")
        assert terminal.finish() == 130
        assert terminal.screen.cursor_shown


def test_chat_edits_lines_and_remembers_them(script: Script, address: str, tmp_path: Path) -> None:
    """Given a paste of two lines, it is one request; Ctrl-C cancels a turn and the chat goes on; Ctrl-D leaves."""
    script.payloads = UNTIL_ENDED
    environment = {"XDG_STATE_HOME": str(tmp_path), "INPUTRC": os.devnull}
    with Terminal([*COMMAND, "chat", "--address", address], 100, environment=environment) as terminal:
        terminal.until("leaves.\n>")
        terminal.type("\x1b[200~Read it,\nthen speak.\x1b[201~\r")
        terminal.until("succeeded after")
        script.payloads, script.endless = [*UNTIL_RUNNING, (Stage.EXECUTE, TaskStarted("sum", 1, "hosts/x", "y"))], True
        terminal.type("Again.\r")
        terminal.until("y @ x")
        terminal.type("\x03")
        # The terminal is the prompt's again only then, and Ctrl-D before that is nobody's.
        terminal.until(f"Cancelled {RUN}.\n\n>")
        terminal.type("\x04")
        assert terminal.finish() == 0
        assert terminal.restored()
    runs = [request for request in script.requests if hasattr(request, "messages")]
    assert [request.messages[0].text for request in runs] == ["Read it,\nthen speak.", "Again."]
    assert [request.previous_run for request in runs] == ["", RUN]
    history = tmp_path / "orchestrion" / "chat_history"
    assert history.read_text().splitlines() == ["Read it, then speak.", "Again."]
    assert history.stat().st_mode & 0o777 == 0o600
