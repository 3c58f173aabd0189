"""One call of an endpoint: a request out, the pieces of its reply in, with an eye on the clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from orchestrion_serving.chat import ChatFailure, Complaint, ReplyEnd, ReplyReader, Trouble, trouble_of
from orchestrion_serving.chat.finishing import STOP
from orchestrion_serving.chat.reader import read_complaint
from orchestrion_serving.chat.retry_after import retry_after_s
from orchestrion_serving.chat_endpoint.connection import EndpointConnection

if TYPE_CHECKING:
    import httpx2

_AFTER_END_S: Final = 2.0
"""How long to wait for what follows a reply that is whole, such as its usage."""
_AFTER_DONE_S: Final = 0.2
"""How long to wait for the end of an answer that said that it is done, so that its connection serves once more."""
_MOST_BYTES: Final = 16 << 20
"""Bytes of one answer that are read, with all that endpoints put around each piece; what goes on has no end."""
_MOST_CHARACTERS: Final = 1_000_000
"""Characters of one reply that are read; no model writes so much in one go."""
_ABOUT_THE_CALL: Final = frozenset({Trouble.KEY, Trouble.PAYMENT, Trouble.BUSY})
"""Troubles that are the same in the middle of a reply; others break it off."""


@dataclass(frozen=True, slots=True)
class ReplyTimeouts:
    """How long an endpoint may be silent, in seconds; what only keeps a connection alive is silence, too."""

    first_s: float
    """Before its reply begins."""
    idle_s: float
    """In the middle of it."""


class ChatCall:
    """One call. Iterate `pieces` once."""

    def __init__(
        self, connection: EndpointConnection, reader: ReplyReader, timeouts: ReplyTimeouts, *, is_json: bool
    ) -> None:
        """Prepares it.

        Args:
            connection: The endpoint.
            reader: Reads the answer.
            timeouts: How long to wait for it.
            is_json: Whether JSON was asked for.
        """
        self._connection = connection
        self._reader = reader
        self._timeouts = timeouts
        self._is_json = is_json
        self._said: list[str] = []
        self._deadline = 0.0
        self._is_broken = False

    async def pieces(self, body: Mapping[str, object]) -> AsyncGenerator[str | ReplyEnd, None]:
        """Sends a request, and yields the pieces of the reply, and how it ended as the last item.

        Raises:
            ChatFailure: There is no reply, or not the whole of one.
        """
        self._deadline = asyncio.get_running_loop().time() + self._timeouts.first_s
        try:
            async with asyncio.timeout_at(self._deadline):
                response = await self._connection.post(self._connection.address.chat_url(), body)
        except TimeoutError as error:
            raise ChatFailure(Trouble.SILENT, Complaint()) from error
        try:
            if response.status_code >= 300:
                raise await self._refusal(response)
            length = 0
            async with aclosing(self._read(response)) as pieces:
                async for piece in pieces:
                    length += len(piece)
                    if length > _MOST_CHARACTERS:
                        raise self._too_long(f"{_MOST_CHARACTERS:,} characters")
                    self._said.append(piece)
                    yield piece
        finally:
            await response.aclose()
        yield self._end()

    async def _read(self, response: httpx2.Response) -> AsyncGenerator[str, None]:
        async with aclosing(self._chunks(response)) as chunks:
            async for data in chunks:
                signs = self._reader.signs_of_life
                for piece in self._reader.feed(data):
                    yield piece
                if self._reader.complaint:
                    raise self._failure(self._reader.complaint, response)
                if self._reader.signs_of_life > signs:
                    idle_s = self._timeouts.idle_s if self._reader.began else self._timeouts.first_s
                    self._deadline = asyncio.get_running_loop().time() + idle_s
        for piece in self._reader.close():
            yield piece
        if self._is_broken and not self._reader.has_answer:
            raise ChatFailure(Trouble.UNREACHABLE, Complaint("the connection broke before a reply"))
        if self._reader.complaint:
            raise self._failure(self._reader.complaint, response)

    async def _chunks(self, response: httpx2.Response) -> AsyncGenerator[bytes, None]:
        """Yields the bytes of an answer, up to its end or to that of the connection."""
        loop = asyncio.get_running_loop()
        received = 0
        async with aclosing(response.aiter_bytes()) as chunks:
            while True:
                deadline = self._deadline
                if self._reader.has_ended:
                    after_s = _AFTER_DONE_S if self._reader.is_done else _AFTER_END_S
                    deadline = min(deadline, loop.time() + after_s)
                try:
                    async with asyncio.timeout_at(deadline):
                        data = await anext(chunks, None)
                except TimeoutError as error:
                    if self._reader.has_ended:
                        return
                    raise ChatFailure(Trouble.SILENT, Complaint(), began=self._reader.began) from error
                except self._connection.broken:
                    self._is_broken = True
                    return
                if data is None:
                    return
                received += len(data)
                if received > _MOST_BYTES:
                    raise self._too_long(f"{_MOST_BYTES:,} bytes")
                yield data

    def _end(self) -> ReplyEnd:
        end = self._reader.end
        if self._reader.has_ended:
            return end
        if self._is_json and _is_json("".join(self._said)):
            return replace(end, finish_reason=STOP)
        if self._is_json and not self._is_broken:
            return end  # Who reads JSON sees for themselves whether it is whole.
        raise ChatFailure(Trouble.BROKE_OFF, Complaint(), began=bool(self._said))

    def _too_long(self, much: str) -> ChatFailure:
        words = f"it sent more than {much}, which is all that is read of one reply"
        return ChatFailure(Trouble.BROKE_OFF, Complaint(words), began=True)

    async def _refusal(self, response: httpx2.Response) -> ChatFailure:
        try:
            async with asyncio.timeout_at(self._deadline):
                body = await response.aread()
        except TimeoutError:
            body = b""
        except self._connection.broken:
            body = b""
        complaint = read_complaint(body)
        if not complaint.words:
            complaint = replace(complaint, words=response.reason_phrase or "")
        return self._failure(complaint, response)

    def _failure(self, complaint: Complaint, response: httpx2.Response) -> ChatFailure:
        wait_s = retry_after_s(response.headers)
        if wait_s is not None:
            complaint = replace(complaint, retry_after_s=wait_s)
        if response.status_code >= 300:
            complaint = complaint.with_status(response.status_code)
        trouble, began = trouble_of(complaint), bool(self._said)
        if began and trouble not in _ABOUT_THE_CALL:
            trouble = Trouble.BROKE_OFF
        return ChatFailure(trouble, complaint, began=began)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
