"""How a broken rule is told: where it is, and what was probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller.plans.kinds import listed

_MOST_TASK_TYPES: Final = 3
"""Task types that an error names; there are too many to name them all."""


class TaskPosition:
    """A task of a plan, where an error lies."""

    def __init__(self, task_id: str, index: int) -> None:
        """Keeps the place.

        Args:
            task_id: The id, as the plan has it.
            index: Where the task is in the plan, from 0.
        """
        self._task_id = task_id[:80]
        self._index = index

    def error(self, reason: Reason, message: str, field: str) -> OrchestrionError:
        """Builds the error for a field of this task, such as `inputs.text`."""
        # What is quoted from a plan may be no valid Unicode, which no message could carry.
        texts = (message, self._task_id, f"plan.tasks[{self._index}].{field}")
        message, task_id, field = (text.encode(errors="replace").decode() for text in texts)
        return reason.error(message, task_id=task_id, field=field)


def did_you_mean(name: str, names: Sequence[str]) -> str:
    """Names the one that was probably meant, or all there are."""
    close = get_close_matches(name[:80], names, n=1, cutoff=0.7)
    return f"Did you mean `{close[0]}`?" if close else f"There is: {listed(names)}."


def closest_task_types(name: str, names: Sequence[str]) -> str:
    """Names the few task types whose names are most like one that does not exist, and says where all are."""
    if len(names) <= _MOST_TASK_TYPES:
        return did_you_mean(name, names)
    close = get_close_matches(name[:80], names, n=_MOST_TASK_TYPES, cutoff=0)
    return f"The closest of {len(names)} are {listed(close)}; `orchestrion tasks` lists all."
