"""Responses as they are written: whole, or as the events by which they come to be."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from typing import Any, TypeAlias

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
from orchestrion_gateway.openai_api.response_parameters import ResponseParameters, id_of
from orchestrion_gateway.streaming import framed

Object: TypeAlias = dict[str, Any]


class ResponseWriter:
    """Writes the response of one call.

    Its output is a message and, before it where anything is told of the way to it, an item of reasoning.
    """

    def __init__(self, wanted: ResponseParameters) -> None:
        """Writes for one call."""
        self._wanted = wanted
        self._created = time.time()
        self._id = ""
        self._number = 0
        self._items: list[Object] = []

    def whole(self, answer: WholeAnswer) -> Object:
        """Returns a response that is complete, or broke off."""
        self._begin(answer.run)
        if answer.thoughts:
            self._items.append(self._reasoning(answer.thoughts))
        self._items.append(self._message(answer.text, _status(answer.ending)))
        return self._response(_status(answer.ending), answer.ending)

    async def streamed(self, generation: Generation) -> AsyncGenerator[bytes, None]:
        """Yields the server-sent events; the response as it is in the end is the last of them."""
        item: _OpenItem | None = None
        try:
            async for piece in generation:
                match piece:
                    case Began(run):
                        self._begin(run)
                        for step in ("created", "in_progress"):
                            yield self._event(f"response.{step}", response=self._response("in_progress"))
                    case Thought(text) | AnswerPiece(text):
                        kind = "reasoning" if isinstance(piece, Thought) else "message"
                        if item is None or item.kind != kind:
                            for event in [*self._closed(item), *self._opened(kind)]:
                                yield event
                            item = _OpenItem(kind)
                        item.text += text
                        yield self._delta(kind, text)
                    case Ending():
                        if item is None or item.kind != "message":
                            for event in [*self._closed(item), *self._opened("message")]:
                                yield event
                            item = _OpenItem("message")
                        for event in self._closed(item, _status(piece)):
                            yield event
                        status = _status(piece)
                        yield self._event(f"response.{status}", response=self._response(status, piece))
        except OrchestrionError as error:
            described = api_errors.described(error)["error"]
            failed = {"code": described["code"], "message": described["message"]}
            yield self._event("response.failed", response={**self._response("failed"), "error": failed})

    def _begin(self, run: str) -> None:
        self._id = id_of(run)

    def _opened(self, kind: str) -> list[bytes]:
        at: Object = {"output_index": len(self._items)}
        if kind == "reasoning":
            item: Object = {"id": self._item_id(), "type": kind, "summary": [], "status": "in_progress"}
            part: Object = {"summary_index": 0, "part": {"type": "summary_text", "text": ""}}
            name = "response.reasoning_summary_part.added"
        else:
            item = {**self._message("", "in_progress"), "content": []}
            part = {"content_index": 0, "part": _text_part("")}
            name = "response.content_part.added"
        # Each event takes the next number.
        added = self._event("response.output_item.added", **at, item=item)
        return [added, self._event(name, **at, item_id=item["id"], **part)]

    def _delta(self, kind: str, text: str) -> bytes:
        at: Object = {"output_index": len(self._items), "item_id": self._item_id(), "delta": text}
        if kind == "reasoning":
            return self._event("response.reasoning_summary_text.delta", summary_index=0, **at)
        return self._event("response.output_text.delta", content_index=0, logprobs=[], **at)

    def _closed(self, item: _OpenItem | None, status: str = "completed") -> list[bytes]:
        if item is None:
            return []
        at: Object = {"output_index": len(self._items), "item_id": self._item_id()}
        if item.kind == "reasoning":
            whole = self._reasoning(item.text)
            ends = [
                self._event("response.reasoning_summary_text.done", summary_index=0, text=item.text, **at),
                self._event("response.reasoning_summary_part.done", summary_index=0, part=whole["summary"][0], **at),
            ]
        else:
            whole = self._message(item.text, status)
            ends = [
                self._event("response.output_text.done", content_index=0, logprobs=[], text=item.text, **at),
                self._event("response.content_part.done", content_index=0, part=whole["content"][0], **at),
            ]
        ends.append(self._event("response.output_item.done", output_index=len(self._items), item=whole))
        self._items.append(whole)
        return ends

    def _item_id(self) -> str:
        return f"item_{len(self._items)}_{self._id.removeprefix('resp_')}"

    def _reasoning(self, text: str) -> Object:
        summary = [{"type": "summary_text", "text": text}]
        return {"id": self._item_id(), "type": "reasoning", "summary": summary, "status": "completed"}

    def _message(self, text: str, status: str) -> Object:
        return {
            "id": self._item_id(),
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": [_text_part(text)],
        }

    def _response(self, status: str, ending: Ending | None = None) -> Object:
        wanted = self._wanted
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "instructions": wanted.instructions,
            "max_output_tokens": wanted.max_output_tokens,
            "metadata": wanted.metadata or {},
            "model": wanted.model,
            "output": list(self._items),
            "parallel_tool_calls": True,
            "previous_response_id": wanted.previous_response_id,
            "store": wanted.store is not False,
            "temperature": wanted.temperature,
            "text": wanted.text or {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "truncation": wanted.truncation or "disabled",
            "usage": None if ending is None else _usage(ending.usage),
        }

    def _event(self, kind: str, **fields: Any) -> bytes:
        content = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return framed(kind, json.dumps(content, ensure_ascii=False))


class _OpenItem:
    """The item that is being written."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.text = ""


def _text_part(text: str) -> Object:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _status(ending: Ending) -> str:
    return "incomplete" if ending.finish_reason == "length" else "completed"


def _usage(counts: GenerationUsage | None) -> Object | None:
    if counts is None:
        return None
    return {
        "input_tokens": counts.prompt,
        "input_tokens_details": {"cached_tokens": counts.cached, "cache_write_tokens": 0},
        "output_tokens": counts.completion,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": counts.prompt + counts.completion,
    }
