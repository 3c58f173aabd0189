"""Writes plans as a language model is to write them: for past turns, repairs and examples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from orchestrion.plans import Parameter, ParameterKind, Plan, Task, TaskType
from orchestrion.refusals import NotDone
from orchestrion.values import ArtifactRef, Json, JsonData, OutputRef, Value
from orchestrion_controller.planner.llm.notation.language_tags import tag_of
from orchestrion_controller.planner.llm.notation.names import SHORTEST_NAMED, PlanNames
from orchestrion_controller.planner.llm.notation.references import looks_like_reference
from orchestrion_controller.planner.llm.notation.values import json_text
from orchestrion_controller.planner.option_values import LANGUAGES

_LARGEST_WHOLE: Final = 1e15
"""Whole numbers below it are written without a decimal point."""


def written(
    plan: Plan,
    names: PlanNames,
    not_done: Iterable[NotDone] = (),
    task_types: Mapping[str, TaskType] | None = None,
) -> str:
    """Writes a plan as compact JSON, such that reading it gives the same plan.

    Args:
        plan: The plan.
        names: What its files and texts are called.
        not_done: The parts of the request that it leaves out.
        task_types: The types of its tasks; without them a list for an input of kind JSON is read back as data.
    """
    whole: dict[str, JsonData] = {
        "tasks": [_task(task, names, (task_types or {}).get(task.type)) for task in plan.tasks]
    }
    parts = [{"words": part.words, "why": part.reason} for part in not_done]
    whole |= {"not_done": parts} if parts else {}
    whole |= {"no_task_reason": plan.no_task_reason} if plan.no_task_reason else {}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def _task(task: Task, names: PlanNames, task_type: TaskType | None) -> dict[str, JsonData]:
    inputs = {}
    for name, value in task.inputs.items():
        parameter = task_type.input(name) if task_type else None
        inputs[name] = _value(value, parameter or Parameter(name, ParameterKind.UNSPECIFIED), names)
    return {"id": task.id, "type": task.type, "inputs": inputs}


def _value(value: Value, parameter: Parameter, names: PlanNames) -> JsonData:
    match value:
        case tuple():
            items = [_value(item, parameter, names) for item in value]
            is_data = parameter.kind is ParameterKind.JSON and not parameter.repeated
            return {"list": items} if is_data else items
        case ArtifactRef(name=name):
            named = names.name_of_artifact(name)
            return named if named.startswith("$") else {"artifact": name}
        case OutputRef(task_id=task_id, output=output, index=index):
            return f"${task_id}.{output}" + ("" if index is None else f".{index}")
        case Json(data=data):
            return _data(data)
        case str():
            name = names.name_of_text(value) if len(value) >= SHORTEST_NAMED else ""
            return name or ({"literal": value} if _would_change(value, parameter) else value)
        case bool():
            return value
    return int(value) if abs(value) < _LARGEST_WHOLE and value == int(value) else value


def _would_change(text: str, parameter: Parameter) -> bool:
    """Whether a text would be read as something else."""
    is_name = parameter.name in LANGUAGES and not parameter.choices and tag_of(text) != text
    is_data = parameter.kind in {ParameterKind.JSON, ParameterKind.UNSPECIFIED} and json_text(text) is not None
    return is_name or is_data or looks_like_reference(text)


def _data(data: JsonData) -> JsonData:
    """Writes structured data, which stands there as it is only where it is an object that is nothing else."""
    texts = json.dumps(data, ensure_ascii=False)
    is_plain = isinstance(data, dict) and len(data) != 1 and not looks_like_reference(texts)
    return data if is_plain and not {"output", "index"} & data.keys() else {"json": data}
