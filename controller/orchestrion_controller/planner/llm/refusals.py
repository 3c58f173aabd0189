"""The errors of plans that a language model refuses to write, or cannot write."""

from __future__ import annotations

from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.refusals import NotDone
from orchestrion_controller import refusals, wording
from orchestrion_controller.language_model import Ended
from orchestrion_controller.languages.messages import ENGLISH, message
from orchestrion_controller.stages import PlanningRequest

_LONGEST_QUOTE: Final = 300


def declined(said: str = "", language: str = ENGLISH) -> OrchestrionError:
    """The error of a model that declined, with what it does not do: all of the request.

    Args:
        said: What the model said; empty where it said nothing.
        language: The language of the message.
    """
    said = said.strip().encode(errors="replace").decode()
    if said:
        text = message(language, "declined_saying", said=wording.quoted(said, _LONGEST_QUOTE))
    else:
        text = message(language, "declined")
    error = Reason.PLANNER_REFUSED.error(text, said=wording.cut(said, _LONGEST_QUOTE))
    error.not_done = (NotDone(reason=text),)
    return error


def without_plan(said: str, language: str) -> OrchestrionError:
    """The error of a model that answers in words, however it is asked for a plan; arguments as those of `declined`."""
    said = said.strip().encode(errors="replace").decode()
    text = message(language, "no_plan_saying", said=wording.quoted(said, _LONGEST_QUOTE))
    error = Reason.PLANNER_REFUSED.error(text, said=wording.cut(said, _LONGEST_QUOTE))
    error.not_done = (NotDone(reason=text),)
    return error


def in_language(language: str, error: OrchestrionError, request: PlanningRequest) -> OrchestrionError:
    """Returns the error of a plan that nobody will get as one that says what is not done; any other as it is.

    Args:
        language: The language in which it is told.
        error: Why there is no plan: the model declined, or it insists on a task type that no expert serves.
        request: The request, with what could be on offer, and what brings it.
    """
    if error.reason == Reason.PLANNER_REFUSED.name:
        return declined(error.metadata["said"], language)
    absent = request.defined.get(error.metadata.get("task_type", ""))
    if error.metadata.get("invalid") != Reason.UNKNOWN_TASK_TYPE.name or absent is None:
        return error
    part = refusals.no_expert("", absent, request.cures.find(absent.name), language)
    return refusals.refusal((part,), (), language, planner="llm")


def raise_for(ended: Ended) -> None:
    """Raises the error that the end of a reply stands for, if any.

    Raises:
        FailedPreconditionError: The model, or a filter before it, declined.
    """
    if ended.is_refusal:
        raise declined(ended.refusal)


def not_repaired(first: OrchestrionError, second: OrchestrionError) -> OrchestrionError:
    """The error of a model that wrote an invalid plan twice; it carries both reasons."""
    text = f"The language model wrote an invalid plan, and did not mend it: {second.message}"
    details = {"invalid": second.reason, "first_invalid": first.reason, "first_message": first.message}
    error = Reason.PLAN_NOT_REPAIRED.error(text, {**second.metadata, **details})
    error.__cause__ = second
    return error
