"""The client of a controller for asyncio: the calls of `orchestrion._sync.client.Client`, awaited."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import Self, Unpack

from orchestrion._async.host import AsyncHostClient
from orchestrion._async.runs import AsyncRunClient
from orchestrion._net.endpoint import Endpoint
from orchestrion._net.resumption import HostChanges, RunEvents
from orchestrion._net.retries import RetryPolicy
from orchestrion._rpcs import registry, stages
from orchestrion._rpcs.rpc import Rpc
from orchestrion._rpcs.stages import conversation, numbered
from orchestrion.answers import Answer, AnswerGatherer, PlanGatherer
from orchestrion.content import Attachment
from orchestrion.events import Event
from orchestrion.experts import Assignment, Host, ListedExpert
from orchestrion.listings import HostRemoved
from orchestrion.plans import Plan, TaskResult
from orchestrion.settings import (
    ExecuteSettings,
    PlanSettings,
    Request,
    RespondSettings,
    RunSettings,
    SelectSettings,
)


class AsyncClient(AsyncRunClient):
    """Talks to a controller; one belongs to the event loop of its first call.

    As `Client` in everything else. The calls that start or watch a run return an asynchronous iterator: leave its loop
    early only inside `contextlib.aclosing`, so that the call ends there and not when the garbage collector comes by.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        timeout: float = 30.0,
        idle_timeout: float = 30.0,
        reconnect: float = 60.0,
        wait_when_full: bool = False,
    ) -> None:
        """Makes the client; arguments and errors as those of `Client`."""
        self._endpoint = Endpoint.resolve(address)
        super().__init__(self._endpoint, RetryPolicy(timeout, idle_timeout, reconnect, wait_when_full))

    @property
    def address(self) -> str:
        """Returns the address of the controller."""
        return self._endpoint.address

    async def close(self) -> None:
        """Closes the connection and ends the calls that go on; see `Client.close`."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        """Returns the client; leaving closes it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def ask(
        self,
        request: Request,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[RunSettings],
    ) -> Answer:
        """Carries a request out and returns its answer; see `Client.ask`."""
        gatherer = AnswerGatherer()
        async with aclosing(self.run(request, files, timeout=timeout, **settings)) as events:
            async for event in events:
                gatherer.add(event)
        return gatherer.answer()

    def run(
        self,
        request: Request,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[RunSettings],
    ) -> AsyncGenerator[Event, None]:
        """Carries a request out and yields what happens; see `Client.run`."""
        return self._start(files, lambda names: stages.run(conversation(request, names), **settings), timeout)

    def plan(
        self,
        request: Request,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[PlanSettings],
    ) -> AsyncGenerator[Event, None]:
        """Plans a request, without carrying it out; see `Client.plan`."""
        return self._start(files, lambda names: stages.plan(conversation(request, names), **settings), timeout)

    async def make_plan(
        self,
        request: Request,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[PlanSettings],
    ) -> Plan:
        """Plans a request and returns the plan; see `Client.make_plan`."""
        gatherer = PlanGatherer()
        async with aclosing(self.plan(request, files, timeout=timeout, **settings)) as events:
            async for event in events:
                gatherer.add(event)
        return gatherer.plan()

    async def check_plan(
        self,
        plan: Plan,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[SelectSettings],
    ) -> tuple[Assignment, ...]:
        """Has a plan checked, and returns the experts that would perform it; see `Client.check_plan`."""
        gatherer, resolved = PlanGatherer(), plan.with_artifacts(numbered(await self._names(files)))
        async with aclosing(self.select(resolved, timeout=timeout, **settings)) as events:
            async for event in events:
                gatherer.add(event)
        return gatherer.assignments()

    def select(
        self, plan: Plan, *, timeout: float | None = None, **settings: Unpack[SelectSettings]
    ) -> AsyncGenerator[Event, None]:
        """Chooses an expert for every task of a plan; see `Client.select`."""
        return self._connection.stream(RunEvents(stages.select(plan, **settings)), timeout)

    def execute(
        self,
        plan: Plan,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[ExecuteSettings],
    ) -> AsyncGenerator[Event, None]:
        """Runs a plan, whose `attachments/{n}` mean the files in their order; see `Client.execute`."""
        return self._start(files, lambda names: stages.execute(plan, names, **settings), timeout)

    def respond(
        self,
        request: Request,
        plan: Plan,
        results: Sequence[TaskResult],
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[RespondSettings],
    ) -> AsyncGenerator[Event, None]:
        """Answers a request from the results of a plan; see `Client.respond`."""
        return self._start(
            files,
            lambda names: stages.respond(conversation(request, names), plan, results, **settings),
            timeout,
        )

    async def hosts(self, *, timeout: float | None = None) -> tuple[Host, ...]:
        """Lists the model hosts, by name; see `Client.hosts`."""
        return await self._connection.unary(registry.list_hosts(), timeout)

    async def host(self, name: str | None = None, *, timeout: float | None = None) -> AsyncHostClient:
        """Gives a client of one model host; see `Client.host`."""
        listed = registry.choose_host(await self.hosts(timeout=timeout), name)
        return AsyncHostClient(listed.address, timeout=self._policy.timeout, reconnect=self._policy.reconnect)

    async def experts(self, task_type: str | None = None, *, timeout: float | None = None) -> tuple[ListedExpert, ...]:
        """Lists the experts, by id; see `Client.experts`."""
        return await self._connection.unary(registry.list_experts(task_type or ""), timeout)

    def watch_hosts(self, *, timeout: float | None = None) -> AsyncGenerator[Host | HostRemoved, None]:
        """Yields every host that is known, then each as it changes; see `Client.watch_hosts`."""
        return self._connection.stream(HostChanges(), timeout)

    async def _start(
        self, files: Iterable[Attachment], make: Callable[[Sequence[str]], Rpc[Event]], timeout: float | None
    ) -> AsyncGenerator[Event, None]:
        """Uploads what must be, then makes the call from the artifacts' names and yields its events."""
        rpc = make(await self._names(files))
        async with aclosing(self._connection.stream(RunEvents(rpc), timeout)) as events:
            async for event in events:
                yield event
