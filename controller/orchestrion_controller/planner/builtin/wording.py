"""Messages of the planner on requests that it cannot plan, and on what it can."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import ParameterKind, TaskType
from orchestrion_controller.planner.builtin.grammar import chains
from orchestrion_controller.planner.builtin.grammar.sources import noun

NAME = "builtin"
_LONGEST_WORDS = 80


def beyond(task_types: Mapping[str, TaskType], words: str) -> OrchestrionError:
    """Names the words of a request that no task type covers."""
    shown = " ".join(words.split()).strip(" .,;?!")[:_LONGEST_WORDS]
    return not_planned(task_types, f"Nothing here does what `{shown}` asks for.")


def not_planned(task_types: Mapping[str, TaskType], what: str) -> OrchestrionError:
    """The error of a request that is beyond the planner; its message names what is not."""
    able = "; ".join(
        f"{name} ({task_type.description.rstrip('.')})" for name, task_type in task_types.items() if task_type.cues
    )
    message = (
        f"This request is beyond the built-in planner. {what} It can plan: {able or 'nothing, for want of task types'}."
        " For anything else, let a language model plan: set OPENAI_BASE_URL and OPENAI_API_KEY for the controller."
    )
    return Reason.REQUEST_BEYOND_PLANNER.error(message, planner=NAME)


def not_told(
    task_types: Mapping[str, TaskType], task_type: TaskType, kind: ParameterKind, available: ParameterKind
) -> OrchestrionError:
    """The error of a step that needs another kind of value than there is."""
    what = (
        f"`{task_type.name}` takes {noun(kind)}, and what is there is {noun(available)}, "
        "which no task type turns into one."
    )
    return not_planned(task_types, what)


def missing(
    task_types: Mapping[str, TaskType], task_type: TaskType, kind: ParameterKind, *, needed: int, have: int, field: str
) -> OrchestrionError:
    """Describes what to attach: what has the kind, or can be turned into it."""
    media = [other for other in ParameterKind if other.is_media]
    cures = [f"attach {noun(other)}" for other in media if chains.find(task_types.values(), other, kind) is not None]
    if kind is ParameterKind.TEXT:
        cures += ["attach a text file", "put the text in quotation marks"]
    what = noun(kind) if needed == 1 else f"{needed} {noun(kind, plural=True)}, and the request has {have or 'none'}"
    message = f"`{task_type.name}` needs {what}: {' or '.join(cures) or 'no task type here gives it'}."
    return Reason.MISSING_INPUT.error(message, field=field)


def check_modes(task_type: TaskType, options: Collection[str]) -> None:
    """Checks that each choice that a task type cannot do without is made.

    Raises:
        InvalidArgumentError: One is not; the message lists the choices.
    """
    for parameter in task_type.inputs:
        if parameter.choices and not parameter.optional and parameter.name not in options:
            message = f"`{task_type.name}` needs to know which `{parameter.name}`: say {', '.join(parameter.choices)}."
            raise Reason.MISSING_INPUT.error(message, field="messages")


def abilities(task_types: Mapping[str, TaskType]) -> str:
    """Lists what can be done, a sentence a task type that people have words for."""
    return " ".join(task_type.description for task_type in task_types.values() if task_type.cues)
