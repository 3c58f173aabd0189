"""Plans approved from the command line: asked at a terminal, told elsewhere, edited until they are right."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion import Approval, ArtifactRef, Client, OutputRef, Plan, Task
from orchestrion._codec import codec
from orchestrion.cli import plan_files
from orchestrion.errors import Reason
from orchestrion.events import Event
from orchestrion.experts import Assignment
from orchestrion.runs import Run, RunKind, RunState
from orchestrion.testing import Expectation, FakeController
from tests.unit.client.terminals import Terminal
from tests.unit.client.test_commands import completed

COMMAND = [sys.executable, "-W", "error", "-m", "orchestrion"]
PICTURE = b"a picture"
PLAN = Plan((
    Task("read", "image-to-text", {"image": ArtifactRef("attachments/1")}),
    Task("speak", "text-to-speech", {"text": OutputRef("read", "text")}),
))  # fmt: skip
CHOICES = [Assignment("read", "hosts/one", "rapidocr"), Assignment("speak", "hosts/one", "espeak-ng")]
RESULTS = {"read": {"text": "EXIT"}, "speak": {"audio": "sound"}}
QUESTION = "Carry it out? [y]es, [e]dit, [n]o:"


@pytest.fixture
def fake() -> Iterator[FakeController]:
    with FakeController() as fake:
        yield fake


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "sign.jpg"
    path.write_bytes(PICTURE)
    return path


def expected(fake: FakeController) -> Expectation:
    """Expects the request, plans it with the picture itself, and succeeds once its plan is approved."""
    stored = fake.add(PICTURE, file_name="sign.jpg")
    plan = PLAN.with_inputs("read", image=ArtifactRef(stored.name))
    return fake.expect("Read it aloud.").answer("It says EXIT.", plan=plan, assignments=CHOICES, results=RESULTS)


def ask(fake: FakeController, picture: Path, *options: str, **environment: str) -> Terminal:
    command = [*COMMAND, "ask", "Read it aloud.", "-f", str(picture), "--approve", "--address", fake.address, *options]
    own = {"VISUAL": "", "TMPDIR": str(picture.parent)}
    return Terminal(command, 100, environment={**own, **environment}, folder=picture.parent)


def editor(folder: Path, *programs: str) -> str:
    """Writes an editor that changes the file by itself, in another way each time, and keeps what it was shown."""
    path = folder / "an editor.py"
    steps = "\n".join(f"def step_{number}():\n    {program}" for number, program in enumerate(programs, 1))
    path.write_text(
        "import pathlib, sys\n"
        "path, shown = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent / 'shown'\n"
        "shown.mkdir(exist_ok=True)\n"
        "number = len(list(shown.iterdir())) + 1\n"
        "text = path.read_text()\n"
        "(shown / str(number)).write_text(text)\n"
        f"{steps}\n"
        "globals()[f'step_{number}']()\n"
    )
    return shlex.join([sys.executable, str(path)])


def replaced(old: str, new: str) -> str:
    return f"path.write_text(text.replace({old!r}, {new!r}))"


def test_a_plan_is_shown_and_runs_when_the_person_says_yes(fake: FakeController, picture: Path) -> None:
    expectation = expected(fake)
    with ask(fake, picture) as terminal:
        terminal.until(QUESTION)
        assert terminal.screen.cursor_shown
        assert "read: image-to-text (image attachments/1)" in terminal.screen.text
        assert "speak: text-to-speech (text read.text)" in terminal.screen.text
        assert "rapidocr @ one" not in terminal.screen.text
        assert fake.runs[0].state is RunState.AWAITING_APPROVAL
        terminal.type("perhaps\r")
        terminal.until_true(lambda: terminal.screen.text.count(QUESTION) == 2)
        terminal.type("y\r")
        assert terminal.finish() == 0
        assert terminal.restored()
    assert terminal.screen.too_wide == []
    assert terminal.screen.text.count(QUESTION) == 2
    assert "rapidocr @ one" in terminal.screen.text
    assert "It says EXIT." in terminal.screen.text
    assert expectation.received[0].approval is Approval.REQUIRED
    assert [plan.tasks[1] for plan in expectation.approved] == [PLAN.tasks[1]]


@pytest.mark.parametrize("answer", ["n\r", "no\r", "\x04"])
def test_a_plan_that_is_refused_cancels_its_run(answer: str, fake: FakeController, picture: Path) -> None:
    expectation = expected(fake)
    with ask(fake, picture) as terminal:
        terminal.until(QUESTION)
        terminal.type(answer)
        assert terminal.finish() == 1
        assert terminal.restored()
    assert "The plan was refused" in terminal.screen.text
    assert "Error" not in terminal.screen.text
    assert fake.runs[0].state is RunState.CANCELLED
    assert expectation.approved == []


def test_ctrl_c_at_the_question_cancels_the_run(fake: FakeController, picture: Path) -> None:
    expected(fake)
    with ask(fake, picture) as terminal:
        terminal.until(QUESTION)
        terminal.type("\x03")
        assert terminal.finish() == 130
        assert terminal.restored()
    assert fake.runs[0].state is RunState.CANCELLED


def test_an_edit_is_checked_corrected_and_approved(fake: FakeController, picture: Path) -> None:
    """Given an edit that the rules forbid, the editor opens again with the error above the text as it was written."""
    expectation = expected(fake)
    wrong = Reason.ILL_TYPED_INPUT.error(
        "`speed`: 9 is more than 4.", task_id="speak", field="plan.tasks[1].inputs.speed"
    )
    fake.expect(kind=RunKind.SELECT).refuse(wrong)
    fake.expect(kind=RunKind.SELECT).answer(plan=PLAN.with_inputs("speak", speed=4.0), assignments=CHOICES)
    speed = '"speed": {"number": 4}, "text"'
    command = editor(
        picture.parent,
        replaced('"text-to-speech",', '"text-to-speech", // faster'),
        replaced(" // faster", "\n      // Faster."),
        replaced('"text": {', speed + ": {"),
    )
    with ask(fake, picture, EDITOR=command) as terminal:
        terminal.until(QUESTION)
        terminal.type("e\r")
        terminal.until("Edit it again?")
        terminal.type("y\r")
        terminal.until_true(lambda: terminal.screen.text.count("Edit it again?") == 2)
        assert "The plan is not valid: task speak, inputs.speed: `speed`: 9 is more than 4." in terminal.screen.text
        terminal.type("\r")
        terminal.until_true(lambda: terminal.screen.text.count(QUESTION) == 2)
        assert "speed 4" in terminal.screen.text
        terminal.type("y\r")
        assert terminal.finish() == 0
    first, second, third = ((picture.parent / "shown" / name).read_text() for name in "123")
    assert first.startswith("// Read it aloud.\n// Lines that begin with //")
    assert plan_files.parse(first.encode(), "first") == PLAN
    # A mistake in the JSON is named by the line that it has in the file that is open now.
    complaint = next(line for line in second.splitlines() if "NOT VALID" in line)
    number = int(complaint.partition(" line ")[2].split()[0])
    assert "// faster" in second.splitlines()[number - 1]
    assert "// NOT VALID: task speak, inputs.speed: `speed`: 9 is more than 4.\n" in third
    assert "      // Faster.\n" in third
    assert third.count("NOT VALID") == 1
    assert [plan.tasks[1].inputs["speed"] for plan in expectation.approved] == [4]


def test_an_edit_that_is_given_up_leaves_the_plan_and_the_text(fake: FakeController, picture: Path) -> None:
    """Given a person who gives up after a mistake, and then empties the file, they can still approve the first plan."""
    expectation = expected(fake)
    command = editor(picture.parent, "path.write_text(text + 'mine')", "path.write_text('\\n// nothing\\n')")
    with ask(fake, picture, EDITOR=command) as terminal:
        terminal.until(QUESTION)
        terminal.type("e\r")
        terminal.until("Edit it again?")
        terminal.type("n\r")
        terminal.until_true(lambda: terminal.screen.text.count(QUESTION) == 2)
        assert "What you wrote is kept in" in terminal.screen.text
        (kept,) = picture.parent.glob("orchestrion-*/plan.json")
        assert kept.read_text().endswith("}\nmine")
        terminal.type("e\r")
        terminal.until("The file is empty, so the edit was given up.")
        terminal.until_true(lambda: terminal.screen.text.count(QUESTION) == 3)
        terminal.type("y\r")
        assert terminal.finish() == 0
    assert terminal.screen.text.count("is kept in") == 1
    assert [len(plan.tasks) for plan in expectation.approved] == [2]


def test_ctrl_c_in_the_editor_is_the_editors(fake: FakeController, picture: Path) -> None:
    """Given an editor that saves and ends on Ctrl-C, the run goes on and the edit counts."""
    expectation = expected(fake)
    fake.expect(kind=RunKind.SELECT).answer(plan=PLAN, assignments=CHOICES)
    wait = (
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}); "
        "print('editing', flush=True); signal.sigwait({signal.SIGINT})"
    )
    command = editor(picture.parent, f"{wait}; {replaced('speak', 'utter')}")
    with ask(fake, picture, EDITOR=command) as terminal:
        terminal.until(QUESTION)
        terminal.type("e\r")
        terminal.until("editing")
        terminal.type("\x03")
        terminal.until_true(lambda: terminal.screen.text.count(QUESTION) == 2)
        terminal.type("y\r")
        assert terminal.finish() == 0
    assert [[task.id for task in plan.tasks] for plan in expectation.approved] == [["read", "utter"]]


def test_somebody_else_may_be_faster(fake: FakeController, picture: Path) -> None:
    """Given a plan that another client approves meanwhile, the question is over and the run goes on."""
    expected(fake)
    with ask(fake, picture) as terminal, fake.client() as other:
        terminal.until(QUESTION)
        other.runs.approve(fake.runs[0].name)
        assert terminal.finish() == 0
        assert terminal.restored()
    assert "Somebody else has decided" in terminal.screen.text
    assert "It says EXIT." in terminal.screen.text


def test_a_run_that_is_cancelled_meanwhile_ends_the_question(fake: FakeController, picture: Path) -> None:
    expected(fake)
    with ask(fake, picture) as terminal, fake.client() as other:
        terminal.until(QUESTION)
        other.runs.cancel(fake.runs[0].name)
        assert terminal.finish() == 1
        assert terminal.restored()
    assert "Error: The run was cancelled by a call." in terminal.screen.text


def test_an_answer_that_comes_too_late_is_told_so(fake: FakeController, picture: Path) -> None:
    """Given a plan that another client approves while the editor is open, the person sees the run go on."""
    expectation = expected(fake)
    fake.expect(kind=RunKind.SELECT).answer(plan=PLAN, assignments=CHOICES)
    approve = (
        f"import orchestrion; client = orchestrion.Client({fake.address!r}); "
        "client.runs.approve(client.runs.list().items[-1].name)"
    )
    with ask(fake, picture, EDITOR=editor(picture.parent, approve)) as terminal:
        terminal.until(QUESTION)
        terminal.type("e\r")
        assert terminal.finish() == 0
    assert "It says EXIT." in terminal.screen.text
    assert len(expectation.approved) == 1


def approved_by_another(fake: FakeController, process: subprocess.Popen[str], *options: str) -> str:
    """Approves the run of a process with the command that it tells, and returns what that command printed."""
    assert process.stderr is not None
    line = process.stderr.readline()
    words = line.partition("Approve it with: orchestrion ")[2].split()
    assert words[0] == "approve"
    done = subprocess.run(
        [*COMMAND, *words, *options], check=False, capture_output=True, text=True, timeout=60, env=None
    )
    assert done.returncode == 0, done.stderr
    assert fake.runs[0].name.removeprefix("runs/") == words[1]
    return done.stdout


@pytest.mark.parametrize("json", [True, False])
def test_without_a_terminal_the_command_is_told_that_approves(json: bool, fake: FakeController, picture: Path) -> None:
    expectation = expected(fake)
    options = ["--json"] if json else []
    command = [*COMMAND, "ask", "Read it aloud.", "-f", str(picture), "--approve", "--address", fake.address, *options]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=picture.parent
    ) as process:
        printed = approved_by_another(fake, process, *options)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
    if json:
        names = [type(codec.from_json(line, Event).payload).__name__ for line in output.splitlines()]
        assert names.index("ApprovalAwaited") + 1 == names.index("PlanApproved")
        assert codec.from_json(printed, Run).name == fake.runs[0].name
    else:
        assert "run      plan awaits approval until " in output
        assert "run      plan approved\n" in output
        assert printed.startswith(f"approved {fake.runs[0].name}\nThe plan:\n  read: image-to-text")
    assert len(expectation.approved) == 1


def test_a_view_that_draws_makes_room_for_the_command(fake: FakeController, picture: Path) -> None:
    """Given a terminal for the output alone, the command stands whole between two trees."""
    expected(fake)
    script = f"{shlex.join(COMMAND)} ask 'Read it aloud.' -f {picture} --approve --address {fake.address} < /dev/null"
    with Terminal(["sh", "-c", script], 100, folder=picture.parent) as terminal, fake.client() as other:
        terminal.until("Refuse it with:")
        other.runs.approve(fake.runs[0].name)
        assert terminal.finish() == 0
        assert terminal.restored()
    lines = terminal.screen.text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(fake.runs[0].name))
    assert lines[start - 1].startswith("└─ · speak")
    assert any(line.startswith("✓ plan") for line in lines[start + 1 :])


@pytest.fixture
def waiting(fake: FakeController) -> Iterator[Run]:
    """A run that waits for approval, with somebody who reads it."""
    expected(fake)
    with fake.client() as client:
        stream = client.run("Read it aloud.", [PICTURE], approval=Approval.REQUIRED)
        next(stream)
        yield fake.runs[0]
        stream.close()


def orchestrion(fake: FakeController, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [*COMMAND, *map(str, arguments), "--address", fake.address], check=False, capture_output=True, text=True,
        timeout=60, stdin=subprocess.DEVNULL, env={**os.environ, **environment},
    )  # fmt: skip


def test_another_plan_is_approved_from_a_file_or_an_editor(fake: FakeController, waiting: Run, picture: Path) -> None:
    """Given a plan file with a comment, it takes the place of the plan; a second approval is refused."""
    wrong = Reason.UNKNOWN_TASK_TYPE.error("`x` is no task type.", task_id="read", field="plan.tasks[0].type")
    fake.expect(kind=RunKind.SELECT).refuse(wrong)
    command = editor(picture.parent, replaced('"image-to-text"', '"x"'))
    temporary = str(picture.parent)
    spoilt = orchestrion(fake, "approve", waiting.name, "--edit", EDITOR=command, VISUAL="", TMPDIR=temporary)
    assert spoilt.returncode == 2
    assert "task read, type: `x` is no task type." in spoilt.stderr
    assert "What you wrote is kept in" in spoilt.stderr
    assert fake.runs[0].state is RunState.AWAITING_APPROVAL

    path = picture.with_name("plan.json")
    path.write_text("// Read alone.\n" + plan_files.write(PLAN.without("speak")))
    done = orchestrion(fake, "approve", waiting.name, "--plan", path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "  read: image-to-text (image attachments/1)")
    again = orchestrion(fake, "approve", waiting.name)
    assert (again.returncode, again.stdout) == (1, "")
    assert "does not await approval" in again.stderr
    edited = orchestrion(fake, "approve", waiting.name, "--edit", EDITOR=command, VISUAL="")
    assert edited.returncode == 1
    assert "does not await approval: it is succeeded" in edited.stderr
    both = orchestrion(fake, "approve", waiting.name, "--edit", "--plan", path)
    assert both.returncode == 2
    assert "not both" in both.stderr


def test_shells_are_offered_the_runs_that_wait(fake: FakeController, waiting: Run) -> None:
    with fake.client() as client:
        fake.expect("Hello.").answer("Hello.")
        client.ask("Hello.")
    offered = completed("orchestrion approve ", ORCHESTRION_CONTROLLER=fake.address)
    assert offered == [waiting.name.removeprefix("runs/")]


def test_who_watches_sees_that_the_run_waits(fake: FakeController, waiting: Run) -> None:
    command = [*COMMAND, "watch", waiting.name, "--address", fake.address]
    with Terminal(command, 80) as terminal:
        terminal.until(f"orchestrion approve {waiting.name.removeprefix('runs/')}")
        assert "Awaits approval until " in terminal.screen.text
        with Client(fake.address) as client:
            client.runs.approve(waiting.name, PLAN.without("speak"))
        assert terminal.finish() == 0
    assert terminal.screen.too_wide == []
    assert "Awaits approval" not in terminal.screen.text
    assert "speak  text" not in terminal.screen.text


def test_chat_asks_in_every_turn_and_goes_on_after_a_no(fake: FakeController, tmp_path: Path) -> None:
    first = fake.expect("First.").answer("One.", plan=PLAN)
    second = fake.expect("Second.").answer("Two.", plan=PLAN)
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    with Terminal([*COMMAND, "chat", "--approve", "--address", fake.address], 100, environment=environment) as terminal:
        terminal.until("leaves.\n>")
        terminal.type("First.\r")
        terminal.until(QUESTION)
        terminal.type("n\r")
        terminal.until("The plan was refused")
        terminal.until("cancelled.\n>")
        terminal.type("Second.\r")
        terminal.until_true(lambda: terminal.screen.text.count(QUESTION) == 2)
        terminal.type("y\r")
        terminal.until("Two.")
        # The terminal is the prompt's again only then.
        terminal.until_true(lambda: terminal.screen.text.endswith("\n>"))
        terminal.type("\x04")
        assert terminal.finish() == 0
    assert first.approved == []
    assert second.approved == [PLAN]
