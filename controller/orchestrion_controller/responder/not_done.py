"""What was asked for and the plan does not do, as the end of an answer."""

from __future__ import annotations

import asyncio

from orchestrion.runs import Role
from orchestrion_controller import languages, refusals
from orchestrion_controller.stages import RespondingRequest


async def closing(request: RespondingRequest) -> str:
    """Writes what the plan does not do, in the language of the request; empty where it does all of it."""
    if not request.not_done:
        return ""
    text = next((message.text for message in reversed(request.messages) if message.role is not Role.ASSISTANT), "")
    # On a thread: the first text of a process takes some tenths of a second, in which other runs are served.
    language = await asyncio.to_thread(languages.detect, text)
    return "\n".join(refusals.lines(request.not_done, (), language))
