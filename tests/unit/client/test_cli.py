"""The command line as scripts and people use it, each time in a process of its own, against a scripted server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import typer

from orchestrion._codec import codec
from orchestrion.cli import exits
from orchestrion.errors import Reason
from orchestrion.events import (
    AnswerFinished,
    Event,
    Payload,
    RunFinished,
    RunStarted,
    Stage,
    TaskAssigned,
    TaskFinished,
    TaskPlanned,
    TaskProgress,
    TaskText,
)
from orchestrion.experts import Assignment
from orchestrion.plans import Error, Plan, Task, TaskResult, TaskState
from orchestrion.runs import RunKind, RunState
from orchestrion.values import ArtifactRef
from tests.unit.client.scripted import RUN, Script

COMMAND = [sys.executable, "-W", "error", "-m", "orchestrion"]
PLAN = Plan((Task("read", "image-to-text", {"image": ArtifactRef("attachments/1")}),))


def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, **options)


def orchestrion(*arguments: str | Path, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return run([*COMMAND, *map(str, arguments)], cwd=folder)


def succeed(script: Script, *artifacts: str) -> None:
    script.payloads = [
        (Stage.UNSPECIFIED, RunStarted(RunKind.FULL)),
        (Stage.PLAN, TaskPlanned(PLAN.tasks[0])),
        (Stage.SELECT, TaskAssigned(Assignment("read", "hosts/one", "rapidocr", "it is loaded"))),
        (Stage.EXECUTE, TaskProgress("read", 0.5, "looking")),
        (Stage.EXECUTE, TaskText("read", "text", "EX\x1b[2JIT")),
        (Stage.EXECUTE, TaskFinished(TaskResult("read", TaskState.SUCCEEDED, {"text": "EXIT"}), 12.0)),
        (Stage.RESPOND, AnswerFinished("The sign says\nEXIT.\x1b]0;title\x07", artifacts)),
        (Stage.UNSPECIFIED, RunFinished(RunState.SUCCEEDED, None, 1500.0)),
    ]


def fail(script: Script, reason: Reason) -> None:
    error = reason.error("It cannot be done; try something else.", field="messages")
    ended: Payload = RunFinished(RunState.FAILED, Error.of(error), 3.0)
    script.payloads = [(Stage.UNSPECIFIED, RunStarted(RunKind.FULL)), (Stage.UNSPECIFIED, ended)]
    script.failure = error


def test_ask_prints_lines_then_the_answer_then_the_files(script: Script, address: str, tmp_path: Path) -> None:
    succeed(script, script.add(b"sound", "speech.wav", "audio/wav"))
    (tmp_path / "sign.jpg").write_bytes(b"picture")
    for expected in ("speech.wav", "speech-1.wav"):
        done = orchestrion("ask", "Read it.", "-f", "sign.jpg", "--address", address, folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [
            f"run      {RUN}",
            "plan     read: image-to-text (image attachments/1)",
            "select   read to rapidocr on one: it is loaded",
            "execute  read 50% looking",
            'execute  read text: "EX[2JIT"',
            'execute  read done in 12 ms: text "EXIT"',
            "run      succeeded after 1.50 s",
            "",
            "The sign says",
            "EXIT.]0;title",
            "",
            f"saved orchestrion-output/{expected}",
        ]
        assert (tmp_path / "orchestrion-output" / expected).read_bytes() == b"sound"


def test_ask_saves_where_it_is_told(script: Script, address: str, tmp_path: Path) -> None:
    succeed(script, script.add(b"sound", "speech.wav"))
    folder = tmp_path / "new" / "folder"
    done = orchestrion("ask", "Read it.", "--address", address, "-o", folder)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"saved {folder}/speech.wav")


def test_json_prints_events_and_nothing_else(script: Script, address: str, tmp_path: Path) -> None:
    succeed(script, script.add(b"sound", "speech.wav"))
    done = orchestrion("ask", "Read it.", "--json", "--address", address, folder=tmp_path)
    events = [codec.from_json(line, Event) for line in done.stdout.splitlines()]
    assert [event.payload for event in events] == [payload for _, payload in script.payloads]
    assert list(tmp_path.iterdir()) == []
    done = orchestrion("ask", "Read it.", "--json", "-o", tmp_path, "--address", address)
    assert len(done.stdout.splitlines()) == len(events)
    assert done.stderr == f"saved {tmp_path}/speech.wav\n"


def test_plan_and_settings_are_sent(script: Script, address: str, tmp_path: Path) -> None:
    succeed(script)
    path = tmp_path / "plan.json"
    path.write_text(codec.to_json(PLAN))
    options: list[str | Path] = ["--plan", path, "--planner", "llm", "--responder", "builtin", "--timeout", "20"]
    options += ["--previous", "0123456789abcdef0123", "-f", path]
    assert orchestrion("ask", "Read it.", *options, "--address", address).returncode == 0
    (request,) = script.requests
    assert codec.decode(request.plan, Plan) == PLAN
    assert (request.planner, request.responder, request.previous_run) == ("llm", "builtin", RUN)
    assert list(request.messages[0].artifacts) == list(script.artifacts)
    assert script.deadlines[0] is not None
    assert 10 < script.deadlines[0] < 21  # gRPC rounds what is left up, to three digits.


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.REQUEST_BEYOND_PLANNER, 1),
        (Reason.CANCELLED, 1),
        (Reason.DEADLINE_EXCEEDED, 1),
        (Reason.REQUEST_EMPTY, 2),
    ],
)
def test_failed_run_has_its_exit_code(reason: Reason, code: int, script: Script, address: str) -> None:
    fail(script, reason)
    done = orchestrion("ask", "?", "--address", address)
    assert (done.returncode, done.stderr) == (code, "Error: It cannot be done; try something else.\n")
    assert done.stdout.splitlines()[-1] == "run      failed after 3 ms: It cannot be done; try something else."


@pytest.mark.parametrize(
    ("private", "command", "hinted"),
    [
        (True, "orchestrion models pull x", True),
        (True, "pip install y", False),
        (False, "orchestrion models pull x", False),
    ],
)
def test_a_cure_for_servers_that_stay_says_so(
    private: bool, command: str, hinted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given the error of private servers, which no other command reaches, a command that pulls needs others."""
    with pytest.raises(typer.Exit), exits.handled(private=private):
        raise Reason.NO_EXPERT.error("No expert.", command=command)
    assert ("start `orchestrion up`" in capsys.readouterr().err) is hinted


