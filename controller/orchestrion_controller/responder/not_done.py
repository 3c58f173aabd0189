"""What was asked for and the plan does not do, as the end of an answer."""

from __future__ import annotations

from orchestrion_controller import refusals
from orchestrion_controller.stages import RespondingRequest


def closing(request: RespondingRequest, language: str) -> str:
    """Writes what the plan does not do, in the language of the request; empty where it does all of it."""
    return "\n".join(refusals.lines(request.not_done, (), language)) if request.not_done else ""
