"""Chats as inputs of the task type `conversational`, and its outputs as the end of a reply. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from orchestrion.values import Json, Value
from orchestrion_controller.hosted_model.schema_bounds import bounded
from orchestrion_controller.language_model import ChatMessage, Ended, Schema
from orchestrion_controller.stages import Usage

TASK_TYPE: Final = "conversational"
"""What an expert has to perform to be a language model."""
_MOST_TOKENS: Final = 32_768
"""The largest `max_tokens` of the task type."""


def inputs_of(messages: Sequence[ChatMessage], schema: Schema | None, reply_tokens: int) -> Mapping[str, Value]:
    """Returns the inputs of the call that answers a chat.

    Args:
        messages: The chat; its last message, or the system's where there is no other, becomes `text`.
        schema: The form of the reply; None for any text.
        reply_tokens: How many tokens the reply may have.
    """
    system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
    turns = [message for message in messages if message["role"] != "system"]
    if not turns:
        turns, system = [{"role": "user", "content": system}], ""
    *earlier, last = turns
    inputs: dict[str, Value] = {"text": last["content"], "max_tokens": float(min(reply_tokens, _MOST_TOKENS))}
    if system:
        inputs["system"] = system
    if earlier:
        inputs["history"] = Json([{"role": turn["role"], "content": turn["content"]} for turn in earlier])
    if schema is not None:
        inputs["schema"] = Json(bounded(schema.schema))
    return inputs


def ended(outputs: Mapping[str, Value], withdrawn: int = 0) -> Ended:
    """Reads how a reply ended. An expert that does not tell why has written what it wanted to.

    Args:
        outputs: What the expert gave.
        withdrawn: How many characters of the reply have turned out to be a thought.
    """
    usage = Usage(1, _count(outputs, "prompt_token_count"), _count(outputs, "completion_token_count"))
    finish_reason = outputs.get("finish_reason")
    return Ended(finish_reason if isinstance(finish_reason, str) and finish_reason else "stop", "", usage, withdrawn)


def omitted_turn_count(outputs: Mapping[str, Value]) -> int:
    """Reads how many of the oldest turns an expert left out for want of room; 0 where it does not tell."""
    return _count(outputs, "omitted_turn_count")


def _count(outputs: Mapping[str, Value], name: str) -> int:
    value = outputs.get(name)
    return int(value) if isinstance(value, int | float) and value > 0 else 0
