"""What a test expects to be asked, and what is answered then. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

from orchestrion import names
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import Payload, Stage
from orchestrion.experts import Assignment
from orchestrion.plans import Plan, TaskResult, TaskState
from orchestrion.runs import Approval, Artifact, Message, OnDetach, RunKind
from orchestrion.testing import scripts
from orchestrion.values import ArtifactRef, Value

Results: TypeAlias = Iterable[TaskResult] | Mapping[str, Mapping[str, Value]]
"""Results of tasks, or the outputs of tasks that succeeded, by task id."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request to start a run, as the fake controller got it."""

    kind: RunKind
    """Which call it was: FULL is `run` or `ask`."""
    messages: tuple[Message, ...] = ()
    """The conversation; none for `select` and `execute`."""
    plan: Plan | None = None
    """The plan that came with it."""
    assignments: tuple[Assignment, ...] = ()
    results: tuple[TaskResult, ...] = ()
    attachments: tuple[str, ...] = ()
    """The names of the artifacts attached to the last message, or of an execution."""
    planner: str = ""
    responder: str = ""
    previous_run: str = ""
    on_detach: OnDetach = OnDetach.UNSPECIFIED
    approval: Approval = Approval.UNSPECIFIED
    request_id: str = ""
    timeout_s: float | None = None
    """How long the caller gives it, in seconds; None for ever."""

    @property
    def text(self) -> str:
        """What is asked: the last message's words."""
        return self.messages[-1].text if self.messages else ""

    def __str__(self) -> str:
        """Shows what matters to tell requests apart."""
        plan = ", ".join(f"{task.id}: {task.type}" for task in self.plan.tasks) if self.plan else ""
        parts = (repr(self.text) if self.messages else "", plan and f"plan [{plan}]", *self.attachments)
        return f"{self.kind.name} {', '.join(part for part in parts if part)}"


class Expectation:
    """One run that is expected, and its script; `FakeController.expect` makes it. Methods return it, for chaining."""

    def __init__(
        self,
        text: str | re.Pattern[str] | None,
        kind: RunKind,
        files: Sequence[bytes] | None,
        matching: Callable[[Received], bool] | None,
    ) -> None:
        """Expects one such request; see `FakeController.expect`."""
        self._text, self._kind, self._matching = text, kind, matching
        self._attachments = None if files is None else tuple(map(names.of_content, files))
        self._wanted = 1
        self.received: list[Received] = []
        """The requests that met it, in order."""
        self.approved: list[Plan] = []
        """The plans that were approved, in order: those shown, or what came in their place."""
        self.script: tuple[scripts.Scripted, ...] = scripts.answered(kind)
        """What happens in the run."""
        self.refusal: OrchestrionError | None = None
        """What is answered instead of a run."""
        self.held = False
        """Whether the run goes on after the last event of its script."""
        self.breaks: list[int] = []
        """After how many events of the run its connection breaks, each once."""

    def answer(
        self,
        text: str = "",
        *,
        plan: Plan | None = None,
        assignments: Iterable[Assignment] = (),
        results: Results = (),
        artifacts: Iterable[str | Artifact | ArtifactRef] = (),
    ) -> Self:
        """Lets the run succeed, with the events that a controller sends.

        Args:
            text: The answer in words.
            plan: The plan; none says that the request needs no expert.
            assignments: Who performs its tasks.
            results: What became of its tasks.
            artifacts: What the answer names; `FakeController.add` makes artifacts.
        """
        if isinstance(results, Mapping):
            results = [TaskResult(task_id, TaskState.SUCCEEDED, dict(outputs)) for task_id, outputs in results.items()]
        named = tuple(item if isinstance(item, str) else item.name for item in artifacts)
        self.script = scripts.answered(
            self._kind, text=text, plan=plan, assignments=tuple(assignments), results=tuple(results), artifacts=named
        )
        return self

    def events(self, *payloads: Payload | tuple[Stage, Payload]) -> Self:
        """Lets these events happen; `RunStarted` and `RunFinished` are added where they are missing."""
        self.script = scripts.framed(self._kind, payloads)
        return self

    def fail(self, error: OrchestrionError) -> Self:
        """Lets the run start and then fail, such as with `Reason.NO_EXPERT.error("Nobody can do that.")`.

        What the error has in `not_done` and `questions` the run's plan tells before it fails.
        """
        self.script = scripts.failed(self._kind, error)
        return self

    def refuse(self, error: OrchestrionError) -> Self:
        """Answers with an error and starts no run, such as `Reason.TOO_MANY_RUNS.error("Full.", retry_after_ms=10)`."""
        self.refusal = error
        return self

    def hold(self) -> Self:
        """Keeps the run going after its events until it is cancelled by a call; not when its client leaves."""
        self.held = True
        return self

    def drop(self, after: int = 0) -> Self:
        """Breaks the connection after so many events of the run; 0 is before the first. May be said several times."""
        self.breaks.append(after)
        return self

    def times(self, count: int) -> Self:
        """Expects so many such requests instead of one."""
        self._wanted = count
        return self

    @property
    def missing(self) -> int:
        """How many requests are still expected."""
        return self._wanted - len(self.received)

    def fits(self, received: Received) -> bool:
        """Whether a request is one of those that are still expected."""
        text = self._text
        return (
            self.missing > 0
            and received.kind is self._kind
            and (text is None or (received.text == text if isinstance(text, str) else bool(text.search(received.text))))
            and (self._attachments is None or received.attachments == self._attachments)
            and (self._matching is None or self._matching(received))
        )

    def __str__(self) -> str:
        """Shows what is expected."""
        text = self._text.pattern if isinstance(self._text, re.Pattern) else self._text
        shown = "any request" if text is None else repr(text)
        return f"{self._kind.name} {', '.join([shown, *(self._attachments or ())])}"


def unexpected(received: Received, expectations: Iterable[Expectation]) -> OrchestrionError:
    """Says that nothing expects a request, and what is expected."""
    waiting = "; ".join(str(expectation) for expectation in expectations if expectation.missing) or "nothing more"
    return Reason.NOT_CONFIGURED.error(f"Unexpected request: {received}. Expected: {waiting}.", field="messages")
