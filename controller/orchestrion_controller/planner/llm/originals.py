"""Finds a task that is given the original of a text which another task puts into another language.

"Translate this into German and say that": a language model that has the old text spoken, in German, has confused the
two texts. It shows in both tasks naming the same language; otherwise two tasks may well take the same text. As with
altered texts nothing is rewritten: the model is asked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import ParameterKind, Task, TaskType
from orchestrion.values import Value

_LANGUAGE: Final = "language"


def question(
    task: Task, before: Iterable[Task], task_types: Mapping[str, TaskType], index: int
) -> OrchestrionError | None:
    """Returns the question to a task that takes the original of a text though one before it made a new one."""
    name, text = _text(task, task_types[task.type])
    language = task.inputs.get(_LANGUAGE)
    if text is None or not isinstance(language, str):
        return None
    for other in before:
        other_type = task_types[other.type]
        made = next((output.name for output in other_type.outputs if output.kind is ParameterKind.TEXT), "")
        same = _text(other, other_type)[1] == text and other.inputs.get(_LANGUAGE) == language
        if made and same and other.type != task.type:
            message = (
                f"`{task.id}` takes the text that `{other.id}` is given, not the one that it makes: refer to its "
                f"output `{made}`. Keep it only if the request asks for the original."
            )
            return Reason.PLAN_INVALID.error(message, task_id=task.id, field=f"plan.tasks[{index}].inputs.{name}")
    return None


def _text(task: Task, task_type: TaskType) -> tuple[str, Value | None]:
    """Returns the text that a task works on, and the input's name."""
    for parameter in task_type.inputs:
        if parameter.kind is ParameterKind.TEXT and not parameter.choices and parameter.name in task.inputs:
            return parameter.name, task.inputs[parameter.name]
    return "", None