@pytest.mark.parametrize("command", [("hosts",), ("experts",), ("ask", "?")])
def test_no_server(command: tuple[str, ...]) -> None:
    done = orchestrion(*command, "--address", "127.0.0.1:1")
    assert (done.returncode, done.stdout) == (3, "")
    assert "127.0.0.1:1" in done.stderr
    assert "orchestrion up" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("ask", "?", "-f", "missing.png"), "missing.png"),
        (("ask", "?", "--plan", "bad.json"), "bad.json"),
        (("ask", "?", "--timeout", "0"), "--timeout"),
        (("ask", "?", "--address", "nowhere"), "nowhere"),
        (("ask",), "REQUEST"),
        (("sing",), "sing"),
    ],
)
def test_wrong_input(arguments: tuple[str, ...], named: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"tasks": 7}')
    done = orchestrion(*arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupt_cancels_the_run(number: signal.Signals, code: int, script: Script, address: str) -> None:
    succeed(script)
    script.payloads = script.payloads[:2]
    script.endless = True
    command = [*COMMAND, "ask", "Read it.", "--address", address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert [process.stdout.readline()[:4] for _ in range(2)] == ["run ", "plan"]
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (code, f"Cancelled {RUN}.\n")
    assert script.cancelled_runs == [RUN]


def test_an_interrupt_at_a_bad_moment_is_still_one() -> None:
    """Given an interrupt that `threading` turns into an error about its lock, it is raised as what it was."""
    lock = threading.Lock()
    with pytest.raises(exits.Terminated), exits.interrupts_as_such(), lock:  # noqa: PT012
        lock.release()  # The lock is given back again on the way out, which is an error.
        raise exits.Terminated
    with pytest.raises(RuntimeError, match="its own"), exits.interrupts_as_such():
        raise RuntimeError("its own")


def test_reader_that_leaves_is_no_trouble(script: Script, address: str) -> None:
    succeed(script)
    done = run(["bash", "-c", '"$@" | head -n 1', "bash", *COMMAND, "ask", "?", "--address", address])
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_hosts_and_experts(script: Script, address: str) -> None:
    assert orchestrion("hosts", "--address", address).stdout.splitlines() == [
        "HOST       STATE  ADDRESS      FREE MEMORY             EXPERTS",
        "hosts/one  ready  127.0.0.1:1  cpu 1.0 GiB of 2.0 GiB  1, 1 loaded",
    ]
    assert orchestrion("experts", "--address", address).stdout.splitlines() == [
        "EXPERT    TASK TYPES     MODEL   RUNTIME  HOSTS",
        "rapidocr  image-to-text  PP-OCR  engine   one loaded",
    ]
    none = orchestrion("experts", "--task-type", "text-to-speech", "--address", address)
    assert (none.returncode, none.stdout) == (0, "")
    assert "text-to-speech" in none.stderr
    assert json.loads(orchestrion("hosts", "--json", "--address", address).stdout)["name"] == "hosts/one"


def test_help_answers_at_once_and_loads_no_grpc() -> None:
    program = "import sys\nfrom orchestrion.cli import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    started = time.monotonic()
    done = run([sys.executable, "-c", program, "--help"])
    assert time.monotonic() - started < 3  # 0.3 s on a machine that is not busy.
    assert "ask" in done.stdout
    assert not {"grpc", "google.protobuf", "rich", "yaml"} & set(done.stderr.split())


def test_version() -> None:
    assert orchestrion("version").stdout.strip() == "0.1.0"


def test_commands_of_other_packages_join(tmp_path: Path) -> None:
    """A server package names its commands under an entry point; they are listed and run as ours are."""
    (tmp_path / "guest.py").write_text(
        'def tune(name: str) -> None:\n    """Tune a model."""\n    print("tuned", name)\n'
    )
    facts = tmp_path / "guest-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[orchestrion.commands]\ntune = guest:tune\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    listed = run([*COMMAND, "--help"], env=environment)
    assert "tune     Tune a model." in listed.stdout
    assert run([*COMMAND, "tune", "x"], env=environment).stdout == "tuned x\n"
