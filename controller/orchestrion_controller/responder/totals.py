"""Several results of one kind folded into one sentence: what they add up to, then each in a few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from orchestrion.plans import ParameterKind, Plan, Task, TaskType
from orchestrion.runs import Artifact
from orchestrion.values import Value, artifacts, references
from orchestrion_controller import wording
from orchestrion_controller.plans import graph
from orchestrion_controller.responder.parts import Part
from orchestrion_controller.responder.templates import Name, fill

_LONGEST_ITEM_TEXT: Final = 60
"""Characters of a text inside an enumeration."""
_MOST_CLASSES: Final = 6
"""How many different texts are counted; more are listed one by one."""


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


def total(parts: Sequence[Part], files: Mapping[str, Artifact]) -> str | None:
    """Describes several parts of one task type in one sentence.

    None where a total says no more than the single sentences, or would be wrong: fewer than two parts, two parts about
    the same thing, a name of the template that not all parts have, texts that are all different.
    """
    if len(parts) < 2:
        return None
    task_type = parts[0].task_type
    principal = {repr(part.inputs.get(task_type.inputs[0].name)) for part in parts}
    filled = (fill(task_type.item_template, _words(part, files), inside=True) for part in parts)
    items = [item for item in filled if item is not None]
    if not len(principal) == len(items) == len(parts):
        return None

    def words_for(name: Name) -> str | None:
        return wording.enumerated(items) if name.name == "items" else _folded(parts, name, files)

    return fill(task_type.total_template, words_for)


def _words(part: Part, files: Mapping[str, Artifact]) -> Callable[[Name], str | None]:
    def words_for(name: Name) -> str | None:
        value, parameter = part.get(name)
        if value is None:
            return None
        return wording.shown(value, parameter, files, _LONGEST_ITEM_TEXT, plain=name.plain)

    return words_for


def _folded(parts: Sequence[Part], name: Name, files: Mapping[str, Artifact]) -> str | None:
    """Folds what one name stands for in all parts: a sum, how often each text came, all files, or the common input."""
    values_and_parameters = [part.get(name) for part in parts]
    parameter = values_and_parameters[0][1]
    values = [value for value, _ in values_and_parameters if value is not None]
    if len(values) < len(parts) or parameter is None:
        return None
    if parameter in parts[0].task_type.inputs:
        same = all(value == values[0] for value in values)
        return wording.shown(values[0], parameter, files, _LONGEST_ITEM_TEXT, plain=name.plain) if same else None
    if parameter.kind is ParameterKind.NUMBER:
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        return wording.number(sum(numbers)) if len(numbers) == len(values) else None
    if parameter.kind is ParameterKind.TEXT:
        return _counted([value for value in values if isinstance(value, str)])
    if parameter.kind.is_media:
        named = dict.fromkeys(artifact for value in values for artifact in artifacts(value))
        return wording.enumerated([wording.file_name(artifact, files) for artifact in named])
    return None


def _counted(texts: Sequence[str]) -> str | None:
    """Counts how often each text came, the most frequent first; None where they are too different to be counted."""
    counts = Counter(texts)
    if len(counts) > _MOST_CLASSES or len(counts) == len(texts):
        return None
    return wording.enumerated(
        [f"{count} {wording.cut(text, _LONGEST_ITEM_TEXT)}" for text, count in counts.most_common()]
    )


def _source(value: Value | None, plan: Plan) -> object:
    """Returns where a value comes from: the request, or outputs of tasks of a type."""
    refs = references(value) if value is not None else ()
    tasks = ((plan.task(ref.task_id), ref.output) for ref in refs)
    return frozenset((task.type, output) for task, output in tasks if task is not None)
