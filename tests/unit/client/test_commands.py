"""The commands about plans, runs and tasks, and chat and completion, each in a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrion._codec import codec
from orchestrion.cli import plan_files
from orchestrion.errors import InvalidArgumentError, Reason
from orchestrion.events import (
    AnswerFinished,
    Payload,
    PlanFinished,
    RunFinished,
    RunStarted,
    Stage,
    TaskAssigned,
    TaskFinished,
    TaskPlanned,
)
from orchestrion.experts import Assignment, SelectionPolicy
from orchestrion.plans import Error, Plan, Task, TaskResult, TaskState
from orchestrion.runs import RunKind, RunState
from orchestrion.values import ArtifactRef, OutputRef
from tests.unit.client.scripted import RUN, Script

COMMAND = [sys.executable, "-W", "error", "-m", "orchestrion"]
ID = RUN.removeprefix("runs/")
PICTURE = b"a picture"


def orchestrion(
    *arguments: str | Path, address: str = "", folder: Path | None = None, text: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    where = ["--address", address] if address else []
    return subprocess.run(
        [*COMMAND, *map(str, arguments), *where], check=False, capture_output=True, text=True, timeout=60,
        cwd=folder, input=text, env={**os.environ, **environment},
    )  # fmt: skip


def plan_of(image: str) -> Plan:
    return Plan((
        Task("read", "image-to-text", {"image": ArtifactRef(image)}),
        Task("speak", "text-to-speech", {"text": OutputRef("read", "text")}),
    ))  # fmt: skip


def ended(*middle: tuple[Stage, Payload], error: Error | None = None) -> list[tuple[Stage, Payload]]:
    state = RunState.FAILED if error else RunState.SUCCEEDED
    first, last = RunStarted(RunKind.FULL), RunFinished(state, error, 7.0)
    return [(Stage.UNSPECIFIED, first), *middle, (Stage.UNSPECIFIED, last)]


def plans(script: Script, image: str) -> None:
    plan = plan_of(image)
    script.payloads = ended(*((Stage.PLAN, TaskPlanned(task)) for task in plan.tasks), (Stage.PLAN, PlanFinished(plan)))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "sign.jpg"
    path.write_bytes(PICTURE)
    return path


@pytest.fixture
def stored(script: Script) -> str:
    """The name that the picture has once it is uploaded."""
    return script.add(PICTURE, "sign.jpg")


def test_plan_is_saved_for_any_controller(script: Script, address: str, picture: Path, stored: str) -> None:
    """Given a plan that names the uploaded picture, the file names the first attachment, and `execute` sends it."""
    plans(script, stored)
    path = picture.with_name("plan.json")
    done = orchestrion("plan", "Read it.", "-f", picture, "--output", path, address=address)
    assert (done.returncode, plan_files.read(path)) == (0, plan_of("attachments/1"))
    assert f"orchestrion execute {path} -f {picture}" in done.stderr
    assert done.stdout.splitlines()[1] == f"plan     read: image-to-text (image {stored[:18]})"
    printed = orchestrion("plan", "-", "-f", picture, "--json", address=address, text="Read it.\n")
    assert plan_files.parse(printed.stdout.encode(), "output") == plan_of("attachments/1")
    assert script.requests[-1].messages[0].text == "Read it.\n"

    sound = script.add(b"sound", "speech.wav")
    result = TaskResult("speak", TaskState.SUCCEEDED, {"audio": ArtifactRef(sound)})
    script.payloads = ended((Stage.EXECUTE, TaskFinished(result, 3.0)))
    done = orchestrion("execute", path, "-f", picture, "-o", picture.with_name("out"), address=address)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"saved {picture.with_name('out')}/speech.wav")
    assert list(script.requests[-1].attachments) == [stored]


def test_execute_says_which_files_are_missing(script: Script, address: str, picture: Path) -> None:
    path = picture.with_name("plan.json")
    path.write_text(plan_files.write(plan_of("attachments/2")))
    done = orchestrion("execute", path, "-f", picture, address=address)
    assert done.returncode == 2
    assert "needs 2 files" in done.stderr
    assert "only 1 was given" in done.stderr
    assert script.requests == []


def test_policy_and_licences_reach_the_controller(script: Script, address: str, picture: Path) -> None:
    path = picture.with_name("plan.json")
    path.write_text(plan_files.write(plan_of("attachments/1")))
    script.payloads = ended((Stage.RESPOND, AnswerFinished("Done.")))
    flags = ["--policy", "llm", "--license", "MIT", "--license", "BSD-*"]
    for command in (["ask", "Read it."], ["execute", path, "-f", picture], ["execute", path, "-f", picture, "--check"]):
        done = orchestrion(*command, *flags, address=address)
        assert done.returncode == 0, done.stderr
        sent = script.requests[-1]
        assert (sent.policy, list(sent.licenses)) == (SelectionPolicy.LLM, ["MIT", "BSD-*"])
    refused = orchestrion("ask", "Read it.", "--policy", "luck", address=address)
    assert refused.returncode == 2
    assert "'luck' is not one of 'rank', 'llm'" in refused.stderr


def test_execute_fails_with_a_task(script: Script, address: str, picture: Path) -> None:
    path = picture.with_name("plan.json")
    path.write_text(plan_files.write(plan_of("attachments/1")))
    result = TaskResult("read", TaskState.FAILED, error=Error("EXPERT_FAILED", "It broke."))
    script.payloads = ended((Stage.EXECUTE, TaskFinished(result, 3.0)))
    done = orchestrion("execute", path, "-f", picture, address=address)
    assert (done.returncode, done.stderr) == (1, "Error: read did not succeed.\n")


def test_a_plan_is_checked_without_running_it(script: Script, address: str, picture: Path, stored: str) -> None:
    """Given `--check`, experts are chosen for the plan with the real file; what is wrong is named with its place."""
    path = picture.with_name("plan.json")
    path.write_text(plan_files.write(plan_of("attachments/1")))
    script.payloads = ended((Stage.SELECT, TaskAssigned(Assignment("read", "hosts/one", "rapidocr", "It is loaded."))))
    done = orchestrion("execute", path, "-f", picture, "--check", address=address)
    assert done.returncode == 0
    assert "select   read to rapidocr on one: It is loaded." in done.stdout
    (sent,) = script.requests
    assert codec.decode(sent.plan, Plan) == plan_of(stored)

    script.payloads, script.failure = (
        [],
        Reason.ILL_TYPED_INPUT.error("`speed`: 9 is more than 4.", task_id="speak", field="plan.tasks[1].inputs.speed"),
    )
    done = orchestrion("execute", path, "-f", picture, "--check", address=address)
    assert (done.returncode, done.stderr) == (2, "Error: task speak, inputs.speed: `speed`: 9 is more than 4.\n")


def editor(folder: Path, program: str) -> str:
    """Writes an editor that changes the file by itself, and returns its command."""
    path = folder / "an editor.py"
    path.write_text(f"import pathlib, sys\npath = pathlib.Path(sys.argv[1])\ntext = path.read_text()\n{program}\n")
    return shlex.join([sys.executable, str(path)])


def test_edited_plan_is_checked_and_carried_out(script: Script, address: str, picture: Path, stored: str) -> None:
    """Given an editor that renames a task, the renamed plan is selected with the real files, and then run."""
    plans(script, stored)
    command = editor(picture.parent, "path.write_text(text.replace('speak', 'utter'))")
    arguments: list[str | Path] = ["plan", "Read it.", "-f", picture, "--edit"]
    saved = picture.with_name("plan.json")
    done = orchestrion(*arguments, "--output", saved, address=address, EDITOR=command, VISUAL="")
    assert done.returncode == 0
    assert [task.id for task in plan_files.read(saved).tasks] == ["read", "utter"]
    checked = codec.decode(script.requests[-1].plan, Plan)
    assert checked.tasks[0].inputs == {"image": ArtifactRef(stored)}

    script.payloads = [*script.payloads[:-1], (Stage.RESPOND, AnswerFinished("Done.")), script.payloads[-1]]
    done = orchestrion(*arguments, "--execute", address=address, EDITOR=command, VISUAL="")
    assert done.stdout.endswith("\nDone.\n\n")
    sent = script.requests[-1]
    assert sent.messages[0].text == "Read it."
    assert [task.id for task in codec.decode(sent.plan, Plan).tasks] == ["read", "utter"]


@pytest.mark.parametrize(
    ("program", "named"),
    [
        ("path.write_text('{')", "plan.json"),
        ("path.write_text(text.replace('attachments/1', 'attachments/3'))", "attachments/3"),
        ("sys.exit(3)", "exit status 3"),
    ],
)
def test_plan_that_is_spoilt_is_never_carried_out(
    program: str, named: str, script: Script, address: str, picture: Path
) -> None:
    plans(script, script.add(PICTURE, "sign.jpg"))
    command = editor(picture.parent, program)
    arguments: list[str | Path] = ["plan", "?", "-f", picture, "--edit", "--execute"]
    done = orchestrion(*arguments, address=address, EDITOR=command, VISUAL="", TMPDIR=str(picture.parent))
    assert done.returncode in (1, 2)
    assert named in done.stderr
    assert len(script.requests) == 1


def test_attachments_keep_their_numbers() -> None:
    """Given the same picture attached twice, the plan names it by its first number, at any depth."""
    one, two = ArtifactRef("artifacts/" + "1" * 64), ArtifactRef("artifacts/" + "2" * 64)
    plan = Plan((Task("a", "t", {"x": (one, (two, "text")), "y": 1.0}),))
    numbered = plan_files.numbered(plan, [one, two, one])
    assert numbered.tasks[0].inputs["x"] == (ArtifactRef("attachments/1"), (ArtifactRef("attachments/2"), "text"))
    assert plan_files.resolved(numbered, [one, two]) == plan
    assert plan_files.parse(plan_files.write(numbered).encode(), "x") == numbered
    plan_files.check_attachments(numbered, 2)
    with pytest.raises(InvalidArgumentError, match="none was given"):
        plan_files.check_attachments(numbered, 0)


@pytest.mark.parametrize("name", [ID, RUN])
def test_runs_are_named_with_or_without_their_collection(name: str, script: Script, address: str) -> None:
    done = orchestrion("cancel", name, address=address)
    assert (done.returncode, done.stdout) == (0, f"{RUN} cancelled\n")
    script.payloads = ended((Stage.RESPOND, AnswerFinished("Done.")))
    done = orchestrion("watch", name, "--after", "2", address=address)
    assert (done.returncode, done.stdout.splitlines()) == (0, [f"run      {RUN}", "run      succeeded after 7 ms"])
    assert (script.requests[-1].name, script.requests[-1].after_sequence) == (RUN, 2)


def test_watch_has_the_exit_code_of_the_run(script: Script, address: str) -> None:
    script.payloads = ended(error=Error.of(Reason.REQUEST_EMPTY.error("Nothing was asked.")))
    done = orchestrion("watch", ID, address=address)
    assert (done.returncode, done.stderr) == (2, "Error: Nothing was asked.\n")


def test_watching_can_stop_without_harm(script: Script, address: str) -> None:
    script.payloads, script.endless = ended()[:1], True
    command = [*COMMAND, "watch", ID, "--address", address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"run      {RUN}\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"orchestrion cancel {ID}" in errors
    assert script.cancelled_runs == []


def test_runs_are_listed(address: str) -> None:
    done = orchestrion("runs", "--limit", "1", address=address)
    header, line = done.stdout.splitlines()
    assert header.split() == ["RUN", "KIND", "STATE", "AGE", "TOOK", "REQUEST"]
    assert line.split()[:3] == [ID, "full", "succeeded"]
    assert json.loads(orchestrion("runs", "--json", "--limit", "1", address=address).stdout)["name"] == RUN


def test_tasks_are_told_with_and_without_a_controller(address: str) -> None:
    with_one = orchestrion("tasks", address=address).stdout
    assert next(line for line in with_one.splitlines() if "● ready" in line).startswith("image-to-text ")
    assert "○ none" in with_one
    without = orchestrion("tasks", address="127.0.0.1:1")
    assert without.returncode == 0
    assert "image-to-text" in without.stdout
    assert "orchestrion up" in without.stderr
    one = orchestrion("tasks", "text-to-speech", address=address).stdout
    assert "0.25 to 4, or left out" in one
    plan = plan_files.parse(one[one.index("{") :].encode(), "output")
    assert [task.type for task in plan.tasks] == ["text-to-speech"]
    assert orchestrion("tasks", "singing", address=address).returncode == 2


def test_one_expert_in_detail(address: str) -> None:
    done = orchestrion("experts", "rapidocr", address=address)
    assert done.stdout.splitlines()[:2] == ["expert     rapidocr", "does       image-to-text"]
    assert done.stdout.splitlines()[-1].split()[:2] == ["one", "loaded"]
    assert orchestrion("experts", "nobody", address=address).returncode == 1


def test_chat_from_a_pipe(script: Script, address: str, picture: Path) -> None:
    """Given one request a line, each continues the last that succeeded; files stay attached until one has."""
    sound = script.add(b"sound", "speech.wav")
    script.payloads = ended((Stage.RESPOND, AnswerFinished("Here.", (sound,))))
    file, out = shlex.quote(str(picture)), picture.parent / "out"
    turns = f"/file {file}\nRead it.\n\n//what?\n/files\n/save {out}\n/new\nBye.\n/quit\nno"
    done = orchestrion("chat", address=address, text=turns)
    assert (done.returncode, done.stderr) == (0, "")
    assert [request.messages[0].text for request in script.requests if hasattr(request, "messages")] == [
        "Read it.", "/what?", "Bye.",
    ]  # fmt: skip
    runs = [request for request in script.requests if hasattr(request, "messages")]
    assert [request.previous_run for request in runs] == ["", RUN, ""]
    assert [len(request.messages[0].artifacts) for request in runs] == [1, 0, 0]
    lines = done.stdout.splitlines()
    assert "attached  sign.jpg (9 bytes), to the next request" in lines
    assert "made speech.wav (5 bytes); /save keeps it" in lines
    assert "made      speech.wav (5 bytes), not saved" in lines
    assert (picture.parent / "out" / "speech.wav").read_bytes() == b"sound"


def test_chat_goes_on_after_a_failure_and_tells_it(script: Script, address: str, tmp_path: Path) -> None:
    failed = Reason.REQUEST_BEYOND_PLANNER.error("It cannot be planned.")
    script.payloads, script.failure = ended(error=Error.of(failed)), failed
    done = orchestrion("chat", address=address, text="One.\nTwo.\n/bogus\n/file nowhere.png\n/file\n", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("Error: It cannot be planned.") == 2
    assert "/help" in done.stderr
    assert "nowhere.png" in done.stderr
    assert len(script.requests) == 2


@pytest.mark.parametrize("command", [["ask", "-"], ["chat"]])
def test_input_that_is_no_text_is_refused(command: list[str], address: str) -> None:
    done = subprocess.run(
        [*COMMAND, *command, "--address", address], check=False, capture_output=True, timeout=60, input=b"caf\xe9\n",
        env={**os.environ, "LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8:strict"},
    )  # fmt: skip
    assert done.returncode == 2
    assert b"UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


def completed(words: str, **environment: str) -> list[str]:
    count = str(len(words.split()) - (not words.endswith(" ")))
    shell = {"_PYTHON_M_ORCHESTRION_COMPLETE": "complete_bash", "_ORCHESTRION_COMPLETE": "complete_bash"}
    shell |= {"COMP_WORDS": words, "COMP_CWORD": count}
    program = "import sys; sys.argv[0] = 'orchestrion'; from orchestrion.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], check=False, capture_output=True, text=True, timeout=60,
        env={**os.environ, **shell, **environment},
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        ("orchestrion exec", ["execute"]),
        ("orchestrion tasks text-to", ["text-to-audio", "text-to-image", "text-to-speech", "text-to-video"]),
        ("orchestrion experts --task-type image-to-t", ["image-to-text"]),
        ("orchestrion watch ", [ID]),
        ("orchestrion cancel runs/01", [RUN]),
        ("orchestrion ask --previous 0", [ID]),
        ("orchestrion experts rap", ["rapidocr"]),
        ("orchestrion ask --planner b", ["builtin"]),
    ],
)
def test_shells_are_offered_what_there_is(words: str, offers: list[str], address: str) -> None:
    assert completed(words, ORCHESTRION_CONTROLLER=address) == offers


def test_shells_are_offered_nothing_in_silence_without_a_controller() -> None:
    assert completed("orchestrion watch ", ORCHESTRION_CONTROLLER="127.0.0.1:1") == []
    assert completed("orchestrion watch ", ORCHESTRION_CONTROLLER="nonsense") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_there(shell: str) -> None:
    done = orchestrion("--show-completion", shell)
    assert done.returncode == 0
    assert "orchestrion" in done.stdout.lower()
