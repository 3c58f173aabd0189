"""The outputs of a run by the names that a model has for them: `read.text`, and `read.text 2` for an item of a list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from orchestrion.plans import Task
from orchestrion.values import Value
from orchestrion_controller import wording
from orchestrion_controller.stages import RespondingRequest

_NAMED: Final = re.compile(r"\$?([\w-]{1,64})[.:/](\w{1,64})(?:[\s.#\[(]+(\d{1,4})[\])]?)?")
_NAMED_OF: Final = re.compile(r"(\w{1,64}) of ([\w-]{1,64})")


@dataclass(frozen=True, slots=True)
class RunOutput:
    """An output that an alias stands for."""

    task_id: str
    """The task whose output it is."""
    name: str
    """The output as its alias has it: `text`, or `text 2`."""
    value: Value | None
    """What it is; None where the task has no such output, because it failed or has fewer items."""


class RunOutputs:
    """The outputs of one run."""

    def __init__(self, request: RespondingRequest) -> None:
        """Keeps the run."""
        self._request = request
        self._tasks = {task.id.casefold(): task for task in request.plan.tasks}

    def find(self, alias: str, *, is_double: bool) -> RunOutput | None:
        """Returns what an alias stands for; None where it names no task.

        Args:
            alias: The alias without its brackets, in small letters.
            is_double: Whether it has two of them, so that it is meant as an alias whatever it says.
        """
        number = ""
        if match := _NAMED.fullmatch(alias):
            task, name, number = self._tasks.get(match[1]), match[2], match[3] or ""
        elif (match := _NAMED_OF.fullmatch(alias)) and is_double:
            task, name = self._tasks.get(match[2]), match[1]
        else:
            task, name = self._tasks.get(alias) if is_double else None, ""
        if task is None:
            return None
        own, value = self._value(task, name)
        if not own and not is_double:
            return None
        if not own and (task_type := self._request.task_types.get(task.type)):
            # Models have many words for the principal output: `result`, `output`, `content`.
            own, value = self._value(task, task_type.outputs[0].name)
        return RunOutput(task.id, own, value) if not number else _item(task.id, own, value, int(number))

    def _value(self, task: Task, name: str) -> tuple[str, Value | None]:
        """Returns an output, or else an input, by its name in small letters; no name where there is none."""
        result = self._request.results.get(task.id)
        outputs = result.outputs if result and result.succeeded else {}
        for named in (outputs, task.inputs):
            if own := next((each for each in named if each.casefold() == name), ""):
                return own, wording.resolved(named[own], self._request.results)
        return "", None


def _item(task_id: str, name: str, value: Value | None, number: int) -> RunOutput:
    items = value if isinstance(value, tuple) else (value,)
    item = items[number - 1] if 0 < number <= len(items) else None
    return RunOutput(task_id, f"{name} {number}" if isinstance(value, tuple) else name, item)
