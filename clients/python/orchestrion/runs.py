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
    USER = 1
    ASSISTANT = 2
    SYSTEM = 3


class RunKind(enum.IntEnum):
    """Which stages a run goes through."""

    UNSPECIFIED = 0
    FULL = 1
    PLAN = 2
    SELECT = 3
    EXECUTE = 4
    RESPOND = 5


class RunState(enum.IntEnum):
    """Where a run is in its life."""

    UNSPECIFIED = 0
    RUNNING = 1
    AWAITING_APPROVAL = 2
    SUCCEEDED = 3
    FAILED = 4
    CANCELLED = 5

    @property
    def ended(self) -> bool:
        """Whether nothing more happens in the run."""
        return self >= RunState.SUCCEEDED


class OnDetach(enum.IntEnum):
    """What happens to a run that nobody reads."""

    UNSPECIFIED = 0
    CANCEL = 1
    CONTINUE = 2


class Approval(enum.IntEnum):
    """Whether a plan must be approved before it is executed."""

    UNSPECIFIED = 0
    NONE = 1
    REQUIRED = 2


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, with the names of the artifacts attached to it."""

    text: str
    role: Role = Role.USER
    artifacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run treats a client that leaves, and what makes a repeated call safe."""

    on_detach: OnDetach = OnDetach.UNSPECIFIED
    detach_grace_ms: int | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Artifact:
    """An image, sound, video or document, stored once under its SHA-256."""

    name: str
    media_type: str
    file_name: str
    size_bytes: int
    create_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its log tells it so far."""

    name: str
    kind: RunKind
    state: RunState
    create_time: datetime | None = None
    end_time: datetime | None = None
    deadline_time: datetime | None = None
    last_sequence: int = 0
    messages: tuple[Message, ...] = ()
    plan: Plan | None = None
    assignments: tuple[Assignment, ...] = ()
    results: tuple[TaskResult, ...] = ()
    answer: str = ""
    answer_artifacts: tuple[str, ...] = ()
    error: Error | None = None
    previous_run: str = ""
    approval_deadline_time: datetime | None = None
