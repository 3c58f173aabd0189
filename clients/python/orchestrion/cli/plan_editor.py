"""A plan in the person's own editor, checked by the controller before anything runs."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack

import typer

from orchestrion.cli import exits, plan_files
from orchestrion.cli.printer import one_line, printable

if TYPE_CHECKING:
    from orchestrion._sync.client import Client
    from orchestrion.cli.views import View
    from orchestrion.errors import OrchestrionError
    from orchestrion.plans import Plan
    from orchestrion.settings import SelectionCriteria
    from orchestrion.values import ArtifactRef

_FALLBACKS: Final = ("sensible-editor", "nano", "vim", "vi", "notepad")
_HINT: Final = (
    "Lines that begin with // are left out. When the editor is closed the plan is checked;",
    "nothing runs before that. An empty file gives up.",
)
_LINE_NUMBER: Final = re.compile(r"\bline (\d+) column\b")


class GaveUp(Exception):
    """The person gave an edit up; the message says what is left of it."""

    def __init__(self, message: str, error: OrchestrionError | None = None) -> None:
        """Keeps what was wrong with the plan, if it was that."""
        super().__init__(message)
        self.error = error


def edited(
    client: Client,
    plan: Plan,
    attached: Sequence[ArtifactRef],
    show: Callable[[Plan], View],
    *,
    title: str = "",
) -> Plan:
    """Opens a plan in the editor, again and again until it is valid or the person gives up.

    What is wrong with it stands above it as a comment when the editor is opened again, and the text below is left as
    the person wrote it. Whatever goes wrong, a text that was changed is kept, and its path told.

    Args:
        client: Whose controller checks it.
        plan: The plan, with `attachments/{n}` for its files.
        attached: Those files, as artifacts.
        show: Makes the view in which a plan and its experts are shown.
        title: What was asked, for the comment at the top.

    Raises:
        GaveUp: The person gave up, or is no person.
        OrchestrionError: The plan could not be checked, for a reason that is not its own.
        OSError: There is no editor, or it failed.
    """
    from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError

    body = plan_files.write(plan)
    above = _comment(title)
    with _kept_unless_done(body) as path:
        while True:
            path.write_text(above + body, "utf-8", errors="surrogateescape")
            _open_editor(path)
            text = path.read_text("utf-8", errors="surrogateescape")
            body = _below(above, text)
            if not plan_files.without_comments(body).strip():
                raise GaveUp("The file is empty, so the edit was given up.")
            try:
                changed = plan_files.parse(text.encode("utf-8", "surrogateescape"), path.name)
                check(client, changed, attached, show(changed))
            except (InvalidArgumentError, NotFoundError, FailedPreconditionError) as error:
                exits.tell(f"The plan is not valid: {exits.fault_of(error)}")
                if not (sys.stdin.isatty() and typer.confirm("Edit it again?", default=True, err=True)):
                    raise GaveUp("The plan is not valid, and the edit was given up.", error) from error
                above = _comment(title, exits.fault_of(error), above.count("\n"))
            else:
                return changed


def check(
    client: Client, plan: Plan, attached: Sequence[ArtifactRef], view: View, **choosing: Unpack[SelectionCriteria]
) -> None:
    """Has the controller check a plan against its rules, and find an expert for every task; nothing is executed.

    Raises:
        InvalidArgumentError: The plan breaks a rule; the message names the task and the field.
        FailedPreconditionError: A task has no expert.
    """
    plan_files.check_attachments(plan, len(attached))
    if plan.tasks:
        with view, contextlib.closing(client.select(plan_files.resolved(plan, attached), **choosing)) as events:
            for event in events:
                view.show(event)


@contextlib.contextmanager
def _kept_unless_done(original: str) -> Iterator[Path]:
    """Gives the path of a file to edit; when the body fails, it is kept if it holds what a person wrote."""
    folder = Path(tempfile.mkdtemp(prefix="orchestrion-"))
    path = folder / "plan.json"
    kept = False
    try:
        yield path
    except BaseException:
        text = path.read_text("utf-8", errors="replace") if path.exists() else ""
        written = plan_files.without_comments(text).strip()
        kept = written not in ("", original.strip())
        if kept:
            exits.tell(f"What you wrote is kept in {path}.")
        raise
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def _comment(title: str, error: str = "", lines_before: int = 0) -> str:
    """Writes what stands above the plan: what was asked, what is wrong, and how to go on.

    Args:
        title: What was asked.
        error: What is wrong with the plan; empty for nothing.
        lines_before: How many lines stood above the plan that the error counts from.
    """
    title_lines = [one_line(title)] if title else []
    wrong = f"NOT VALID: {error}".splitlines() if error else []
    # Lines that the error names are to be found where they are now.
    shift = len(title_lines) + len(wrong) + len(_HINT) - lines_before
    wrong = [_LINE_NUMBER.sub(lambda match: f"line {int(match[1]) + shift} column", line) for line in wrong]
    return "".join(f"// {printable(line)}\n" for line in (*title_lines, *wrong, *_HINT))


def _below(above: str, text: str) -> str:
    """Returns a text without the lines at its top that are ours; the person may have changed some or added others."""
    ours = set(above.splitlines())
    return "".join(itertools.dropwhile(lambda line: line.rstrip("\r\n") in ours, text.splitlines(keepends=True)))


def _open_editor(path: Path) -> None:
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not command and sys.stdin.isatty():
        command = next((name for name in _FALLBACKS if shutil.which(name)), "")
    if not command:
        raise OSError("No editor was found; set EDITOR to the command of yours.")
    try:
        # What this command writes to standard output is for whoever asked for it.
        output = None if sys.stdout.isatty() else sys.stderr
        with _ctrl_c_left_to_the_editor():
            subprocess.run([*shlex.split(command), str(path)], check=True, stdout=output)
    except subprocess.CalledProcessError as error:
        message = f"The editor {command!r} ended with exit status {error.returncode}; the plan was not changed."
        raise OSError(message) from error
    except FileNotFoundError as error:
        raise OSError(f"There is no editor {command!r}; set EDITOR to the command of yours.") from error


@contextlib.contextmanager
def _ctrl_c_left_to_the_editor() -> Iterator[None]:
    """Lets Ctrl-C mean what the editor makes of it: it must not kill the editor, and the text with it."""
    # A function, not SIG_IGN, which the editor would inherit.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
