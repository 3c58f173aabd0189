"""Approval of a plan in the middle of a run: asked of the person at the terminal, or told how to give it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from orchestrion.cli import exits, not_done, plan_files, views
from orchestrion.cli.decisions import DecisionWatch
from orchestrion.cli.keyboard import forget_typed

if TYPE_CHECKING:
    from orchestrion._sync.client import Client
    from orchestrion.events import Event
    from orchestrion.plans import Plan
    from orchestrion.refusals import NotDone, Question
    from orchestrion.settings import RunSettings
    from orchestrion.snapshots import RunSnapshot
    from orchestrion.values import ArtifactRef

_CHOICES: Final = {"y": "yes", "yes": "yes", "e": "edit", "edit": "edit", "n": "no", "no": "no"}


def approval_of(timeout_s: float | None = None) -> RunSettings:
    """Returns the settings of a run that waits for approval: so many seconds, or as long as the server says."""
    from orchestrion.runs import Approval

    timeout_ms = None if timeout_s is None else max(1, round(timeout_s * 1000))
    return {"approval": Approval.REQUIRED, "approval_timeout_ms": timeout_ms}


class ApprovalPrompt:
    """Shows the events of a run, and asks the person when its plan awaits approval."""

    def __init__(self, client: Client, view: views.View, *, json: bool, plain: bool) -> None:
        """Prepares to ask.

        Args:
            client: Whose run it is.
            view: Shows the events.
            json: Whether events are printed for programs: then nobody is asked.
            plain: Whether plain lines are asked for.
        """
        from orchestrion.snapshots import RunSnapshot

        self._client, self._view, self._plain = client, view, plain
        self._asks = not json and sys.stdin.isatty() and sys.stdout.isatty()
        self._run = RunSnapshot()

    def show(self, event: Event) -> None:
        """Takes the next event.

        Raises:
            Declined: The person refused the plan; the run is cancelled.
        """
        from orchestrion.events import ApprovalAwaited
        from orchestrion.snapshots import apply

        self._view.show(event)
        self._run = apply(self._run, event)
        if not isinstance(event.payload, ApprovalAwaited):
            return
        if self._asks:
            with self._view.paused(), DecisionWatch(self._client, event) as watch:
                self._decide(self._run, event.payload.plan, watch)
            return
        which = f"{event.run.removeprefix('runs/')} --address {self._client.address}"
        # Standard error may be the terminal that the view draws on.
        with self._view.paused():
            exits.tell(
                f"{event.run} waits until its plan is approved. Approve it with: orchestrion approve {which}\n"
                f"Refuse it with: orchestrion cancel {which}"
            )

    def _decide(self, run: RunSnapshot, awaited: Plan, watch: DecisionWatch) -> None:
        from orchestrion.values import ArtifactRef

        attached = [ArtifactRef(name) for name in run.attachments]
        shown = plan = plan_files.numbered(awaited, attached)
        while True:
            tell_plan(plan)
            if plan == shown:
                tell_partial(run.not_done, run.questions)
            match _choice(watch):
                case None:
                    exits.tell("Somebody else has decided, or the time for it is over.")
                    return
                case "edit":
                    plan = self._edited(plan, attached, run.request)
                case "no":
                    self._client.runs.cancel(run.name)
                    raise exits.Declined(f"The plan was refused: {run.name} is cancelled.")
                case _ if self._approve(run.name, None if plan == shown else plan):
                    return

    def _approve(self, run: str, plan: Plan | None) -> bool:
        """Approves; says whether the run needs no answer any more."""
        from orchestrion.cli.printer import printable
        from orchestrion.errors import InvalidArgumentError, NotFoundError, OrchestrionError, Reason

        try:
            self._client.runs.approve(run, plan)
        except OrchestrionError as error:
            if error.reason == Reason.NOT_AWAITING_APPROVAL.name:
                # Somebody else was faster, or it took too long; what follows tells the rest.
                exits.tell(printable(error.message))
                return True
            if plan is None or not isinstance(error, InvalidArgumentError | NotFoundError):
                raise
            exits.tell(f"The plan is not valid: {exits.fault_of(error)}")
            return False
        return True

    def _edited(self, plan: Plan, attached: Sequence[ArtifactRef], request: str) -> Plan:
        """Lets the person edit a plan; returns it as it was when they give up, which they have been told."""
        from orchestrion.cli.plan_editor import GaveUp, edited

        try:
            return edited(
                self._client,
                plan,
                attached,
                lambda changed: views.choose(json=False, plain=self._plain, plan=changed),
                title=request,
            )
        except (GaveUp, OSError) as error:
            exits.tell(str(error))
            return plan


def tell_plan(plan: Plan) -> None:
    """Writes a plan for a person to decide about: every task with its inputs."""
    from orchestrion.cli.printer import named, one_line

    lines = [f"  {task.id}: {task.type} ({named(task.inputs)})" for task in plan.tasks]
    print("\n".join(["The plan:", *(lines or [f"  no task: {one_line(plan.no_task_reason)}"])]), flush=True)


def tell_partial(parts: Sequence[NotDone], questions: Sequence[Question]) -> None:
    """Writes what a plan does not do, and what its planner asks; nothing where it does all of the request."""
    from orchestrion.cli.printer import printable

    sections = [("Not done:", not_done.lines(parts)), ("The planner asks:", not_done.lines((), questions))]
    for heading, lines in sections:
        if lines:
            print("\n".join([heading, *(f"  {printable(line)}" for line in lines)]), flush=True)


def _choice(watch: DecisionWatch) -> str | None:
    """Asks until the answer is one; the end of the input is a no. None when it was given elsewhere meanwhile."""
    forget_typed()
    while True:
        print("Carry it out? [y]es, [e]dit, [n]o: ", end="", flush=True)
        if watch.comes_before(sys.stdin):
            print()
            return None
        line = sys.stdin.readline()
        if not line:
            print()
            return "no"
        if choice := _CHOICES.get(line.strip().lower()):
            return choice
