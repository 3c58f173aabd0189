"""What was asked for and the plan does not do, as the end of an answer."""

from __future__ import annotations

from orchestrion.runs import Role
from orchestrion_controller import languages, refusals
from orchestrion_controller.stages import RespondingRequest


def closing(request: RespondingRequest) -> str:
    """Writes what the plan does not do, in the language of the request; empty where it does all of it."""
    if not request.not_done:
        return ""
    text = next((message.text for message in reversed(request.messages) if message.role is not Role.ASSISTANT), "")
    return "\n".join(refusals.lines(request.not_done, (), languages.detect(text)))
