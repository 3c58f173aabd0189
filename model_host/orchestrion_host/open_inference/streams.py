"""Many requests on one stream: run beside each other, their answers gathered as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")

# A client that sends and does not read holds so many answers and requests, and no more.
_MOST_ANSWERS: Final = 64
_MOST_REQUESTS: Final = 1024


class RequestStream(Generic[RequestT, AnswerT]):
    """The requests of one stream; leaving the context cancels those that go on."""

    def __init__(self) -> None:
        """Starts with nothing."""
        self._answers: asyncio.Queue[AnswerT | None] = asyncio.Queue()
        self._answer_room = asyncio.Semaphore(_MOST_ANSWERS)
        self._request_room = asyncio.Semaphore(_MOST_REQUESTS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [*self._tasks, *([self._reading] if self._reading is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, answer: AnswerT) -> None:
        """Hands an answer over; waits while the client does not read."""
        await self._answer_room.acquire()
        self._answers.put_nowait(answer)

    async def run(
        self, requests: AsyncIterator[RequestT], answer: Callable[[RequestT], Coroutine[Any, Any, None]]
    ) -> AsyncGenerator[AnswerT, None]:
        """Runs requests as they come, and yields what they send; ends when all have ended and no more come.

        Args:
            requests: The requests of the client. What it raises ends the stream.
            answer: Runs one and sends its answers; it raises nothing.
        """
        self._reading = asyncio.create_task(self._read(requests, answer))
        self._reading.add_done_callback(lambda _: self._answers.put_nowait(None))
        while (message := await self._answers.get()) is not None:
            self._answer_room.release()
            yield message
        await self._reading

    async def _read(
        self, requests: AsyncIterator[RequestT], answer: Callable[[RequestT], Coroutine[Any, Any, None]]
    ) -> None:
        async for request in requests:
            await self._request_room.acquire()
            task = asyncio.create_task(answer(request))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        await asyncio.gather(*self._tasks)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._request_room.release()
