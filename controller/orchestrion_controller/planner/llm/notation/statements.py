"""Reads a task's object: its id, its type and its inputs, by whatever names it has them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from orchestrion.errors import Reason
from orchestrion.plans import TaskType
from orchestrion.values import JsonData
from orchestrion_controller.planner.llm.notation.scope import UnreadableError
from orchestrion_controller.planner.llm.notation.spelling import letters, spelled
from orchestrion_controller.planner.llm.notation.structure import Twice, parsed

_TYPE: Final = ("type", "tasktype", "task", "tool", "toolname", "function", "name")
_ID: Final = ("id", "taskid", "name")
_INPUTS: Final = ("inputs", "input", "args", "arguments", "parameters", "params")


@dataclass(frozen=True, slots=True)
class Statement:
    """A task as it is written."""

    id: str
    type_name: str
    task_type: TaskType | None
    """None where there is no such type."""
    inputs: Mapping[str, JsonData] = field(default_factory=dict)
    """What is written for each input; not those that are null."""


def is_task(data: JsonData) -> bool:
    """Whether an object looks like a task: it has a type, and an id or inputs."""
    if not isinstance(data, dict):
        return False
    keys = set(map(letters, data))
    has_inputs = any(isinstance(data[key], dict | list) for key in data if letters(key) in _INPUTS)
    return bool(keys & set(_TYPE)) and (has_inputs or ("id" in keys and "type" in keys))


def begins_task(names: Iterable[str]) -> bool:
    """Whether names are those of a task's object, which may lack some yet."""
    return len({"id", "type", *_INPUTS} & set(map(letters, names))) > 1


def statement(data: JsonData, number: int, task_types: Mapping[str, TaskType], ids: Collection[str]) -> Statement:
    """Reads a task's object.

    Args:
        data: What stands in the list of tasks.
        number: The place of the task in it, from 1.
        task_types: The types that there are.
        ids: Those of the tasks before it: a task without an id gets one of its own.

    Raises:
        UnreadableError: It has not the form of a task.
    """
    form = 'write {"id":"…","type":"…","inputs":{…}}'
    if not isinstance(data, dict):
        raise UnreadableError(Reason.PLAN_INVALID, f"Task {number} is no object: {form}.")
    members = {letters(key): value for key, value in data.items()}
    named = [name for name in _TYPE if isinstance(members.get(name), str)]
    if not named:
        raise UnreadableError(Reason.PLAN_INVALID, f"Task {number} has no `type`: {form}.")
    key = next((name for name in named if spelled(members[name], task_types) in task_types), named[0])
    type_name = spelled(members[key], task_types)
    task_type = task_types.get(type_name)
    task_id = written_id({name: value for name, value in members.items() if name != key})
    inputs = _inputs(data, task_type, number)
    return Statement(
        task_id or _new_id(type_name, ids),
        type_name,
        task_type,
        inputs if task_type is None else _declared(inputs, task_type),
    )


def written_id(data: JsonData) -> str:
    """Returns the id that an object has; empty where it has none."""
    members = {letters(key): value for key, value in data.items()} if isinstance(data, dict) else {}
    return next((str(members[name]) for name in _ID if isinstance(members.get(name), str | int)), "")


def _inputs(data: Mapping[str, JsonData], task_type: TaskType | None, number: int) -> Mapping[str, JsonData]:
    """Returns the inputs as they are written; those beside id and type where there is no object of them."""
    inputs = next((data[key] for name in _INPUTS for key in data if letters(key) == name), None)
    if inputs is None:
        names = {letters(parameter.name) for parameter in task_type.inputs} if task_type else frozenset()
        return {key: value for key, value in data.items() if letters(key) in names}
    if isinstance(inputs, str):
        inputs = parsed(inputs)
    if isinstance(inputs, list) and all(isinstance(item, dict) and {"name", "value"} <= item.keys() for item in inputs):
        inputs = {str(item["name"]): item["value"] for item in inputs}
    if not isinstance(inputs, dict):
        message = f'Task {number} has `inputs` that are no object: write "inputs":{{"name":…}}.'
        raise UnreadableError(Reason.PLAN_INVALID, message)
    return inputs


def _declared(inputs: Mapping[str, JsonData], task_type: TaskType) -> Mapping[str, JsonData]:
    """Returns the inputs by the names that their type has for them; null leaves one out."""
    declared = [parameter.name for parameter in task_type.inputs]
    by_name: dict[str, JsonData] = {}
    for written, data in inputs.items():
        name = spelled(written, declared)
        if data is not None:
            by_name[name] = Twice((by_name[name], data)) if by_name.get(name, data) != data else data
    return by_name


def _new_id(type_name: str, ids: Collection[str]) -> str:
    """Makes an id of a type's name."""
    base = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in type_name)[:50] or "task"
    return next(name for name in (base, *(f"{base}-{n}" for n in range(2, len(ids) + 3))) if name not in ids)
