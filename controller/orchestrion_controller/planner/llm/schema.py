"""The JSON Schema of a plan over given task types: the endpoint constrains the model's decoding to it.

Each task type has its own inputs. The schema keeps to what strict modes take: every property required, none besides,
optional inputs nullable, `anyOf` below the root only, no recursion, constants as one-word enumerations. What many
inputs share is defined once, since endpoints count the schema as part of the prompt, or limit its size.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_controller.language_model import Schema
from orchestrion_controller.plans.kinds import takes

_Form: TypeAlias = dict[str, object]
"""A part of a JSON Schema."""

_STRING: Final[_Form] = {"type": "string"}
_NULL: Final[_Form] = {"type": "null"}


def plan_schema(task_types: Iterable[TaskType], files: Mapping[str, str], texts: Iterable[str] = ()) -> Schema:
    """Builds the schema.

    Args:
        task_types: What tasks may be of.
        files: The artifacts that tasks may name, with their media types.
        texts: The names of texts that earlier turns left.
    """
    inputs = _Inputs(files, tuple(texts))
    tasks = [_task(task_type, inputs) for task_type in task_types]
    reason = {**_STRING, "description": "Empty when there are tasks; else why the request needs none."}
    plan = _object({"tasks": {"type": "array", "items": {"anyOf": tasks}}, "noTaskReason": reason})
    return Schema("plan", {**plan, "$defs": inputs.definitions})


class _Inputs:
    """The forms of inputs, each defined once."""

    def __init__(self, files: Mapping[str, str], texts: Sequence[str]) -> None:
        self._files = files
        self._texts = texts
        index = {"type": ["integer", "null"], "description": "Takes one item of a list, from 0; null takes all."}
        output = _object({"taskId": _STRING, "output": _STRING, "index": index})
        self.definitions: _Form = {"output": _object({"output": output})}
        self._names: dict[str, str] = {}
        self._forms: dict[tuple[object, ...], _Form] = {}

    def of(self, parameter: Parameter) -> _Form:
        """A single value, a list of such, or null for an optional one that is left out."""
        key = (parameter.kind, parameter.repeated, parameter.optional, parameter.choices)
        if key not in self._forms:
            self._forms[key] = self._form(parameter)
        return self._forms[key]

    def _form(self, parameter: Parameter) -> _Form:
        label = parameter.kind.name.lower()
        single = self._defined(label, {"anyOf": self._single(parameter)})
        items = {"type": "array", "items": single}
        listed = self._defined(f"{label}_list", _object({"list": _object({"items": items})}))
        # An output can be a list already.
        choices = [_reference("output") if parameter.repeated else single, listed]
        if not parameter.optional:
            return {"anyOf": choices}
        return self._defined(f"{label}_optional", {"anyOf": [*choices, _NULL]})

    def _single(self, parameter: Parameter) -> list[_Form]:
        fitting = [name for name, media_type in self._files.items() if takes(parameter, media_type)]
        if parameter.kind is ParameterKind.TEXT and not parameter.choices:
            fitting += self._texts
        named = [_object({"artifact": _one_of(fitting)})] if fitting else []
        text = _one_of(parameter.choices) if parameter.choices else _STRING
        literals: dict[ParameterKind, Sequence[_Form]] = {
            ParameterKind.TEXT: [{"text": text}],
            ParameterKind.NUMBER: [{"number": {"type": "number"}}],
            ParameterKind.BOOLEAN: [{"boolean": {"type": "boolean"}}],
            # Free-form data cannot be described strictly; what an input of this kind also takes can.
            ParameterKind.JSON: [{"text": text}, {"number": {"type": "number"}}, {"boolean": {"type": "boolean"}}],
        }
        return [*(_object(literal) for literal in literals.get(parameter.kind, ())), *named, _reference("output")]

    def _defined(self, label: str, form: _Form) -> _Form:
        """Defines a form under a name like the label, unless there is such a form already; returns the reference."""
        key = json.dumps(form)
        if key not in self._names:
            number = sum(name.rpartition("_")[0] == label for name in self.definitions) + 1
            self._names[key] = f"{label}_{number}"
            self.definitions[self._names[key]] = form
        return _reference(self._names[key])


def _task(task_type: TaskType, inputs: _Inputs) -> _Form:
    named = {parameter.name: inputs.of(parameter) for parameter in task_type.inputs}
    return _object({"id": _STRING, "type": _one_of([task_type.name]), "inputs": _object(named)})


def _one_of(texts: Sequence[str]) -> _Form:
    return {**_STRING, "enum": list(texts)}


def _reference(name: str) -> _Form:
    return {"$ref": f"#/$defs/{name}"}


def _object(properties: Mapping[str, object]) -> _Form:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
