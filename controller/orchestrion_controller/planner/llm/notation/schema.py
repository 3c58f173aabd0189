"""The JSON Schema of a plan over some task types: the endpoint constrains the model's decoding to it.

Each task type has its own inputs; types with the same inputs share a form, and so do inputs of a kind, since endpoints
count the schema as part of the prompt, or limit its size. Optional inputs are left out, not null; the second form, for
endpoints that require every property, has them nullable.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.values import JsonData
from orchestrion_controller.language_model import Schema
from orchestrion_controller.planner.llm.notation.names import PlanNames
from orchestrion_controller.plans.kinds import takes

_Form: TypeAlias = dict[str, JsonData]
"""A part of a JSON Schema."""

_OUTPUT: Final = r"^\$[A-Za-z0-9_-]+(\.[A-Za-z0-9_]+)?(\.[0-9]+)?$"


def plan_schema(task_types: Iterable[TaskType], names: PlanNames) -> Schema:
    """Builds the schema.

    Args:
        task_types: What tasks may be of.
        names: The files and texts that tasks may name.
    """
    inputs = _Inputs(names)
    by_form: dict[str, tuple[list[str], _Form]] = {}
    for task_type in task_types:
        form = inputs.of(task_type)
        by_form.setdefault(json.dumps(form), ([], form))[0].append(task_type.name)
    tasks = [
        _object({"id": {"type": "string"}, "type": {"type": "string", "enum": types}, "inputs": form})
        for types, form in by_form.values()
    ]
    parts = _object({"words": {"type": "string"}, "why": {"type": "string"}})
    plan = _object(
        {
            "tasks": {"type": "array", "items": {"anyOf": tasks} if len(tasks) != 1 else tasks[0]},
            "not_done": {"type": "array", "items": parts},
            "no_task_reason": {"type": "string"},
        },
        required=("tasks",),
    )
    whole = {**plan, "$defs": inputs.definitions}
    return Schema("plan", whole, strict(whole))


def strict(form: JsonData) -> JsonData:
    """Returns a schema in which every property is required, and what may be left out may be null."""
    if isinstance(form, list):
        return [strict(item) for item in form]
    if not isinstance(form, dict):
        return form
    result = {key: strict(item) for key, item in form.items()}
    if form.get("type") == "object":
        required = form.get("required", ())
        result["properties"] = {
            name: item if name in required else {"anyOf": [item, {"type": "null"}]}
            for name, item in result["properties"].items()
        }
        result["required"] = list(form["properties"])
    return result


class _Inputs:
    """The forms of inputs, each kind defined once."""

    def __init__(self, names: PlanNames) -> None:
        self._names = names
        self.definitions: _Form = {}

    def of(self, task_type: TaskType) -> _Form:
        """The form of a task type's inputs."""
        required = [parameter.name for parameter in task_type.inputs if not parameter.optional]
        return _object({parameter.name: self._of(parameter) for parameter in task_type.inputs}, required)

    def _of(self, parameter: Parameter) -> _Form:
        """A single value or a list of such; for an input that is a list, that or an output that is one."""
        kind = parameter.kind
        if parameter.choices:
            return {"type": "string", "enum": list(parameter.choices)}
        label = kind.name.lower()
        single = self._define(label, self._single(parameter))
        if kind is ParameterKind.JSON:
            return single
        many: _Form = {"type": "array", "items": single}
        if parameter.repeated:
            return self._define(f"{label}s", {"anyOf": [many, self._define("output", _output())]})
        return self._define(f"{label}_or_list", {"anyOf": [single, many]})

    def _single(self, parameter: Parameter) -> _Form:
        kind = parameter.kind
        if kind is ParameterKind.TEXT:
            # A text is also how references are written; what only looks like one is a literal.
            return {"anyOf": [{"type": "string"}, _object({"literal": {"type": "string"}})]}
        if kind is ParameterKind.JSON:
            # Free-form data cannot be described strictly: it is written as a text of JSON, or referred to.
            return {"type": ["string", "number", "boolean"]}
        files = [f"${name}" for name, entry in self._names.artifacts.items() if takes(parameter, entry.media_type)]
        output = self._define("output", _output())
        if kind is ParameterKind.NUMBER:
            return {"anyOf": [{"type": "number"}, output]}
        if kind is ParameterKind.BOOLEAN:
            return {"anyOf": [{"type": "boolean"}, output]}
        return {"anyOf": [{"type": "string", "enum": files}, output]} if files else output

    def _define(self, label: str, form: _Form) -> _Form:
        self.definitions.setdefault(label, form)
        return {"$ref": f"#/$defs/{label}"}


def _output() -> _Form:
    return {"type": "string", "pattern": _OUTPUT}


def _object(properties: Mapping[str, JsonData], required: Iterable[str] | None = None) -> _Form:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }
