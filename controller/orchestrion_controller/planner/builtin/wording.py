"""Messages of the planner on requests that it cannot plan, and on what it can."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import ParameterKind, TaskType
from orchestrion_controller.planner.builtin.grammar import chains
from orchestrion_controller.planner.builtin.grammar.sources import noun

NAME = "builtin"


class BeyondPlanner(Exception):
    """A request has words that no task type covers."""

    def __init__(self, words: str) -> None:
        """Takes the words, as the request has them."""
        super().__init__(words)
        self.words = words.strip(" \t\n.,;?!")


def not_planned(what: str) -> OrchestrionError:
    """The error of a request that is understood and cannot be planned; its message says why."""
    return Reason.REQUEST_BEYOND_PLANNER.error(f"This request is beyond the built-in planner. {what}", planner=NAME)


def not_told(task_type: TaskType, kind: ParameterKind, available: ParameterKind) -> OrchestrionError:
    """The error of a step that needs another kind of value than there is."""
    what = (
        f"`{task_type.name}` takes {noun(kind)}, and what is there is {noun(available)}, "
        "which no task type turns into one."
    )
    return not_planned(what)


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
