"""Several results of one kind folded into one sentence: what they add up to, then each in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from orchestrion.plans import ParameterKind, Plan, Task, TaskType
from orchestrion.values import ArtifactRef, Json, Value, artifacts, references
from orchestrion_controller.plans import graph
from orchestrion_controller.responder import phrasing as phrases
from orchestrion_controller.responder.parts import Part
from orchestrion_controller.responder.phrasing import Phrasing
from orchestrion_controller.responder.sentences import LONGEST_ITEM_TEXT, SentenceWriter
from orchestrion_controller.responder.templates import Slot, fill

_MOST_CLASSES: Final = 6
"""How many different texts are counted; more are listed one by one."""
_OF_MOST: Final = "{most."
"""What a template has that compares results, rather than adding them up."""


def alike(plan: Plan, task_types: Mapping[str, TaskType]) -> list[tuple[Task, ...]]:
    """Groups the tasks whose results may be totalled, in plan order; a group can be a single task.

    Those are of one type that has templates for it, with the same choices, and each works on something from the same
    source. None of them has anything from another: faces before and after a change do not add up.
    """
    groups: dict[tuple[object, ...], list[Task]] = {}
    for task in plan.tasks:
        task_type = task_types.get(task.type)
        if task_type is not None and task_type.total_template and task_type.item_template and task_type.inputs:
            choices = tuple(task.inputs.get(parameter.name) for parameter in task_type.inputs if parameter.choices)
            source = _source(task.inputs.get(task_type.inputs[0].name), plan)
            groups.setdefault((task.type, choices, source), []).append(task)
    waits_for = graph.ancestors(plan.tasks)
    return [
        tuple(group)
        for group in groups.values()
        if not any(waits_for[task.id].intersection(other.id for other in group) for task in group)
    ]


def total(parts: Sequence[Part], writer: SentenceWriter) -> str | None:
    """Describes several parts of one task type in one sentence.

    None where a total says no more than the single sentences, or would be wrong: fewer than two parts, two parts about
    the same thing, a name of the template that not all parts have, texts that are all different.
    """
    if len(parts) < 2:
        return None
    task_type = parts[0].task_type
    phrasing = writer.phrasing_for(task_type)
    templates = [phrasing.templates(part) for part in parts]
    template = next((each.total for each in templates if each.total), "")
    if not template:
        return None
    compares = _OF_MOST in template
    about = {repr(part.inputs if compares else part.inputs.get(task_type.inputs[0].name)) for part in parts}
    filled = (writer.item(part, each.item) for part, each in zip(parts, templates, strict=True))
    items = [item for item in filled if item is not None]
    if not len(about) == len(items) == len(parts):
        return None
    best = max(parts, key=lambda part: _principal_number(part) or 0.0)

    def words_for(slot: Slot) -> str | None:
        if slot.name == "items":
            return phrasing.words.joined(items)
        if slot.of == "most":
            return writer.item_words(phrasing, best)(Slot(slot.name, "input", slot.form))
        return _folded(parts, slot, phrasing)

    return fill(template, words_for, closing=phrasing.words.quoted("")[-1:])


def _folded(parts: Sequence[Part], slot: Slot, phrasing: Phrasing) -> str | None:
    """Folds what one name stands for in all parts: a sum, how often each text came, all files, or the common input."""
    values_and_parameters = [part.get(slot) for part in parts]
    parameter = values_and_parameters[0][1]
    values = [value for value, _ in values_and_parameters if value is not None]
    if len(values) < len(parts) or parameter is None:
        return None
    if parameter in parts[0].task_type.inputs:
        same = all(value == values[0] for value in values)
        return phrasing.write(parts[0], slot, LONGEST_ITEM_TEXT) if same else None
    if parameter.kind is ParameterKind.NUMBER:
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        if len(numbers) < len(values):
            return None
        return (
            phrasing.words.form(sum(numbers), slot.plurals) if slot.plurals else phrasing.shown(sum(numbers), parameter)
        )
    if parameter.kind is ParameterKind.TEXT:
        texts = [phrasing.write(part, slot, LONGEST_ITEM_TEXT) or "" for part in parts]
        kinds = len(set(texts))
        return phrases.counted(phrasing.words, texts) if kinds <= _MOST_CLASSES and kinds < len(texts) else None
    if slot.form == "counted":
        records = [record for part in parts for record in part.records(slot.name)]
        if any(part.number("count") not in (None, len(part.records(slot.name))) for part in parts):
            return None  # One lists some of them only.
        others = dict.fromkeys(name for part in parts for name in part.texts(phrases.NOT_TOLD_APART))
        outputs: dict[str, Value] = {slot.name: Json(records), phrases.NOT_TOLD_APART: Json(list(others))}
        return phrasing.write(Part(parts[0].task_type, {"labels": _requested(parts)}, outputs), slot)
    if parameter.kind.is_media:
        named = dict.fromkeys(name for value in values for name in artifacts(value))
        return phrasing.words.joined([phrasing.shown(ArtifactRef(name), parameter) for name in named])
    return None


def _requested(parts: Sequence[Part]) -> tuple[Value, ...]:
    """Returns the labels that any of the parts was asked for; none where one was asked for all."""
    labels = [part.inputs.get("labels") for part in parts]
    requested = [item for each in labels if isinstance(each, tuple) for item in each]
    return tuple(dict.fromkeys(requested)) if all(labels) else ()


def _principal_number(part: Part) -> float | None:
    numbers = [each.name for each in part.task_type.outputs if each.kind is ParameterKind.NUMBER]
    return part.number(numbers[0]) if numbers else None


def _source(value: Value | None, plan: Plan) -> object:
    """Returns where a value comes from: the request, or outputs of tasks of a type."""
    refs = references(value) if value is not None else ()
    tasks = ((plan.task(ref.task_id), ref.output) for ref in refs)
    return frozenset((task.type, output) for task, output in tasks if task is not None)
