"""Chat completions as they are written: whole, or in chunks."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from typing import Any, Final

from fastapi.sse import format_sse_event

from orchestrion import OrchestrionError
from orchestrion_gateway.openai_api import api_errors
from orchestrion_gateway.openai_api.generation import (
    AnswerPiece,
    Began,
    Ending,
    Generation,
    GenerationUsage,
    Thought,
    WholeAnswer,
)

_DONE: Final = format_sse_event(data_str="[DONE]")


def completion(model: str, answer: WholeAnswer) -> dict[str, Any]:
    """Writes an answer as a whole.

    Args:
        model: The model as the request names it.
        answer: The answer.
    """
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    # No field of OpenAI's has it; DeepSeek's name for it is what clients look for.
    if answer.thoughts:
        message["reasoning_content"] = answer.thoughts
    choice = {"index": 0, "message": message, "finish_reason": answer.ending.finish_reason, "logprobs": None}
    written = {
        "id": _id_of(answer.run),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
    }
    return written | ({"usage": _usage(answer.ending.usage)} if answer.ending.usage is not None else {})


class Chunks:
    """Writes an answer in chunks."""

    def __init__(self, model: str, *, include_usage: bool) -> None:
        """Writes for one call.

        Args:
            model: The model as the request names it.
            include_usage: Whether a chunk at the end has the tokens, where they were counted.
        """
        self._include_usage = include_usage
        self._common: dict[str, Any] = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

    async def written(self, generation: Generation) -> AsyncGenerator[bytes, None]:
        """Yields the server-sent events; an error is the last of them."""
        try:
            async for piece in generation:
                match piece:
                    case Began(run):
                        self._common["id"] = _id_of(run)
                        yield self._chunk({"role": "assistant", "content": ""})
                    case Thought(text):
                        yield self._chunk({"reasoning_content": text})
                    case AnswerPiece(text):
                        yield self._chunk({"content": text})
                    case Ending(finish_reason, usage):
                        yield self._chunk({}, finish_reason)
                        if self._include_usage:
                            yield self._framed([], _usage(usage))
        except OrchestrionError as error:
            yield _event(api_errors.described(error))
        else:
            yield _DONE

    def _chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> bytes:
        return self._framed([{"index": 0, "delta": delta, "finish_reason": finish_reason}], None)

    def _framed(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None) -> bytes:
        usages = {"usage": usage} if self._include_usage else {}
        return _event({**self._common, "choices": choices, **usages})


def _event(content: dict[str, Any]) -> bytes:
    return format_sse_event(data_str=json.dumps(content, ensure_ascii=False))


def _id_of(run: str) -> str:
    return f"chatcmpl-{run.removeprefix('runs/')}"


def _usage(counts: GenerationUsage | None) -> dict[str, Any] | None:
    if counts is None:
        return None
    details = {"prompt_tokens_details": {"cached_tokens": counts.cached}} if counts.cached else {}
    return {
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.completion,
        "total_tokens": counts.prompt + counts.completion,
        **details,
    }
