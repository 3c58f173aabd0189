"""Reads the values of inputs as they were meant: bare ones, spelled out ones, and those of other kinds' forms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from orchestrion.errors import Reason
from orchestrion.plans import Parameter, ParameterKind
from orchestrion.values import ArtifactRef, Json, JsonData, OutputRef, Value
from orchestrion_controller.planner.llm.notation import forms
from orchestrion_controller.planner.llm.notation.files import file
from orchestrion_controller.planner.llm.notation.language_tags import tag_of
from orchestrion_controller.planner.llm.notation.references import embedded, reference
from orchestrion_controller.planner.llm.notation.scope import Scope, UnreadableError, UnresolvedError
from orchestrion_controller.planner.llm.notation.spelling import spelled
from orchestrion_controller.planner.llm.notation.structure import Twice, parsed
from orchestrion_controller.planner.option_values import LANGUAGES

_TRUTH_VALUES: Final = {"true": True, "false": False}


def read(data: JsonData, parameter: Parameter, scope: Scope) -> Value:
    """Reads the value of an input. What has no reading stays as it is, for the rules of plans to refuse.

    Raises:
        UnresolvedError: It depends on a task that is still to come.
        UnreadableError: It has no reading that the rules could refuse.
    """
    value = _value(data, parameter, scope)
    if not parameter.repeated or isinstance(value, tuple):
        return value
    if isinstance(value, OutputRef) and value.index is None:
        gives_list = scope.gives_list(value.task_id, value.output)
        if gives_list is None and not scope.is_closed:
            raise UnresolvedError(value.task_id)
        return value if gives_list or gives_list is None else (value,)
    is_data = isinstance(value, Json) and parameter.kind is not ParameterKind.JSON
    return value if is_data else (value,)


def _value(data: JsonData, parameter: Parameter, scope: Scope) -> Value:
    if isinstance(data, Twice):
        message = f"`{parameter.name}` stands there {len(data.values)} times with different values: give one"
        raise UnreadableError(Reason.ILL_TYPED_INPUT, message)
    if isinstance(data, dict):
        return _object(data, parameter, scope)
    if isinstance(data, list):
        return _list(data, parameter, scope)
    if isinstance(data, str):
        return _text(data, parameter, scope)
    if isinstance(data, bool) or data is None:
        return Json(None) if data is None else data
    return _number(data, parameter, scope)


def _object(data: dict[str, JsonData], parameter: Parameter, scope: Scope) -> Value:
    form = forms.of(data, parameter)
    match form:
        case forms.LiteralText(text=text):
            return text
        case forms.Data(value=value):
            return Json(value)
        case forms.Bare(value=inner):
            return _value(inner, parameter, scope)
        case forms.Items(values=items):
            return tuple(_value(item, parameter, scope) for item in items)
        case forms.FileName(name=name):
            return _text(name, parameter, scope) if parameter.kind.is_media else _file(name, parameter, scope)
    return _json(data, scope)


def _list(data: list[JsonData], parameter: Parameter, scope: Scope) -> Value:
    if parameter.kind is not ParameterKind.JSON or parameter.repeated:
        return tuple(_value(item, parameter, scope) for item in data)
    if data and all(isinstance(item, str) for item in data):
        # A list of outputs is several values, any other list is data.
        values = tuple(_value(item, parameter, scope) for item in data)
        if all(isinstance(value, OutputRef) for value in values):
            return values
    return _json(data, scope)


def _text(text: str, parameter: Parameter, scope: Scope) -> Value:
    if (referred := reference(text, parameter, scope)) is not None:
        return referred
    kind = parameter.kind
    if kind is ParameterKind.JSON and (data := json_text(text)) is not None:
        return _json(data, scope)
    if kind.is_media:
        return _file(text, parameter, scope)
    if kind is ParameterKind.NUMBER:
        return _numeral(text)
    if kind is ParameterKind.BOOLEAN:
        return _TRUTH_VALUES.get(text.strip().casefold(), text)
    if parameter.choices:
        return spelled(text, parameter.choices)
    if parameter.name in LANGUAGES:
        return tag_of(text)
    if inside := embedded(text, scope):
        message = (
            f"`{parameter.name}` has the reference `{inside}` inside a text: a value is either a text or one "
            "reference, so give the reference alone"
        )
        raise UnreadableError(Reason.ILL_TYPED_INPUT, message)
    return text


def json_text(text: str) -> JsonData:
    """Returns the list or object that a text is as JSON; None for any other text."""
    return parsed(text) if text.lstrip().startswith(("{", "[")) else None


def _number(number: float, parameter: Parameter, scope: Scope) -> Value:
    if parameter.kind.is_media and isinstance(number, int):
        return _file(str(number), parameter, scope)
    if parameter.kind is ParameterKind.TEXT and isinstance(number, int):
        return str(number)
    return float(number)


def _file(text: str, parameter: Parameter, scope: Scope) -> Value:
    """Returns the file that a text names; an output where it names one without `$`; else the text, to be refused."""
    named = file(text, scope.names)
    if named is not None or not parameter.kind.is_media:
        return named or (reference(text, parameter, scope) or ArtifactRef(text))
    head = text.strip().partition(".")[0]
    if head in scope.ids and (output := reference(f"${text.strip()}", parameter, scope)) is not None:
        return output
    return text


def _numeral(text: str) -> Value:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) and "_" not in text else text


def _json(data: JsonData, scope: Scope) -> Json:
    for item in _walk(data):
        if isinstance(item, Twice):
            raise UnreadableError(Reason.ILL_TYPED_INPUT, "a name stands in its data more than once: give each once")
        if isinstance(item, str) and (inside := embedded(item, scope)):
            message = f"the reference `{inside}` stands inside data: an input is either data or one reference"
            raise UnreadableError(Reason.ILL_TYPED_INPUT, message)
    return Json(data)


def _walk(data: JsonData) -> Iterator[JsonData]:
    yield data
    if isinstance(data, dict | list):
        for item in data.values() if isinstance(data, dict) else data:
            yield from _walk(item)
