"""Finds texts of a plan in languages that no expert for their task has, where that is certain."""

from __future__ import annotations

from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Task, TaskType
from orchestrion_controller import languages
from orchestrion_controller.limits import TaskTypeLimits

_SETTINGS: Final = frozenset({"language", "source_language", "spoken_language", "voice", "labels"})
"""Inputs whose texts are no texts to work on."""


def check(task: Task, task_type: TaskType, limits: TaskTypeLimits, index: int) -> OrchestrionError | None:
    """Returns the error of a task with a text in a language that its experts lack; None where all is well.

    Args:
        task: The task.
        task_type: Its type.
        limits: What the experts that are available take.
        index: The task's place in the plan, from 0.
    """
    own = {languages.canonical(tag) for tag in limits.languages_of(task)}
    if not own or "language" in task.inputs:
        # A language that is named is for the experts, and not for their texts alone.
        return None
    for name, value in task.inputs.items():
        parameter = task_type.input(name)
        if parameter is None or parameter.choices or name in _SETTINGS:
            continue
        for text in value if isinstance(value, tuple) else (value,):
            if not isinstance(text, str):
                continue
            detected = languages.detect_any(text)
            possible = set(map(languages.canonical, detected.possible))
            if possible and possible.isdisjoint(own):
                message = (
                    f"`{name}` of `{task.id}` is in the language `{detected.tag}`, but the experts for {task.type} "
                    f"know {', '.join(sorted(own))} alone: translate it first where a task type does that, or leave "
                    "the task out and write the words of the request into `not_done`."
                )
                return Reason.PLAN_INVALID.error(message, task_id=task.id, field=f"plan.tasks[{index}].inputs.{name}")
    return None
