"""Files and links named in the words of `ask`, `plan` and `chat`: on a terminal, in a pipe, and with `--yes`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrion.errors import Reason
from orchestrion.events import AnswerFinished, Payload, PlanFinished, RunFinished, RunStarted, Stage
from orchestrion.plans import Error, Plan
from orchestrion.refusals import NotDone
from orchestrion.runs import RunKind, RunState
from tests.unit.client.scripted import Script
from tests.unit.client.terminals import Terminal
from tests.unit.client.web_server import WebServer, serve_web

COMMAND = [sys.executable, "-W", "error", "-m", "orchestrion"]
ENVIRONMENT = {"no_proxy": "127.0.0.1", "INPUTRC": os.devnull}


@pytest.fixture
def web() -> Iterator[WebServer]:
    with serve_web() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "menu.jpg").write_bytes(b"j" * 120_000)
    (folder / "发票.png").write_bytes(b"invoice")
    (folder / ".secret.txt").write_bytes(b"secret")
    return folder


@pytest.fixture
def server(script: Script, address: str, folder: Path, web: WebServer) -> tuple[Script, str, Path, WebServer]:
    return script, address, folder, web


@pytest.fixture(autouse=True)
def answers(script: Script) -> None:
    script.payloads = answered()


def answered(*artifacts: str) -> list[tuple[Stage, Payload]]:
    return [
        (Stage.UNSPECIFIED, RunStarted(RunKind.FULL)),
        (Stage.PLAN, PlanFinished(Plan(no_task_reason="none"))),
        (Stage.RESPOND, AnswerFinished("Here.", artifacts)),
        (Stage.UNSPECIFIED, RunFinished(RunState.SUCCEEDED, None, 3.0)),
    ]


def orchestrion(
    *arguments: str, address: str, folder: Path, text: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments, "--address", address], check=False, capture_output=True, text=True, timeout=60,
        cwd=folder, input=text, env={**os.environ, **ENVIRONMENT, **environment},
    )  # fmt: skip


def terminal(*arguments: str, address: str, folder: Path) -> Terminal:
    state = {"XDG_STATE_HOME": str(folder.parent)}
    return Terminal([*COMMAND, *arguments, "--address", address], 100, environment=ENVIRONMENT | state, folder=folder)


def sent(script: Script) -> list[tuple[str, list[str]]]:
    """Returns the words of each request, with the names of its files."""
    messages = [request.messages[0] for request in script.requests if hasattr(request, "messages")]
    return [(each.text, [script.artifacts[name].file_name for name in each.artifacts]) for each in messages]


def test_ask_lists_what_it_would_take_and_asks(script: Script, address: str, folder: Path) -> None:
    with terminal("ask", "Read menu.jpg aloud", address=address, folder=folder) as command:
        command.until("Send menu.jpg (120.0 kB)? [Y/n]")
        assert script.artifacts == {}
        command.type("\r")
        assert command.finish() == 0
    assert sent(script) == [("Read menu.jpg aloud", ["menu.jpg"])]


@pytest.mark.parametrize("answer", ["n\r", "later\r", "\x04"])
def test_no_keeps_files_here(answer: str, script: Script, address: str, folder: Path) -> None:
    with terminal("ask", "把发票.png翻译成英文", address=address, folder=folder) as command:
        command.until("Send 发票.png (7 bytes)? [Y/n]")
        command.type(answer)
        assert command.finish() == 0
        assert "The words go without it." in command.screen.text
    assert sent(script) == [("把发票.png翻译成英文", [])]
    assert script.artifacts == {}


def test_ctrl_c_at_the_question_runs_nothing(script: Script, address: str, folder: Path) -> None:
    with terminal("ask", "Read menu.jpg", address=address, folder=folder) as command:
        command.until("[Y/n]")
        command.type("\x03")
        assert command.finish() == 130
    assert (script.requests, script.artifacts) == ([], {})


def test_several_are_asked_about_together(script: Script, address: str, folder: Path, web: WebServer) -> None:
    words = f"Compare 发票.png with {web.url('/menu.png')}, then read menu.jpg"
    with terminal("ask", words, "-f", "menu.jpg", address=address, folder=folder) as command:
        command.until("Send them? [Y/n]")
        assert "  发票.png (7 bytes)\n" in command.screen.text
        assert f"  {web.url('/menu.png')}, to be fetched" in command.screen.text
        assert web.paths == []
        command.type("y\r")
        assert command.finish() == 0
        assert f"Fetching {web.url('/menu.png')}" in command.screen.text
        assert "Fetched menu.png (2.1 kB)" in command.screen.text
    # The words keep the names; what -f attached is first, and is not listed.
    assert sent(script) == [(words, ["menu.jpg", "发票.png", "menu.png"])]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_pipes_are_told_and_send_nothing(
    options: tuple[str, ...], script: Script, address: str, folder: Path, web: WebServer
) -> None:
    words = f"Read menu.jpg and {web.url('/menu.png')} and .secret.txt"
    done = orchestrion("ask", words, *options, address=address, folder=folder)
    assert done.returncode == 0
    url = web.url("/menu.png")
    assert done.stderr == (
        f"Named in the words, and not sent: menu.jpg (120.0 kB), {url}. To send them, add -f menu.jpg -f {url} "
        "(or --yes).\n"
    )
    assert (sent(script), web.paths) == ([(words, [])], [])


def test_yes_has_agreed(script: Script, address: str, folder: Path, web: WebServer) -> None:
    words = f"Read menu.jpg and {web.url('/blog/night-train')}, nothing else."
    done = orchestrion("ask", words, "--yes", address=address, folder=folder)
    assert done.stderr.splitlines() == [
        "Sending menu.jpg (120.0 kB).",
        f"Fetching {web.url('/blog/night-train')}",
        done.stderr.splitlines()[2],
    ]
    assert "Fetched night-train.txt (1." in done.stderr
    assert "the text of the page" in done.stderr
    assert sent(script) == [(words, ["menu.jpg", "night-train.txt"])]


def test_what_a_server_proposes_is_not_read_for_names(script: Script, address: str, folder: Path) -> None:
    """Given a refusal whose nearest request names a file of this folder, the file stays here."""
    failed = Error.of(Reason.REQUEST_BEYOND_PLANNER.error("No."))
    refused = PlanFinished(Plan(), not_done=(NotDone("fly", "nobody can", "Read menu.jpg aloud"),))
    script.payloads = [
        (Stage.UNSPECIFIED, RunStarted(RunKind.FULL)),
        (Stage.PLAN, refused),
        (Stage.UNSPECIFIED, RunFinished(RunState.FAILED, failed, 3.0)),
    ]
    orchestrion("ask", "Fly.", "--yes", address=address, folder=folder)
    assert sent(script) == [("Fly.", []), ("Read menu.jpg aloud", [])]
    assert script.artifacts == {}


def test_quoted_texts_name_nothing(script: Script, address: str, folder: Path, web: WebServer) -> None:
    url = web.url("/menu.png")
    words = f"Say 'menu.jpg is at {url} now' and read '{url}?a=1'"
    done = orchestrion("ask", words, "-y", address=address, folder=folder)
    assert (done.returncode, web.paths) == (0, ["/menu.png?a=1"])
    assert sent(script) == [(words, ["menu.png"])]


def test_documents_full_of_links_are_not_fetched(script: Script, address: str, folder: Path, web: WebServer) -> None:
    text = " ".join(web.url(f"/menu.png?{number}") for number in range(17))
    done = orchestrion("ask", "-", "-y", address=address, folder=folder, text=text)
    assert "The words name 17 files and links" in done.stderr
    assert (sent(script), web.paths) == ([(text, [])], [])


@pytest.mark.parametrize("command", [("ask", "?"), ("plan", "?"), ("chat",)])
def test_links_are_attached_like_files(
    command: tuple[str, ...], script: Script, address: str, folder: Path, web: WebServer
) -> None:
    url = web.url("/image.php?id=7")
    done = orchestrion(*command, "-f", "menu.jpg", "-f", url, address=address, folder=folder, text="?\n")
    assert (done.returncode, sent(script)) == (0, [("?", ["menu.jpg", "image.png"])])
    assert done.stderr == f"Fetching {url}\nFetched image.png (2.1 kB)\n"


def test_plan_says_how_it_is_run(script: Script, address: str, folder: Path, web: WebServer) -> None:
    url = web.url("/menu.png?a=1&b=2")
    done = orchestrion(
        "plan", "Read menu.jpg", "-f", url, "--yes", "--output", "plan.json", address=address, folder=folder
    )
    assert f"orchestrion execute plan.json -f '{url}' -f menu.jpg" in done.stderr
    done = orchestrion("execute", "plan.json", "-f", url, address=address, folder=folder)
    assert web.paths == ["/menu.png?a=1&b=2"] * 2


@pytest.mark.parametrize(
    ("path", "environment", "code", "words"),
    [
        ("/missing.png", {}, 1, "404 Not Found. Check the address"),
        ("/slow", {"ORCHESTRION_LINK_TIMEOUT_S": "0.5"}, 1, "took longer than 0.5 s"),
        ("/menu.png", {"ORCHESTRION_LINK_MAX_BYTES": "1000"}, 1, "larger than 0.001 MB"),
        ("/menu.png", {"ORCHESTRION_LINK_MAX_BYTES": "much"}, 2, "ORCHESTRION_LINK_MAX_BYTES: 'much' is no limit"),
        ("/menu.png", {"ORCHESTRION_LINK_TIMEOUT_S": "-1"}, 2, "ORCHESTRION_LINK_TIMEOUT_S"),
    ],
)
def test_links_that_lead_nowhere(
    path: str, environment: dict[str, str], code: int, words: str, server: tuple[Script, str, Path, WebServer]
) -> None:
    script, address, folder, web = server
    done = orchestrion("ask", f"Read {web.url(path)}", "-y", address=address, folder=folder, **environment)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert script.requests == []


def test_progress_of_what_takes_long(script: Script, address: str, folder: Path, web: WebServer) -> None:
    with terminal("ask", "?", "-f", web.url("/slow"), address=address, folder=folder) as command:
        command.until("/100.0 kB")
        command.type("\x03")
        assert command.finish() == 130
        assert command.restored()
    assert script.requests == []


def test_chat_asks_once_and_knows_its_own_files(script: Script, address: str, folder: Path) -> None:
    """Given a turn that made a file, it is sent by its name, also where it was saved under another; nobody is asked."""
    made = script.add(b"sound", "speech.wav", "audio/wav")
    script.payloads = answered(made)
    (folder / "out").mkdir()
    (folder / "out" / "speech.wav").write_bytes(b"of another day")
    with terminal("chat", "-o", "out", address=address, folder=folder) as chat:
        chat.until(">")
        chat.type("Read menu.jpg aloud\r")
        chat.until("[Y/n]")
        chat.type("y\r")
        chat.until("saved out/speech-1.wav")
        script.payloads = answered()
        chat.type("Now 发票.png\r")
        chat.until("Sending 发票.png (7 bytes).")
        chat.until_true(lambda: len(sent(script)) == 2 and chat.screen.text.rstrip().endswith(">"))
        chat.type("make speech-1.wav slower, read menu.jpg again\r")
        chat.until("With speech-1.wav, menu.jpg of this conversation.")
        chat.until_true(lambda: len(sent(script)) == 3 and chat.screen.text.rstrip().endswith(">"))
        chat.type("\x04")
        assert chat.finish() == 0
        assert chat.screen.text.count("[Y/n]") == 1
    words = [text for text, _ in sent(script)]
    assert words == ["Read menu.jpg aloud", "Now 发票.png", "make speech-1.wav slower, read menu.jpg again"]
    messages = [request.messages[0] for request in script.requests if hasattr(request, "messages")]
    assert next(iter(messages[2].artifacts)) == made
    assert script.artifacts[made].file_name == "speech-1.wav"
    assert sent(script)[2][1] == ["speech-1.wav", "menu.jpg"]


def test_chat_in_a_pipe(script: Script, address: str, folder: Path, web: WebServer) -> None:
    made = script.add(b"sound", "speech.wav", "audio/wav")
    script.payloads = answered(made)
    text = f"Read menu.jpg\n/file menu.jpg {web.url('/menu.png')}\nRead menu.jpg and menu.png\nplay speech.wav\n"
    done = orchestrion("chat", address=address, folder=folder, text=text)
    assert done.returncode == 0
    assert "add /file menu.jpg (or --yes)." in done.stderr
    assert sent(script) == [
        ("Read menu.jpg", []),
        ("Read menu.jpg and menu.png", ["menu.jpg", "menu.png"]),
        ("play speech.wav", ["speech.wav"]),
    ]
    assert "With speech.wav of this conversation." in done.stderr


def test_what_reads_pages_is_loaded_for_pages_alone(web: WebServer) -> None:
    program = (
        "import sys\nfrom orchestrion import Link\nfrom orchestrion._web.fetching import fetch\n"
        f"fetch(Link({web.url('/menu.png')!r})).content.close()\nassert 'trafilatura' not in sys.modules\n"
        f"fetch(Link({web.url('/')!r})).content.close()\nassert 'trafilatura' in sys.modules\n"
    )
    options: dict[str, Any] = {"env": {**os.environ, **ENVIRONMENT}}
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60, **options)
