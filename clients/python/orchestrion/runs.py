"""Runs and conversations. Fields are those of the messages of the same names in the protos."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from orchestrion.experts import Assignment
from orchestrion.plans import Error, Plan, TaskResult


class Role(enum.IntEnum):
    """Who speaks in a conversation."""

    UNSPECIFIED = 0
    """Not said; read as USER."""
    USER = 1
    """The person."""
    ASSISTANT = 2
    """Orchestrion."""
    SYSTEM = 3
    """The operator's instructions for this request."""


class RunKind(enum.IntEnum):
    """Which stages a run goes through."""

    UNSPECIFIED = 0
    """Not said."""
    FULL = 1
    """All four."""
    PLAN = 2
    """Plan alone."""
    SELECT = 3
    """Select alone."""
    EXECUTE = 4
    """Execute, and Select for what is not assigned."""
    RESPOND = 5
    """Respond alone."""


class RunState(enum.IntEnum):
    """Where a run is in its life."""

    UNSPECIFIED = 0
    """Not said."""
    RUNNING = 1
    """It is going."""
    AWAITING_APPROVAL = 2
    """Its plan is whole, and it waits for ApprovePlan."""
    SUCCEEDED = 3
    """It ended as asked. Single tasks may have failed; the answer says so."""
    FAILED = 4
    """It ended with an error."""
    CANCELLED = 5
    """It was cancelled: by a call, by its deadline, because its client left, or because nobody approved its plan in
    time.
    """

    @property
    def ended(self) -> bool:
        """Whether nothing more happens in the run."""
        return self >= RunState.SUCCEEDED


class OnDetach(enum.IntEnum):
    """What happens to a run that nobody reads."""

    UNSPECIFIED = 0
    """The server's default, CANCEL."""
    CANCEL = 1
    """It is cancelled after `detach_grace_ms`."""
    CONTINUE = 2
    """It goes on."""


class Approval(enum.IntEnum):
    """Whether a plan must be approved before it is executed."""

    UNSPECIFIED = 0
    """The server's default, NONE."""
    NONE = 1
    """It is executed at once, task by task as they are planned."""
    REQUIRED = 2
    """It waits for ApprovePlan once its plan is whole."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, with the names of the artifacts attached to it."""

    text: str
    """What is said."""
    role: Role = Role.USER
    """Who speaks."""
    artifacts: tuple[str, ...] = ()
    """The artifacts attached to this turn, `artifacts/{sha256}`, in order."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run treats a client that leaves, and what makes a repeated call safe."""

    on_detach: OnDetach = OnDetach.UNSPECIFIED
    """What happens when nobody reads the run's events any more."""
    detach_grace_ms: int | None = None
    """How long a run without a reader lives under CANCEL, in milliseconds, 0 to 3,600,000. None means 10,000."""
    request_id: str = ""
    """Makes the call safe to repeat: a second call with the same id joins the first one's run. Up to 64 characters."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """An image, sound, video or document; its content is stored once under its SHA-256."""

    name: str
    """The resource name, `artifacts/{sha256}` with 64 lower-case hexadecimal digits. What its owner stored under
    another file name or as another media type is an artifact of its own that shares the content:
    `artifacts/{sha256}-{suffix}`, with 12 more. Wherever an artifact is named, both forms are.
    """
    media_type: str
    """The media type, such as `image/png`."""
    file_name: str
    """The file name that its owner gave it; no folders."""
    size_bytes: int
    """The size in bytes."""
    create_time: datetime | None = None
    """When its owner first stored it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its log tells it so far."""

    name: str
    """The resource name, `runs/{run}`."""
    kind: RunKind
    """Which stages it goes through."""
    state: RunState
    """Where it is."""
    create_time: datetime | None = None
    """When it was created."""
    end_time: datetime | None = None
    """When it ended; None before."""
    deadline_time: datetime | None = None
    """When it is cancelled if it has not ended; None without a deadline."""
    last_sequence: int = 0
    """The sequence number of its last event."""
    messages: tuple[Message, ...] = ()
    """What was asked, this turn alone."""
    plan: Plan | None = None
    """The plan as far as it exists."""
    assignments: tuple[Assignment, ...] = ()
    """The assignments made."""
    results: tuple[TaskResult, ...] = ()
    """The results of tasks that ended."""
    answer: str = ""
    """The answer, whole; empty before."""
    answer_artifacts: tuple[str, ...] = ()
    """The artifacts that the answer names."""
    error: Error | None = None
    """Why the run failed or was cancelled; None otherwise."""
    previous_run: str = ""
    """The run that this one continues, `runs/{run}`; empty for none."""
    approval_deadline_time: datetime | None = None
    """When it is cancelled if nobody has approved its plan; set while it awaits approval, though not in lists."""
    left_out: tuple[str, ...] = ()
    """What is not here since the run would be larger than a message may be, as paths: `results[3].outputs`, `plan`. The
    events of WatchRun bring it.
    """
