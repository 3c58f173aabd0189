"""One call of an expert as a stream: its text as it is written, then its outputs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from orchestrion.events import AttemptFailed, Payload, TaskStarted, TaskText
from orchestrion_controller.dispatch import AssignedTask
from orchestrion_controller.executor.attempts import CallAttempts, ItemCall, ItemIndex
from orchestrion_controller.executor.inputs import Outputs
from orchestrion_controller.registry.replicas import ReplicaKey
from orchestrion_serving.chat.thoughts import ThoughtFilter

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WholeReply:
    """What an expert gave in the end."""

    outputs: Outputs
    """Its outputs, the whole text among them."""
    replica: ReplicaKey
    """The expert on the host that gave them."""
    thoughts: ThoughtFilter
    """What the text has gone through."""


async def streamed(
    attempts: CallAttempts, assigned: AssignedTask, thoughts: ThoughtFilter
) -> AsyncGenerator[str | WholeReply, None]:
    """Makes a call, in as many attempts as it takes before its first piece. Closing the generator cancels it.

    Args:
        attempts: Makes the call.
        assigned: The call, and the expert.
        thoughts: Keeps what the model thinks out of what it says; fresh.

    Yields:
        The pieces of the output `text`, without thoughts, and the whole as the last item.

    Raises:
        OrchestrionError: What the last attempt failed with.
    """
    call = ItemCall(run="", assigned=assigned, language_input="", item=ItemIndex(), reservation="", text_is_used=True)
    payloads: asyncio.Queue[Payload | None] = asyncio.Queue()
    performing = asyncio.create_task(attempts.perform(call, payloads.put_nowait))
    performing.add_done_callback(lambda _: payloads.put_nowait(None))
    written, replica = "", ("", "")
    try:
        while (payload := await payloads.get()) is not None:
            match payload:
                case TaskStarted(host=host, expert_id=expert_id):
                    replica = host, expert_id
                case TaskText(output="text", text=text):
                    written += text
                    if shown := thoughts.feed(text):
                        yield shown
                case AttemptFailed(host=host, expert_id=expert_id, error=error, retried=True):
                    _log.warning("%s on %s failed as the language model: %s", expert_id, host, error.reason)
        outputs = performing.result()
    finally:
        performing.cancel()
        await asyncio.gather(performing, return_exceptions=True)
    # An expert that does not stream gives its text at the end.
    whole = outputs.get("text")
    rest = whole[len(written) :] if isinstance(whole, str) and whole.startswith(written) else ""
    if shown := thoughts.feed(rest) + thoughts.close():
        yield shown
    yield WholeReply(outputs, replica, thoughts)
