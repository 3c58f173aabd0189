"""Recognises that a language model refuses to plan, and makes the errors of plans that it cannot write."""

# ruff: noqa: RUF001 - People and models write with the marks of many scripts.

from __future__ import annotations

import re
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller import wording
from orchestrion_controller.language_model import Ended

_LONGEST_QUOTE: Final = 300
_REFUSING: Final = re.compile(
    r"\s*(?:(?:i['’]?m|i am)\s+(?:really |very |so )?(?:sorry|afraid|unable|not able)|sorry\b|i apologi[sz]e"
    r"|unfortunately,? i\b|as an ai\b|i (?:can(?:['’]?t|not)|won['’]?t|will not|must decline|decline)\b)",
    re.IGNORECASE,
)


def sounds_like_refusal(reply: str) -> bool:
    """Whether a reply without a plan declines in plain words: some endpoints have no field for that."""
    return "{" not in reply and bool(_REFUSING.match(reply))


def declined(said: str = "") -> OrchestrionError:
    """The error of a model that declined."""
    quoted = f": {wording.quoted(said.strip(), _LONGEST_QUOTE)}" if said.strip() else "."
    message = f"The language model declined to plan this request{quoted}"
    return Reason.PLANNER_REFUSED.error(message.encode(errors="replace").decode())


def raise_for(ended: Ended) -> None:
    """Raises the error that the end of a reply stands for, if any.

    Raises:
        FailedPreconditionError: The model, or a filter before it, declined.
        InvalidArgumentError: The reply was cut off, because it grew too long.
    """
    if ended.is_refusal:
        raise declined(ended.refusal)
    if ended.finish_reason == "length":
        message = "The plan was cut off because the reply grew too long: write a shorter plan."
        raise Reason.PLAN_INVALID.error(message, field="plan")


def not_repaired(first: OrchestrionError, second: OrchestrionError) -> OrchestrionError:
    """The error of a model that wrote an invalid plan twice; it carries both reasons."""
    message = f"The language model wrote an invalid plan, and did not mend it: {second.message}"
    details = {"invalid": second.reason, "first_invalid": first.reason, "first_message": first.message}
    error = Reason.PLAN_NOT_REPAIRED.error(message, {**second.metadata, **details})
    error.__cause__ = second
    return error
