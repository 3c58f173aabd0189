"""How many calls of experts tasks make, worked out from the lengths of lists: arithmetic, before a call is built.

A list that is given where one value is taken unfolds into one call an item, and its outputs are lists again, which
unfold in what takes them: short plans multiply.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Task, TaskType
from orchestrion.values import OutputRef, Value

Outputs = Mapping[str, Value]

_NO_LIST: Final = -1
"""In place of a length: one value."""


class FanOut:
    """The calls of the tasks of one run, as far as the lengths of their lists are known.

    A length is known of a list in the plan, of what a task makes that itself unfolds, and of outputs that exist. Each
    time that one becomes known, the tasks that take it are worked out anew, and no others.
    """

    def __init__(self, task_types: Mapping[str, TaskType], max_calls: int) -> None:
        """Starts without tasks.

        Args:
            task_types: What tasks are of, by name.
            max_calls: How many calls they may make in all; the setting `max_run_calls`.
        """
        self.total = 0
        """The calls that are known to be made, those made already among them; a task of unknown lists counts as one."""
        self._task_types = task_types
        self._max_calls = max_calls
        self._tasks: dict[str, Task] = {}
        self._takers: dict[str, dict[str, None]] = {}
        """By task, those that take a whole output of it, or an item."""
        self._lengths: dict[str, int | None] = {}
        """By task, into how many calls it unfolds; None where that is not known yet."""
        self._outputs: dict[str, Outputs] = {}

    def add(self, task: Task) -> None:
        """Takes a task; those that it refers to may come later."""
        self._tasks[task.id] = task
        for value in task.inputs.values():
            if isinstance(value, OutputRef):
                self._takers.setdefault(value.task_id, {})[task.id] = None
        self._work_out(task.id)

    def remove(self, task_id: str) -> None:
        """Takes a task out again, which is not to be run after all, or anew."""
        if task_id in self._lengths:
            self.total -= _calls(self._lengths.pop(task_id))
        self._tasks.pop(task_id, None)
        self._outputs.pop(task_id, None)

    def finish(self, task_id: str, outputs: Outputs) -> None:
        """Takes the outputs of a task that has ended."""
        self._outputs[task_id] = outputs
        for taker in self._takers.get(task_id, ()):
            self._work_out(taker)

    def check(self, task_id: str, length: int | None) -> None:
        """Checks before the first call of a task is built whether the run makes no more calls than it may.

        Args:
            task_id: The task.
            length: Into how many calls it unfolds, as its inputs are; None where it does not.

        Raises:
            InvalidArgumentError: The tasks make too many calls, this one and those that are known of.
        """
        self._set(task_id, _NO_LIST if length is None else length)
        if self.total > self._max_calls:
            raise self._error(task_id)

    def check_all(self) -> None:
        """Checks what is known of all tasks before the first is begun.

        Raises:
            InvalidArgumentError: They make too many calls, whatever their outputs are; the task of the most is named.
        """
        if self.total > self._max_calls:
            raise self._error(max(self._lengths, key=lambda task_id: _calls(self._lengths[task_id])))

    def _error(self, task_id: str) -> OrchestrionError:
        count = _calls(self._lengths[task_id])
        text = (
            f"Task {task_id!r} makes {count:,} calls of experts, and all tasks of the run {self.total:,}; "
            f"max_run_calls allows {self._max_calls:,} in all. Split the list, or have the operator raise it."
        )
        figures = {"call_count": str(self.total), "limit": str(self._max_calls)}
        return Reason.TOO_MANY_CALLS.error(text, figures, task_id=task_id)

    def _work_out(self, task_id: str) -> None:
        """Works out a task, and those that take what it makes."""
        queue = [task_id]
        while queue:
            current = queue.pop()
            task = self._tasks.get(current)
            # What has been settled by real inputs, and its outputs are there, changes no more.
            if task is None or current in self._outputs:
                continue
            if self._set(current, self._length_of(task)):
                queue += self._takers.get(current, ())

    def _set(self, task_id: str, length: int | None) -> bool:
        """Sets the length of a task; returns whether it is another."""
        is_new = task_id not in self._lengths
        before = self._lengths.get(task_id)
        self._lengths[task_id] = length
        self.total += _calls(length) - (0 if is_new else _calls(before))
        return is_new or before != length

    def _length_of(self, task: Task) -> int | None:
        task_type = self._task_types.get(task.type)
        length: int | None = _NO_LIST
        for name, value in task.inputs.items():
            parameter = task_type.input(name) if task_type is not None else None
            if parameter is None or parameter.repeated:
                continue
            of_value = self._length(value)
            if of_value is not None and of_value != _NO_LIST:
                return of_value
            if of_value is None:
                length = None
        return length

    def _length(self, value: Value) -> int | None:
        """Returns how long a list is; None where it is not known yet."""
        if isinstance(value, tuple):
            return len(value)
        if not isinstance(value, OutputRef):
            return _NO_LIST
        if (outputs := self._outputs.get(value.task_id)) is not None:
            return _length_in(outputs.get(value.output), value.index)
        source = self._tasks.get(value.task_id)
        source_type = self._task_types.get(source.type) if source is not None else None
        output = source_type.output(value.output) if source_type is not None else None
        length = self._lengths.get(value.task_id)
        if output is None or length is None:
            return None
        if length == _NO_LIST:
            return None if output.repeated and value.index is None else _NO_LIST
        if value.index is None:
            return length
        return None if output.repeated else _NO_LIST


def check(tasks: Iterable[Task], task_types: Mapping[str, TaskType], max_calls: int) -> None:
    """Checks a whole plan before it is begun, as `FanOut.check_all`."""
    fan_out = FanOut(task_types, max_calls)
    for task in tasks:
        fan_out.add(task)
    fan_out.check_all()


def _calls(length: int | None) -> int:
    return 1 if length is None or length == _NO_LIST else length


def _length_in(output: Value | None, index: int | None) -> int:
    """Returns the length of an output that is there, or of an item of it."""
    if isinstance(output, tuple) and index is not None:
        output = output[index] if 0 <= index < len(output) else None
    return len(output) if isinstance(output, tuple) else _NO_LIST
