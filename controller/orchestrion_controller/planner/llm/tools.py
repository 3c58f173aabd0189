"""Describes task types to a language model: in a line each, or input by input."""

from __future__ import annotations

from typing import Final

from orchestrion.plans import Parameter, ParameterKind, TaskType

_LONGEST_SHORT: Final = 80
"""Characters of an output's description."""
_LONGEST_PURPOSE: Final = 110
"""Characters of what a task type is for, in a description of one line."""


def form(task_type: TaskType) -> str:
    """Describes a task type in one line, like a function: inputs, outputs, and the beginning of its description."""
    inputs = ", ".join(f"{parameter.name} {_kind(parameter)}" for parameter in task_type.inputs)
    outputs = ", ".join(f"{parameter.name} {_kind(parameter)}" for parameter in task_type.outputs)
    return f"- {task_type.name}({inputs}) -> {outputs}: {_cut(task_type.description, _LONGEST_PURPOSE)}"


def inputs(task_type: TaskType) -> str:
    """Describes a task type with what each of its inputs means."""
    lines = [f"    {_described(parameter, parameter.description)}" for parameter in task_type.inputs]
    return "\n".join([f"- {task_type.name}: {task_type.description}", *lines])


def description(task_type: TaskType) -> str:
    """Describes a task type with what each of its inputs means, and its outputs in brief."""
    lines = [f"    -> {_described(parameter, shortened(parameter.description))}" for parameter in task_type.outputs]
    return "\n".join([inputs(task_type), *lines])


def shortened(text: str) -> str:
    """Cuts a description at the end of its first clause or, where that is long, of a word."""
    clause = min((at for mark in ("; ", ". ", ": ") if (at := text.find(mark)) > 0), default=len(text))
    if clause <= _LONGEST_SHORT:
        return text[:clause]
    return _cut(text, _LONGEST_SHORT)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most].rpartition(" ")[0] + " …"


def _kind(parameter: Parameter) -> str:
    kind = "|".join(parameter.choices) or parameter.kind.name
    return ("list of " if parameter.repeated else "") + kind + ("?" if parameter.optional else "")


def _described(parameter: Parameter, text: str) -> str:
    kind = f"list of {parameter.kind.name}" if parameter.repeated else parameter.kind.name
    notes = [f"{kind}?" if parameter.optional else kind]
    if parameter.choices:
        notes.append("one of " + ", ".join(parameter.choices))
    if parameter.minimum is not None or parameter.maximum is not None:
        low = "" if parameter.minimum is None else f"{parameter.minimum:.10g}"
        high = "" if parameter.maximum is None else f"{parameter.maximum:.10g}"
        notes.append(f"from {low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}")
    explanation = "" if _only_repeats(parameter, text) else text
    return f"{parameter.name} ({'; '.join(notes)}){': ' if explanation else ''}{explanation}"


def _only_repeats(parameter: Parameter, text: str) -> bool:
    """Whether a description says no more than the name, as `The picture.` of an image."""
    empty = {"the", "a", parameter.name, *({"picture"} if parameter.kind is ParameterKind.IMAGE else ())}
    return set(text.casefold().strip(".").split()) <= empty
