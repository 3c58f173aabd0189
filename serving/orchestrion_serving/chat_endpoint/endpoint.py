"""One model at one OpenAI-compatible endpoint: it learns what the endpoint refuses, and asks for the rest of a text."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from orchestrion_serving import tracing
from orchestrion_serving.chat import (
    ChatFailure,
    ChatParameters,
    Complaint,
    EndpointAddress,
    Joint,
    Message,
    ReplyEnd,
    ReplyReader,
    Trouble,
    context_refusal,
    continuation,
)
from orchestrion_serving.chat.finishing import LENGTH
from orchestrion_serving.chat.parameters import is_about_one_schema
from orchestrion_serving.chat_endpoint.call import ChatCall, ReplyTimeouts
from orchestrion_serving.chat_endpoint.connection import EndpointConnection
from orchestrion_serving.chat_endpoint.habits import EndpointHabits

_log = logging.getLogger(__name__)

_SIDE_CALL_TIMEOUT_S: Final = 3.0
_LEARNING: Final = frozenset({Trouble.FAILED, Trouble.MODEL})
"""Troubles that may be about a field of the request."""


class ChatEndpoint:
    """A model that chats. Make and use it on one event loop."""

    def __init__(
        self, address: EndpointAddress, model: str, timeouts: ReplyTimeouts, habits: EndpointHabits | None = None
    ) -> None:
        """Makes the client; it connects with the first call.

        Args:
            address: Where the endpoint is.
            model: The model's name, as the endpoint knows it.
            timeouts: How long the endpoint may be silent.
            habits: What was learned of it before; None for nothing.

        Raises:
            ValueError: A proxy in the environment cannot be used.
        """
        self.address = address
        self.model = model
        self._timeouts = timeouts
        self._habits = habits or EndpointHabits(address)
        self._connection = EndpointConnection(address, timeouts.first_s)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._connection.aclose()

    async def reply(
        self, messages: Sequence[Message], parameters: ChatParameters
    ) -> AsyncGenerator[str | ReplyEnd, None]:
        """Asks for a reply; a text that is cut at the limit of its length is continued once.

        Yields:
            The reply in pieces as they come, and how it ended as the last item: `length` where it is cut all the same.

        Raises:
            ChatFailure: There is no reply, or not the whole of one.
        """
        pieces: list[str] = []
        end = ReplyEnd("")
        async with aclosing(self._reply(messages, parameters)) as reply:
            async for item in reply:
                if isinstance(item, ReplyEnd):
                    end = item
                else:
                    pieces.append(item)
                    yield item
        text = "".join(pieces)[end.withdrawn :]
        if end.finish_reason != LENGTH or not text.strip() or parameters.schema or not parameters.goes_on:
            yield end
            return
        async with aclosing(self._rest(messages, parameters, text, end)) as rest:
            async for item in rest:
                yield item

    async def side_call(self, path: str, body: Mapping[str, object] | None = None, *, of_api: bool = False) -> object:
        """Asks for JSON besides the chat: gets a path or, with a body, posts to it.

        Args:
            path: A path of the server or, `of_api`, one below the URL that ends in `/v1`.
            body: What to post; None to get.
            of_api: See `path`.

        Returns:
            The JSON; None where there is no such path, or no JSON in its answer.

        Raises:
            ChatFailure: The endpoint does not answer now.
        """
        url = self.address.url(path, of_api=of_api)
        try:
            async with asyncio.timeout(_SIDE_CALL_TIMEOUT_S):
                response = await (self._connection.get(url) if body is None else self._connection.post(url, body))
                try:
                    content = await response.aread()
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise ChatFailure(Trouble.SILENT, Complaint()) from error
        except self._connection.broken:
            return None
        try:
            return json.loads(content) if response.status_code < 300 else None
        except ValueError:
            return None

    async def _rest(
        self, messages: Sequence[Message], parameters: ChatParameters, text: str, first: ReplyEnd
    ) -> AsyncGenerator[str | ReplyEnd, None]:
        joint = Joint(text)
        end = first
        try:
            async with aclosing(self._reply(continuation(messages, text), parameters)) as reply:
                async for item in reply:
                    if isinstance(item, ReplyEnd):
                        end = item
                    elif new := joint.feed(item):
                        yield new
        except ChatFailure as failure:
            _log.warning("a reply was cut, and its rest did not come (%s)", failure.trouble.name)
            end = replace(first, call_count=0, counts=type(first.counts)())
        if new := joint.close():
            yield new
        yield ReplyEnd(
            end.finish_reason or LENGTH,
            first.refusal + end.refusal,
            first.counts + end.counts,
            first.withdrawn,
            first.call_count + max(1, end.call_count),
        )

    async def _reply(
        self, messages: Sequence[Message], parameters: ChatParameters
    ) -> AsyncGenerator[str | ReplyEnd, None]:
        """Makes calls, each with less of what the endpoint refuses, until one is answered."""
        abilities, lasting = self._habits.abilities, True
        while True:
            is_answered = False
            try:
                body = abilities.body(self.model, messages, parameters)
                async with aclosing(self._call(body, is_json=parameters.schema is not None)) as pieces:
                    async for piece in pieces:
                        if not is_answered and lasting:
                            self._habits.learn_abilities(abilities)
                        is_answered = True
                        yield piece
                return
            except ChatFailure as failure:
                if failure.began or is_answered:
                    raise
                complaint = failure.complaint
                if failure.trouble is Trouble.CONTEXT and _is_about_limit(failure, parameters):
                    parameters = replace(parameters, max_tokens=0)  # What is left of the context is the limit.
                    continue
                less = abilities.without_what_was_refused(parameters, complaint)
                if less is None or failure.trouble not in _LEARNING:
                    raise
            abilities, lasting = less, lasting and not is_about_one_schema(complaint.words)
            _log.info("an endpoint refused a field (HTTP %d); now %s", complaint.status, less)

    async def _call(self, body: Mapping[str, object], *, is_json: bool) -> AsyncGenerator[str | ReplyEnd, None]:
        reader = ReplyReader(is_json=is_json, thinks_aloud=self._habits.thinks_aloud)
        call = ChatCall(self._connection, reader, self._timeouts, is_json=is_json)
        span = self._span()
        try:
            async with aclosing(call.pieces(body)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, ReplyEnd):
                        self._habits.learn_thoughts(reader, is_json=is_json)
                        span.set(_usage(piece))
                    yield piece
        except ChatFailure as failure:
            span.fail(failure.trouble.name)
            raise
        except BaseException as error:
            tracing.outcome(span, error)
            raise
        finally:
            span.end()

    def _span(self) -> tracing.TraceSpan:
        if not tracing.is_on():
            return tracing.NO_SPAN
        parts = urlsplit(self.address.chat_url())
        attributes: dict[str, str | int] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": self.model,
            "server.address": parts.hostname or "",
            "server.port": parts.port or (443 if parts.scheme == "https" else 80),
        }
        return tracing.begin(f"{tracing.SpanName.CHAT} {self.model}", attributes, kind=tracing.SpanKind.CLIENT)


def _usage(end: ReplyEnd) -> tracing.Attributes:
    return {
        "gen_ai.usage.input_tokens": end.counts.prompt,
        "gen_ai.usage.output_tokens": end.counts.completion,
        "gen_ai.response.finish_reasons": (end.finish_reason,),
    }


def _is_about_limit(failure: ChatFailure, parameters: ChatParameters) -> bool:
    """Whether a prompt fits in the context, and only the limit of the reply does not."""
    complaint = failure.complaint
    refusal = context_refusal(complaint.status, complaint.fields, complaint.words)
    return bool(parameters.max_tokens and refusal and refusal.is_about_reply)
