"""Errors of broken rules: where in the plan, and what was probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller.plans.kinds import listed

_MOST_TASK_TYPES: Final = 3
"""How many task types an error suggests at most."""


class TaskPosition:
    """The place of an error: a task of a plan."""

    def __init__(self, task_id: str, index: int) -> None:
        """Keeps the place.

        Args:
            task_id: The id, as the plan has it.
            index: Where the task is in the plan, from 0.
        """
        self._task_id = task_id[:80]
        self._index = index

    def error(self, reason: Reason, message: str, field: str, **metadata: str) -> OrchestrionError:
        """Builds the error for a field of this task, such as `inputs.text`."""
        # Text from a plan may have lone surrogates, which protobuf cannot encode.
        texts = (message, self._task_id, f"plan.tasks[{self._index}].{field}")
        message, task_id, field = (text.encode(errors="replace").decode() for text in texts)
        return reason.error(message, {**metadata, "task_id": task_id, "field": field})


def did_you_mean(name: str, names: Sequence[str]) -> str:
    """Names the one that was probably meant, or all there are."""
    close = get_close_matches(name[:80], names, n=1, cutoff=0.7)
    return f"Did you mean `{close[0]}`?" if close else f"There is: {listed(names)}."


def closest_task_types(name: str, names: Sequence[str]) -> str:
    """Suggests the task types whose names are most similar to one that does not exist, and where all are listed."""
    if len(names) <= _MOST_TASK_TYPES:
        return did_you_mean(name, names)
    close = get_close_matches(name[:80], names, n=_MOST_TASK_TYPES, cutoff=0)
    return f"The closest of {len(names)} are {listed(close)}; `orchestrion tasks` lists all."
