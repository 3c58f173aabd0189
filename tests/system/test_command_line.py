"""The command line on real pictures, with a real controller, model host and experts."""

from __future__ import annotations

import json
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
import wave
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import orchestrion
from orchestrion._codec import codec
from orchestrion.events import Event, TaskFinished
from orchestrion.runs import RunState
from tests.unit.client.terminals import Terminal

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "examples" / "pictures"
COMMAND = [sys.executable, "-m", "orchestrion"]

pytestmark = pytest.mark.timeout(180)


def run(*arguments: str | Path, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], check=False, capture_output=True, text=True, timeout=120, cwd=folder
    )


def children_of(pid: int) -> list[int]:
    """Lists the processes started by one, and those that they started."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            children += [child, *children_of(child)]
    return children


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z"
    except FileNotFoundError:
        return True


def test_reads_a_sign_aloud(client: orchestrion.Client, tmp_path: Path) -> None:
    done = run(
        "ask", "Read the text in this picture aloud.", "-f", PICTURES / "station.jpg", "--address", client.address,
        folder=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "Platform 9" in done.stdout
    saved = tmp_path / done.stdout.splitlines()[-1].removeprefix("saved ")
    with wave.open(str(saved)) as sound:
        assert sound.getnframes() / sound.getframerate() > 1


def test_words_name_a_file_and_a_link(
    client: orchestrion.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a picture in the folder and one on a web server, each is taken by its name and read."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    shutil.copy(PICTURES / "station.jpg", tmp_path / "sign.jpg")
    done = run("ask", "What does sign.jpg say?", "--yes", "--address", client.address, folder=tmp_path)
    assert done.stderr.startswith("Sending sign.jpg (")
    assert "Platform 9" in done.stdout
    handler = partial(SimpleHTTPRequestHandler, directory=str(PICTURES))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            link = f"http://127.0.0.1:{server.server_port}/bridge.jpg"
            done = run("ask", "What does it say?", "-f", link, "--address", client.address, folder=tmp_path)
        finally:
            server.shutdown()
            thread.join()
    assert done.stderr.startswith(f"Fetching {link}\nFetched bridge.jpg (")
    assert "This bridge freezes" in done.stdout


def test_json_is_the_log(client: orchestrion.Client) -> None:
    done = run("ask", "What does it say?", "-f", PICTURES / "bridge.jpg", "--json", "--address", client.address)
    assert done.returncode == 0
    events = [codec.from_json(line, Event) for line in done.stdout.splitlines()]
    (result,) = [event.payload.result for event in events if isinstance(event.payload, TaskFinished)]
    assert result.outputs["text"] == "Caution\nThis bridge freezes\nbefore the road"
    kept = [event for event in events if event.sequence]
    assert [event.sequence for event in kept] == list(range(1, len(kept) + 1))
    assert list(client.runs.watch(events[0].run)) == kept


def test_hosts_and_experts(client: orchestrion.Client) -> None:
    assert "hosts/embedded  ready" in run("hosts", "--address", client.address).stdout
    listed = run("experts", "--task-type", "text-to-speech", "--json", "--address", client.address)
    assert [json.loads(line)["expert"]["id"] for line in listed.stdout.splitlines()] == ["espeak-ng"]


@pytest.mark.parametrize(
    ("request_text", "code", "message"),
    [
        ("", 2, "Error: "),
        # What was understood and the command that brings its expert, in two lines.
        ("Compose a symphony in D minor.", 1, "Understood: compose music (text-to-audio); no expert for it runs here."),
    ],
)
def test_requests_that_cannot_be(request_text: str, code: int, message: str, client: orchestrion.Client) -> None:
    done = run("ask", request_text, "--address", client.address)
    assert done.returncode == code
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("width", [80, 140])
def test_live_view_of_a_real_run(width: int, client: orchestrion.Client, tmp_path: Path) -> None:
    request = ["ask", "Read the text in this picture aloud.", "-f", str(PICTURES / "station.jpg")]
    with Terminal([*COMMAND, *request, "--address", client.address], width, folder=tmp_path) as terminal:
        assert terminal.finish() == 0
        assert terminal.restored()
    assert terminal.screen.too_wide == []
    lines = terminal.screen.text.splitlines()
    assert "rapidocr @ embedded" in lines[1]
    assert any(line.startswith("└─ ✓ text-to-speech") and "espeak-ng @ embedded" in line for line in lines)
    assert "Platform 9" in terminal.screen.text
    assert (tmp_path / "orchestrion-output" / "speech.wav").exists()


def test_what_is_wrong_with_an_edited_plan_is_told_before_anything_runs(
    client: orchestrion.Client, tmp_path: Path
) -> None:
    """Given an editor that misspells a task type, the controller names it, and no task was started."""
    editor = f"{shlex.quote(sys.executable)} -c " + shlex.quote(
        "import pathlib, sys; path = pathlib.Path(sys.argv[1]);"
        "path.write_text(path.read_text().replace('\"image-to-text\"', '\"image-to-txt\"'))"
    )
    picture = str(PICTURES / "bridge.jpg")
    done = subprocess.run(
        [*COMMAND, "plan", "Read this.", "-f", picture, "--edit", "--execute", "--address", client.address],
        check=False, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        env={**os.environ, "VISUAL": "", "EDITOR": editor, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "image-to-txt" in done.stderr
    assert "started by" not in done.stdout


def test_a_plan_is_edited_and_approved_in_the_middle_of_a_run(client: orchestrion.Client, tmp_path: Path) -> None:
    """Given an edit that the controller refuses, and then one that it takes, the second one is what is carried out."""
    path = tmp_path / "editor.py"
    path.write_text(
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "text = path.read_text()\n"
        'new = (\'"speed": {"number": 0.5}\' if \'NOT VALID\' in text else \'"speed": {"number": 99}\')\n'
        'text = text.replace(\'"speed": {"number": 99}\', new)\n'
        "path.write_text(text if 'speed' in text else text.replace('\"text\": {', new + ', \"text\": {'))\n"
    )
    environment = {"VISUAL": "", "EDITOR": shlex.join([sys.executable, str(path)])}
    request = ["ask", "Read the text in this picture aloud.", "-f", str(PICTURES / "station.jpg"), "--approve"]
    question = "Carry it out?"
    with Terminal(
        [*COMMAND, *request, "--address", client.address], 100, environment=environment, folder=tmp_path
    ) as terminal:
        terminal.until(question)
        terminal.type("e\r")
        terminal.until("Edit it again?")
        assert "task text-to-speech-1, inputs.speed" in terminal.screen.text
        terminal.type("\r")
        terminal.until_true(lambda: terminal.screen.text.count(question) == 2)
        assert RunState.AWAITING_APPROVAL in [run.state for run in client.runs.list(page_size=5).items]
        terminal.type("y\r")
        assert terminal.finish() == 0
        assert terminal.restored()
    assert "Platform 9" in terminal.screen.text
    name = terminal.screen.text.rpartition("succeeded after ")[2].split()[2]
    plan = client.runs.get(name).plan
    assert plan is not None
    assert plan.tasks[1].inputs["speed"] == 0.5
    assert (tmp_path / "orchestrion-output" / "speech.wav").exists()


def test_saved_plan_runs_with_another_picture(client: orchestrion.Client, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    address = ["--address", client.address]
    assert run("plan", "Read this.", "-f", PICTURES / "bridge.jpg", "--output", plan, *address).returncode == 0
    done = run("execute", plan, "-f", PICTURES / "station.jpg", *address, folder=tmp_path)
    assert done.returncode == 0
    assert "Platform 9" in done.stdout


def test_runs_can_be_listed_and_seen_again(client: orchestrion.Client) -> None:
    address = ["--address", client.address]
    first = run("ask", "What does it say?", "-f", PICTURES / "bridge.jpg", "--plain", *address)
    name = first.stdout.split()[1]
    line = run("runs", "--limit", "1", *address).stdout.splitlines()[1]
    assert line.split()[0] == name.removeprefix("runs/")
    assert line.endswith("What does it say?")
    again = run("watch", name, *address).stdout.splitlines()
    # Progress is not kept; everything else is told again, word for word.
    assert set(again) <= set(first.stdout.splitlines())
    assert again[-1].startswith("run      succeeded")


def test_chat_knows_what_was_said_before(client: orchestrion.Client, tmp_path: Path) -> None:
    turns = f"/file {PICTURES / 'station.jpg'}\nWhat does this picture say?\nNow read it aloud.\n"
    done = subprocess.run(
        [*COMMAND, "chat", "-o", str(tmp_path), "--address", client.address],
        check=False, capture_output=True, text=True, timeout=120, input=turns,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Platform 9") >= 2
    assert (tmp_path / "speech.wav").exists()


def test_up_serves_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    ports = [part for name in ("", "metrics-", "host-", "host-metrics-") for part in (f"--{name}port", "0")]
    command = [*COMMAND, "up", *ports, "--web", "--web-port", "0", "--home", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address, _, page = (process.stdout.readline().split()[1] for _ in range(3))
        assert run("hosts", "--address", address).returncode == 0
        with urllib.request.urlopen(page) as answer:
            assert b"<title>Orchestrion</title>" in answer.read()
        with urllib.request.urlopen(f"{page}/api/v1/hosts") as answer:
            assert [host["name"] for host in json.load(answer)["hosts"]] == ["hosts/local"]
        children = children_of(process.pid)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert len(children) >= 3
    assert all(gone(child) for child in children)


def test_up_stops_when_a_server_dies(tmp_path: Path) -> None:
    ports = [part for name in ("", "metrics-", "host-", "host-metrics-") for part in (f"--{name}port", "0")]
    command = [*COMMAND, "up", *ports, "--home", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        children = children_of(process.pid)
        os.kill(children[0], signal.SIGKILL)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "was killed by SIGKILL" in errors
    assert all(gone(child) for child in children)


def test_embedded_killed_hard_leaves_nothing(tmp_path: Path) -> None:
    program = "import orchestrion, signal\nwith orchestrion.embedded(): print('ready', flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        children = children_of(process.pid)
        handles = [os.pidfd_open(child) for child in children]
        process.kill()
    for handle in handles:
        # Readable when the process has ended.
        assert select.select([handle], [], [], 20)[0]
        os.close(handle)
    assert len(children) >= 2


def test_what_failed_is_in_the_answer(client: orchestrion.Client, tmp_path: Path) -> None:
    path = tmp_path / "no_picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"I only begin like a picture.")
    answer = client.ask("Read the text in this picture.", [path])
    assert [result.succeeded for result in answer.results] == [False]
    assert "no_picture.png" in answer.text
    assert "failed" in answer.text


def test_ctrl_c_cancels_the_run_and_stops_what_was_started(tmp_path: Path) -> None:
    request = "Read the text in this picture aloud."
    command = [*COMMAND, "ask", request, "--embedded", "-f", str(PICTURES / "station.jpg")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        name = process.stdout.readline().split()[1]
        children = children_of(process.pid)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert f"Cancelled {name}." in errors
    assert "Traceback" not in errors
    assert all(gone(child) for child in children)
