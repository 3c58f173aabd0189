"""Plans as they are judged: tasks by their place in the plan, files by the names that the request has for them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from orchestrion.plans import Plan
from orchestrion.values import ArtifactRef, Json, OutputRef
from orchestrion.values import Value as PlanValue


@dataclass(frozen=True, slots=True)
class FileOf:
    """A file of the request."""

    name: str
    """Its file name, or an artifact's name where it is none of the request's files."""


@dataclass(frozen=True, slots=True)
class OutputOf:
    """An output of another task."""

    task: int
    """The task's place in the plan, from 0; -1 where there is no such task."""
    output: str
    """The output's name."""
    index: int | None = None
    """The item that is taken of a list, from 0; None where all of it is."""


@dataclass(frozen=True, slots=True)
class Data:
    """Structured data."""

    text: str
    """As JSON."""


Value: TypeAlias = "str | float | bool | FileOf | OutputOf | Data | tuple[Value, ...]"
"""What an input of a task is."""

Inputs: TypeAlias = Mapping[str, Value]
"""Inputs by name."""


@dataclass(frozen=True, slots=True)
class Step:
    """One task of a plan."""

    type: str
    """Its task type."""
    inputs: Inputs
    """Its inputs."""


def of_plan(plan: Plan, files: Mapping[str, str]) -> tuple[Step, ...]:
    """Returns a plan's tasks as they are judged; `files` has the file names by the artifacts' names."""
    places = {task.id: place for place, task in enumerate(plan.tasks)}

    def read(value: PlanValue) -> Value:
        match value:
            case ArtifactRef(name=name):
                return FileOf(files.get(name, name))
            case OutputRef(task_id=task, output=output, index=index):
                return OutputOf(places.get(task, -1), output, index)
            case Json(data=data):
                return Data(json.dumps(data, sort_keys=True, ensure_ascii=False))
            case tuple():
                return tuple(read(item) for item in value)
            case _:
                return value

    return tuple(Step(task.type, {name: read(value) for name, value in task.inputs.items()}) for task in plan.tasks)


def outputs_in(value: Value) -> Iterator[OutputOf]:
    """Yields the references in a value."""
    if isinstance(value, OutputOf):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from outputs_in(item)


def to_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Returns tasks in the form of the gold plans, for a report."""
    return [{"type": s.type, "inputs": {name: _to_json(value) for name, value in s.inputs.items()}} for s in steps]


def from_json(steps: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Reads what `to_json` made."""
    return tuple(
        Step(step["type"], {name: _from_json(value) for name, value in step["inputs"].items()}) for step in steps
    )


def _to_json(value: Value) -> Any:
    match value:
        case FileOf(name):
            return {"from": f"file:{name}"}
        case OutputOf(task, output, index):
            return {"from": f"task:{task}.{output}"} | ({} if index is None else {"index": index})
        case Data(text):
            return {"json": text}
        case tuple():
            return [_to_json(item) for item in value]
        case _:
            return value


def _from_json(value: Any) -> Value:
    match value:
        case {"from": str(source)} if source.startswith("file:"):
            return FileOf(source.removeprefix("file:"))
        case {"from": str(source)}:
            place, _, output = source.removeprefix("task:").partition(".")
            return OutputOf(int(place), output, value.get("index"))
        case {"json": str(text)}:
            return Data(text)
        case list():
            return tuple(_from_json(item) for item in value)
        case str() | float() | int():
            return value
        case _:
            raise ValueError(f"{value!r} is no value of a task: see benchmarks/requests/README.md.")
