"""What the values of one task may refer to, and how their reading ends where they cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from orchestrion.errors import Reason
from orchestrion.plans import TaskType
from orchestrion_controller.planner.llm.notation.names import PlanNames


class Scope(Protocol):
    """The plan around a task, as far as it is written."""

    @property
    def names(self) -> PlanNames:
        """The files and texts that have names."""

    @property
    def ids(self) -> Sequence[str]:
        """The ids of the tasks so far, in order."""

    @property
    def is_closed(self) -> bool:
        """Whether there will be no more tasks."""

    def type_of(self, task_id: str) -> TaskType | None:
        """Returns the type of a task; None where it is of no type that there is."""

    def gives_list(self, task_id: str, output: str) -> bool | None:
        """Whether an output is a list; None as long as its task is not read."""


class UnresolvedError(Exception):
    """A value depends on a task that is not written, or not read, yet."""

    def __init__(self, task_id: str) -> None:
        """Keeps what it waits for."""
        super().__init__(task_id)
        self.task_id = task_id


class UnreadableError(Exception):
    """A value that cannot be read as it was meant."""

    def __init__(self, reason: Reason, message: str) -> None:
        """Keeps what is wrong.

        Args:
            reason: The reason.
            message: What is wrong and what to write instead, without the place.
        """
        super().__init__(message)
        self.reason = reason
        self.message = message
