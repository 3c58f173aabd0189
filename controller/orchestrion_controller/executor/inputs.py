"""A task's inputs and outputs: references resolved, lists unfolded into calls and folded back. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_
from typing import Final, overload

from orchestrion.errors import Reason
from orchestrion.plans import ParameterKind, Task, TaskResult, TaskType
from orchestrion.values import OutputRef, Value

_TEXT_LANGUAGE: Final = ("language", "source_language")

Inputs = Mapping[str, Value]
Outputs = Mapping[str, Value]


def resolve(task: Task, results: Mapping[str, TaskResult]) -> Inputs:
    """Replaces every reference by what it refers to.

    Args:
        task: The task.
        results: Those of the tasks that it refers to; all of them succeeded.

    Raises:
        InvalidArgumentError: An output is missing, or a list is shorter than an index.
    """
    return {name: _resolve(task.id, name, value, results) for name, value in task.inputs.items()}


class UnfoldedInputs(Sequence[Inputs]):
    """The inputs of each call of a task that unfolds; each is made when it is asked for."""

    def __init__(self, inputs: Inputs, lists: Mapping[str, tuple[Value, ...]]) -> None:
        """Keeps the inputs, and those of them that are lists to be zipped, of one length."""
        self.lists = lists
        """Those of which each call has an item, by name."""
        self.shared: Inputs = {name: value for name, value in inputs.items() if name not in lists}
        """Those that every call has."""
        self._inputs = inputs
        self._count = len(next(iter(lists.values())))

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Inputs: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Inputs]: ...
    def __getitem__(self, index: int | slice) -> Inputs | Sequence[Inputs]:
        if isinstance(index, slice):
            return [self[item] for item in range(*index.indices(self._count))]
        return {**self._inputs, **{name: values[index] for name, values in self.lists.items()}}


def unfold(task: Task, task_type: TaskType, inputs: Inputs) -> UnfoldedInputs | None:
    """Splits inputs into one set per item where an input that takes one value has a list.

    Several such lists are zipped; all other inputs are repeated for each item. None when nothing unfolds.

    Raises:
        InvalidArgumentError: The lists have different lengths.
    """
    lists = _lists(task_type, inputs)
    lengths = {name: len(value) for name, value in lists.items()}
    if len(set(lengths.values())) > 1:
        message = f"Task {task.id!r}: lists that go in step need one length, but these have {lengths}."
        raise Reason.INVALID_INPUT.error(message, task_id=task.id, field=f"inputs.{next(iter(lists))}")
    return UnfoldedInputs(inputs, lists) if lists else None


def language_input(task_type: TaskType, inputs: Inputs) -> str:
    """Names the input that says which language the text is in, where there is one and it was left out; else empty.

    That is an optional text by one of the names in `_TEXT_LANGUAGE`: a `language` that is needed is one to arrive at.
    """
    for name in _TEXT_LANGUAGE:
        parameter = task_type.input(name)
        if parameter is not None and parameter.optional and parameter.kind is ParameterKind.TEXT:
            return "" if name in inputs else name
    return ""


def fold(task_type: TaskType, items: Sequence[Outputs]) -> Outputs:
    """Joins the outputs of the items back, in order, into one list an output."""
    names = [parameter.name for parameter in task_type.outputs]
    return {name: tuple(item[name] for item in items) for name in names if all(name in item for item in items)}


def _lists(task_type: TaskType, inputs: Inputs) -> dict[str, tuple[Value, ...]]:
    """Picks the lists in inputs that take one value."""
    lists: dict[str, tuple[Value, ...]] = {}
    for name, value in inputs.items():
        parameter = task_type.input(name)
        if isinstance(value, tuple) and parameter is not None and not parameter.repeated:
            lists[name] = value
    return lists


def _resolve(task_id: str, field: str, value: Value, results: Mapping[str, TaskResult]) -> Value:
    if isinstance(value, tuple):
        items = tuple(_resolve(task_id, field, item, results) for item in value)
        # A list without references stays itself: comparing it, and measuring it, is done at once then.
        return value if all(map(is_, items, value)) else items
    if not isinstance(value, OutputRef):
        return value
    outputs = results[value.task_id].outputs
    where = {"task_id": task_id, "field": f"inputs.{field}"}
    if value.output not in outputs:
        message = f"Task {task_id!r}: {value.task_id!r} gave no output {value.output!r}, which {field} refers to."
        raise Reason.INVALID_INPUT.error(message, where)
    output = outputs[value.output]
    if value.index is None:
        return output
    if not isinstance(output, tuple) or not 0 <= value.index < len(output):
        count = len(output) if isinstance(output, tuple) else "no list"
        message = (
            f"Task {task_id!r}: {field} takes item {value.index} of {value.task_id}.{value.output}, which has {count}."
        )
        raise Reason.INVALID_INPUT.error(message, where)
    return output[value.index]
