"""What a soak asks of the platform, of several sorts, and whether each was answered as it should be."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from random import Random

import grpc
import httpx2

from orchestrion import AsyncClient, OnDetach
from orchestrion._net.transport import error_of
from orchestrion.errors import OrchestrionError
from orchestrion.events import Event, RunFinished, TaskFinished
from orchestrion.plans import Plan, TaskState
from orchestrion.runs import Approval, RunState
from tests.rpc.controller.plans import DIAMOND, after, wait

TIMEOUT_S = 60.0
"""After this a call counts as one that hangs."""

Request = Callable[[], Awaitable[str]]
"""Asks for something and returns how it ended, in a word; raises AssertionError where it should not end so."""


class Load:
    """Asks the servers for work of all sorts. Each method is one request, and counts as one."""

    def __init__(
        self, client: AsyncClient, http: httpx2.AsyncClient, channel: grpc.aio.Channel, random: Random
    ) -> None:
        """Takes the connections to controller, gateway and controller again, for bytes that no client sends."""
        self._client, self._http, self._channel, self._random = client, http, channel, random
        self.ended: Counter[str] = Counter()
        """How many requests ended how, by sort."""
        self.events = 0
        """How many numbered events watchers saw."""
        self.wrong: list[str] = []
        """What ended as it should not have."""
        self._sorts: Sequence[Request] = (
            *(self.plain, self.plain, self.lists, self.planned, self.artifact, self.over_http, self.approved),
            *(self.cancelled, self.left_alone, self.resumed, self.http_left, self.wrong_plan, self.no_message),
        )

    async def one(self) -> None:
        """Makes one request, of a sort drawn by lot."""
        request = self._random.choice(self._sorts)
        name = getattr(request, "__name__", "")
        try:
            async with asyncio.timeout(TIMEOUT_S):
                outcome = await request()
        except (AssertionError, OrchestrionError, TimeoutError, httpx2.HTTPError, grpc.RpcError) as error:
            outcome = "wrong"
            self.wrong.append(f"{name}: {type(error).__name__}: {error}"[:500])
        self.ended[f"{name}: {outcome}"] += 1

    async def plain(self) -> str:
        """A plan whose tasks wait for each other, seen to its end."""
        return self._succeeded(await self._all(self._client.run("do it", plan=DIAMOND)))

    async def lists(self) -> str:
        """A list that unfolds into a call an item."""
        texts = tuple(f"text {number}" for number in range(20))
        plan = Plan((wait("a", texts, delay_ms=10), wait("b", after("a"))))
        events = await self._all(self._client.run("do it", plan=plan))
        results = [event.payload.result for event in events if isinstance(event.payload, TaskFinished)]
        assert [result.outputs.get("text") for result in results if result.task_id == "b"] in ([texts], [list(texts)])
        return self._succeeded(events)

    async def planned(self) -> str:
        """Words that the built-in planner reads."""
        if self._random.random() < 0.3:
            return await self._refused(_drained(self._client.run("compose a symphony")), "REQUEST_BEYOND_PLANNER")
        return self._succeeded(await self._all(self._client.run("Which language is “guten Morgen”?")))

    async def cancelled(self) -> str:
        """A run that is cancelled while it computes."""
        events = self._client.run("do it", plan=Plan((wait("a", delay_ms=20_000),)))
        async with aclosing(events):
            name = (await anext(events)).run
            await asyncio.sleep(self._random.uniform(0, 0.5))
            run = await self._client.runs.cancel(name)
        assert run.state is RunState.CANCELLED, run.state
        return "cancelled"

    async def left_alone(self) -> str:
        """A run whose client hangs up: it is cancelled after its grace."""
        events = self._client.run("do it", plan=Plan((wait("a", delay_ms=20_000),)), detach_grace_ms=300)
        async with aclosing(events):
            name = (await anext(events)).run
        await asyncio.sleep(1)
        seen = await self._all(self._client.runs.watch(name))
        assert isinstance(end := seen[-1].payload, RunFinished), end
        assert (end.error and end.error.reason) == "CLIENT_LEFT", end
        return "left"

    async def resumed(self) -> str:
        """A watcher that hangs up, and comes back for what it has not seen."""
        events = self._client.run("do it", plan=DIAMOND, on_detach=OnDetach.CONTINUE)
        first: list[Event] = []
        async with aclosing(events):
            async for event in events:
                first += [event] if event.sequence else []
                if len(first) >= self._random.randint(1, 12):
                    break
        later = [event async for event in self._client.runs.watch(first[0].run, first[-1].sequence)]
        return self._succeeded(self._complete([*first, *later]))

    async def approved(self) -> str:
        """A plan that waits until it is approved."""
        seen: list[Event] = []
        async with aclosing(self._client.run("do it", plan=DIAMOND, approval=Approval.REQUIRED)) as events:
            async for event in events:
                seen.append(event)
                if type(event.payload).__name__ == "ApprovalAwaited":
                    await self._client.runs.approve(event.run)
        return self._succeeded(self._complete(seen))

    async def wrong_plan(self) -> str:
        """A plan that breaks a rule."""
        task, reason = self._random.choice(
            (
                (wait("a", after("b")), "UNKNOWN_REFERENCE"),
                (wait("a", after("a")), "PLAN_CYCLE"),
                (wait("a", delay_ms=-1), "ILL_TYPED_INPUT"),
            )
        )
        return await self._refused(_drained(self._client.run("do it", plan=Plan((task,)))), reason)

    async def no_message(self) -> str:
        """Bytes that are no message."""
        method = self._random.choice(("RunService/Run", "ExecuteService/Execute", "ArtifactService/Download"))
        call = self._channel.unary_stream(f"/orchestrion.v1.{method}", bytes, bytes)(
            self._random.randbytes(200) + b"\xff"
        )
        return await self._refused(_drained(call), "INVALID_MESSAGE")

    async def artifact(self) -> str:
        """A file that is stored, read and deleted."""
        content = self._random.randbytes(100_000)
        artifact = await self._client.artifacts.upload(content)
        assert await self._client.artifacts.read(artifact) == content
        await self._client.artifacts.delete(artifact)
        return "deleted"

    async def over_http(self) -> str:
        """A run through the gateway, whose events are read to the end."""
        numbers = [number async for number in self._http_numbers()]
        assert numbers == list(range(1, len(numbers) + 1)), numbers
        self.events += len(numbers)
        return "seen"

    async def http_left(self) -> str:
        """A caller of the gateway that hangs up."""
        async with aclosing(self._http_numbers(delay_ms=5_000)) as numbers:
            async for _ in numbers:
                break
        return "left"

    async def _http_numbers(self, delay_ms: int = 20) -> AsyncGenerator[int, None]:
        value = {"text": {"text": "text"}, "delay_ms": {"number": delay_ms}}
        plan = {"tasks": [{"id": "a", "type": "test-delay", "inputs": value}]}
        body = {"messages": [{"role": "ROLE_USER", "text": "do it"}], "plan": plan, "options": {"detachGraceMs": "300"}}
        headers = {"Accept": "text/event-stream"}
        async with self._http.stream("POST", "/api/v1/runs", json=body, headers=headers, timeout=TIMEOUT_S) as response:
            assert response.status_code == 200, response.status_code
            async for line in response.aiter_lines():
                if line.startswith("id:"):
                    yield int(line.removeprefix("id:"))
                elif line.startswith("data:") and "stream_failed" in line:
                    raise AssertionError(json.loads(line.removeprefix("data:")))

    async def _all(self, events: AsyncIterator[Event]) -> list[Event]:
        return self._complete([event async for event in events])

    def _complete(self, events: Sequence[Event]) -> list[Event]:
        """Returns the events of a run, of which none is missing and none came twice."""
        numbers = [event.sequence for event in events if event.sequence]
        assert numbers == list(range(1, len(numbers) + 1)), numbers
        assert isinstance(events[-1].payload, RunFinished), events[-1]
        self.events += len(numbers)
        return list(events)

    def _succeeded(self, events: Sequence[Event]) -> str:
        finished = events[-1].payload
        assert isinstance(finished, RunFinished), finished
        assert finished.state is RunState.SUCCEEDED, finished.error
        failed = [
            event.payload.result.error
            for event in events
            if isinstance(event.payload, TaskFinished) and event.payload.result.state is not TaskState.SUCCEEDED
        ]
        assert not failed, failed
        return "succeeded"

    async def _refused(self, call: Awaitable[None], reason: str) -> str:
        try:
            await call
        except OrchestrionError as error:
            seen = error.reason
        except grpc.aio.AioRpcError as error:
            seen = error_of(error).reason
        else:
            seen = "no error"
        assert seen == reason, seen
        return "refused"


async def _drained(stream: AsyncIterable[object]) -> None:
    async for _ in stream:
        pass
