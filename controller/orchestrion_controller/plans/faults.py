"""Errors of broken rules: where in the plan, and what was probably meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Parameter, TaskType
from orchestrion.runs import Artifact
from orchestrion_controller.plans.kinds import how_to_attach, how_to_write, listed

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


class PlanHints:
    """What errors say about mending a plan, to those who write it as proto3 JSON; others derive from this."""

    item = "take one item of an output with `index`"
    whole_output = "leave `index` out"
    several = 'write {"list": {"items": […]}}'
    reason_field = "noTaskReason"
    """How a plan takes one item, or all, of an output; how it has several values; where it says why it is empty."""

    def task_type(self, name: str, task_types: Mapping[str, TaskType]) -> str:
        """Says what there is instead of a task type that there is not."""
        return closest_task_types(name, list(task_types))

    def value(self, parameter: Parameter) -> str:
        """Says how a value of an input is written."""
        return how_to_write(parameter.kind)

    def missing(self, parameter: Parameter, task_types: Mapping[str, TaskType]) -> str:
        """Says where the value of an input comes from that a task lacks."""
        del task_types
        return f"give {self.value(parameter)}"

    def instead_of(self, artifact: Artifact, parameter: Parameter, task_types: Mapping[str, TaskType]) -> str:
        """Says what to give in place of a file that an input does not take."""
        del artifact, task_types
        return f"give {how_to_attach(parameter)}"

    def between(
        self, source: TaskType, output: Parameter, parameter: Parameter, task_types: Mapping[str, TaskType]
    ) -> str:
        """Says what to do where an input takes no output of that kind, of a task of that type."""
        del source, output, parameter, task_types
        return "refer to an output of that kind, or put a task between that makes one"

    def no_attachment(self, name: str, count: int) -> str:
        """Says that there are not so many attachments."""
        return f"There is no `{name}`: the request has {count} attachment{'s'[: count != 1]}. Attach one more."

    def no_artifact(self, name: str) -> str:
        """Says that there is no artifact of a name."""
        return f"There is no artifact {name[:90]!r}; upload it first, or use `attachments/1` and so on."


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
