"""A plan in the person's own editor, checked by the controller before anything runs."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from orchestrion.cli import exits, plan_files

if TYPE_CHECKING:
    from orchestrion.cli.views import View
    from orchestrion.client import Client
    from orchestrion.plans import Plan
    from orchestrion.values import ArtifactRef

_FALLBACKS: Final = ("sensible-editor", "nano", "vim", "vi", "notepad")


def edited(client: Client, plan: Plan, attached: Sequence[ArtifactRef], show: Callable[[Plan], View]) -> Plan:
    """Opens a plan in the editor, again and again until it is valid or the person gives up.

    Args:
        client: Whose controller checks it.
        plan: The plan, with `attachments/{n}` for its files.
        attached: Those files, as artifacts.
        show: Makes the view in which a plan and its experts are shown.

    Raises:
        InvalidArgumentError: The person gave up, or is no person; the message is the one about the plan.
        OSError: There is no editor, or it failed.
    """
    from orchestrion.errors import OrchestrionError

    with tempfile.TemporaryDirectory(prefix="orchestrion-") as folder:
        path = Path(folder) / "plan.json"
        path.write_text(plan_files.write(plan), "utf-8")
        while True:
            _open_editor(path)
            try:
                changed = plan_files.read(path)
                check(client, changed, attached, show(changed))
            except OrchestrionError as error:
                exits.tell(f"The plan is not valid: {error.message.replace(str(path), 'plan.json')}")
                if not (sys.stdin.isatty() and typer.confirm("Edit it again?", default=True, err=True)):
                    raise
            else:
                return changed


def check(client: Client, plan: Plan, attached: Sequence[ArtifactRef], view: View) -> None:
    """Has the controller check a plan against its rules, and find an expert for every task; nothing is executed.

    Raises:
        InvalidArgumentError: The plan breaks a rule; the message names the task and the field.
        FailedPreconditionError: A task has no expert.
    """
    plan_files.check_attachments(plan, len(attached))
    if plan.tasks:
        with view, contextlib.closing(client.select(plan_files.resolved(plan, attached))) as events:
            for event in events:
                view.show(event)


def _open_editor(path: Path) -> None:
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not command and sys.stdin.isatty():
        command = next((name for name in _FALLBACKS if shutil.which(name)), "")
    if not command:
        raise OSError("No editor was found; set EDITOR to the command of yours.")
    try:
        # What this command writes to standard output is for whoever asked for it.
        output = None if sys.stdout.isatty() else sys.stderr
        subprocess.run([*shlex.split(command), str(path)], check=True, stdout=output)
    except subprocess.CalledProcessError as error:
        message = f"The editor {command!r} ended with exit status {error.returncode}; the plan was not changed."
        raise OSError(message) from error
    except FileNotFoundError as error:
        raise OSError(f"There is no editor {command!r}; set EDITOR to the command of yours.") from error
