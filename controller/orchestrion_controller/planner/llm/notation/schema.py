"""The JSON Schema of a plan over some task types: the endpoint constrains the model's decoding to it.

Each task type has its own inputs; types with the same inputs share a form, and so do inputs of a kind, since endpoints
count the schema as part of the prompt, or limit its size. Of many task types those share a form that require the same
inputs, with all their optional ones: what is not its own the rules of plans refuse. Optional inputs are left out, not
null; the second form, for endpoints that require every property, has them nullable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Final, TypeAlias

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.values import JsonData
from orchestrion_controller.identity_cache import IdentityCache
from orchestrion_controller.language_model import Schema
from orchestrion_controller.planner.llm.notation.names import PlanNames
from orchestrion_controller.plans.kinds import takes

_Form: TypeAlias = dict[str, JsonData]
"""A part of a JSON Schema."""
_Files: TypeAlias = tuple[tuple[str, str], ...]
"""The names of the files that a plan may use, each with its media type."""

_MOST_EXACT: Final = 24
"""So many task types have the inputs that are their own and no others; more would make the schema too long."""
MOST_TASKS: Final = 100
"""How many tasks a plan has at most, where nothing else is set."""
_MOST_KEPT: Final = 32
_MOST_PARTS: Final = 8
_LONGEST_WORDS: Final = 300
_LONGEST_REASON: Final = 200
"""A small model that is held to a form and knows no end goes round in circles; items, and characters."""
_BOUNDS: Final = frozenset({"maxItems", "maxLength"})
"""What strict modes do not take."""
_OUTPUT: Final[_Form] = {"type": "string", "pattern": r"^\$[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(\.[0-9]+)?$"}
"""A reference to an output. No lookahead: constrained decoders have none."""


def plan_schema(
    task_types: Iterable[TaskType], names: PlanNames, absent: Sequence[str] = (), most_tasks: int = MOST_TASKS
) -> Schema:
    """Builds the schema.

    Args:
        task_types: What tasks may be of.
        names: The files and texts that tasks may name.
        absent: What parts that are not done may name as what would do them.
        most_tasks: How many tasks a plan may have.
    """
    task_types = tuple(task_types)
    files = tuple((name, artifact.media_type) for name, artifact in names.artifacts.items())
    build = _builders.get(task_types, lambda: lru_cache(maxsize=_MOST_KEPT)(partial(_built, task_types)))
    return build(files, tuple(absent), most_tasks)


_builders: Final[IdentityCache[Callable[[_Files, tuple[str, ...], int], Schema]]] = IdentityCache()
"""What builds the schema over the same task types; it keeps the last few, since most requests bring no file, or one."""


def _built(task_types: Sequence[TaskType], files: _Files, absent: tuple[str, ...], most_tasks: int) -> Schema:
    form = _plan(_Inputs(files, free=True), task_types, absent, most_tasks, shared=len(task_types) > _MOST_EXACT)
    exact = _plan(_Inputs(files, free=False), task_types, absent, most_tasks, shared=False)
    return Schema("plan", form, _strict(exact))


def _plan(
    inputs: _Inputs, task_types: Sequence[TaskType], absent: Sequence[str], most_tasks: int, *, shared: bool
) -> _Form:
    groups: dict[str, tuple[list[str], dict[str, _Form], tuple[str, ...]]] = {}
    for task_type in task_types:
        forms = {parameter.name: inputs.of(parameter) for parameter in task_type.inputs}
        required = tuple(parameter.name for parameter in task_type.inputs if not parameter.optional)
        key = json.dumps({name: form for name, form in forms.items() if not shared or name in required})
        types, shared_forms, _ = groups.setdefault(key + json.dumps(required), ([], {}, required))
        types.append(task_type.name)
        for name, form in forms.items():
            shared_forms[name] = _either(shared_forms.get(name, form), form)
    tasks = [
        _object({"id": {"type": "string"}, "type": {"enum": types}, "inputs": _object(forms, required)})
        for types, forms, required in groups.values()
    ]
    said: dict[str, _Form] = {"words": _said(_LONGEST_WORDS), "why": _said(_LONGEST_REASON)}
    part = _object({**said, "type": {"enum": [*absent]}} if absent else said, required=tuple(said))
    members = {
        "tasks": {"type": "array", "items": {"anyOf": tasks}, "maxItems": most_tasks},
        "not_done": {"type": "array", "items": part, "maxItems": _MOST_PARTS},
        "no_task_reason": _said(_LONGEST_REASON),
    }
    return {**_object(members, required=("tasks",)), "$defs": inputs.definitions}


def _said(longest: int) -> _Form:
    return {"type": "string", "maxLength": longest}


def _either(one: _Form, other: _Form) -> _Form:
    """Returns a form that takes what either takes."""
    if one == other:
        return one
    return (
        {"enum": list(dict.fromkeys([*one["enum"], *other["enum"]]))} if one.keys() == other.keys() == {"enum"} else {}
    )


def _strict(form: JsonData) -> JsonData:
    """Returns a schema in which every property is required and typed, and what may be left out may be null."""
    if isinstance(form, list):
        return [_strict(item) for item in form]
    if not isinstance(form, dict):
        return form
    result = {key: _strict(item) for key, item in form.items() if key not in _BOUNDS}
    if "enum" in form:
        result = {"type": "string", **result}
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

    def __init__(self, files: _Files, *, free: bool) -> None:
        self._files = files
        self._free = free
        """Whether data may have any form; strict modes take none such, so that it is written as a text of JSON."""
        self.definitions: _Form = {}

    def of(self, parameter: Parameter) -> _Form:
        """A single value or a list of such; for an input that is a list, that or an output that is one."""
        kind = parameter.kind
        if parameter.choices:
            return {"enum": list(parameter.choices)}
        if parameter.optional and not parameter.repeated and kind in {ParameterKind.NUMBER, ParameterKind.BOOLEAN}:
            # An option: what makes tasks unfold or refers to others are their principal inputs.
            return {"type": kind.name.lower()}
        label = kind.name.lower()
        if kind is ParameterKind.JSON:
            return self._define(label, self._single(parameter))
        single = self._define(f"one_{label}", self._single(parameter))
        many: _Form = {"type": "array", "items": single}
        if parameter.repeated:
            return self._define(f"{label}s", {"anyOf": [many, self._define("output", _OUTPUT)]})
        return self._define(label, {"anyOf": [single, many]})

    def _single(self, parameter: Parameter) -> _Form:
        kind = parameter.kind
        if kind is ParameterKind.TEXT:
            # A text is also how references are written; what only looks like one is a literal.
            return {"anyOf": [{"type": "string"}, _object({"literal": {"type": "string"}})]}
        if kind is ParameterKind.JSON:
            return {} if self._free else {"type": ["string", "number", "boolean"]}
        output = self._define("output", _OUTPUT)
        if kind is ParameterKind.NUMBER or kind is ParameterKind.BOOLEAN:
            return {"anyOf": [{"type": kind.name.lower()}, output]}
        files = [f"${name}" for name, media_type in self._files if takes(parameter, media_type)]
        return {"anyOf": [{"enum": files}, output]} if files else output

    def _define(self, label: str, form: _Form) -> _Form:
        self.definitions.setdefault(label, form)
        return {"$ref": f"#/$defs/{label}"}


def _object(properties: Mapping[str, JsonData], required: Iterable[str] | None = None) -> _Form:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }
