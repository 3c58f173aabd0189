"""The client of a controller."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import Self, Unpack

from orchestrion._async.artifacts import AsyncArtifacts
from orchestrion._async.connection import AsyncConnection
from orchestrion._async.registry import AsyncExperts, AsyncHosts, AsyncTaskTypes
from orchestrion._async.runs import AsyncRuns
from orchestrion._async.uploads import artifact_names
from orchestrion._net.endpoint import Endpoint
from orchestrion._net.resumption import RunEvents
from orchestrion._net.retries import RetryPolicy
from orchestrion._rpcs import stages
from orchestrion._rpcs.rpc import StreamRpc
from orchestrion._rpcs.stages import conversation, numbered
from orchestrion.answers import Answer, answer_of, assignments_of, plan_of
from orchestrion.content import Attachment
from orchestrion.events import Event
from orchestrion.experts import Assignment
from orchestrion.plans import Plan, TaskResult
from orchestrion.settings import (
    ExecuteSettings,
    PlanSettings,
    Request,
    RespondSettings,
    RunSettings,
    SelectSettings,
)
from orchestrion.snapshots import RunSnapshot, apply


class AsyncClient:
    """Talks to a controller.

        async with orchestrion.AsyncClient() as client:
            answer = await client.ask("Read the text in this picture aloud.", ["sign.jpg"])
            print(answer.text, await client.artifacts.download(answer.artifacts[0], "."))

    One belongs to the event loop of its first call. It connects there, and again when the connection was lost:
    calls that are safe to repeat are then sent again, transfers go on, and the events of a run go on after the last one
    seen, each numbered one exactly once. Progress and previews of that time are lost. What is tried again is logged
    under `orchestrion`.

    Every failure of a call is an `OrchestrionError`; a local file that cannot be read or written is an `OSError`, as
    everywhere in Python. A `timeout` is in seconds and counts all attempts at a call.

    Calls that start or watch a run return an asynchronous iterator of events.
    It starts when the first event is asked for. Leave its loop early only inside `contextlib.aclosing`, which ends the
    call: the run is then cancelled after its grace, unless `on_detach` says otherwise. When a run fails, its iterator
    raises the reason after the last event.
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
        """Makes the client; nothing is sent yet.

        Args:
            address: The controller, `host:port`; None for `ORCHESTRION_CONTROLLER`, or else 127.0.0.1:50051.
            timeout: The deadline of every call that does not stream, unless the call has its own. Calls that yield
                events have none by themselves; uploads and downloads have `idle_timeout`.
            idle_timeout: How long an upload or a download may go without a byte.
            reconnect: How long the controller may be away without a break before the error is raised; 0 for never
                trying again. A controller that never answered this client is given up after three quick attempts.
            wait_when_full: Whether a run that is refused because there are too many waits, within its timeout.

        Raises:
            InvalidArgumentError: The address is none, or a time is.
        """
        self._endpoint = Endpoint.resolve(address)
        self._connection = AsyncConnection(
            self._endpoint, RetryPolicy(timeout, idle_timeout, reconnect, wait_when_full)
        )
        self.runs = AsyncRuns(self._connection)
        """The runs that exist: get, list, watch, approve, cancel, delete."""
        self.artifacts = AsyncArtifacts(self._connection)
        """Files and values: upload, download, read, stream, image, sound, get, list, delete."""
        self.hosts = AsyncHosts(self._connection)
        """The model hosts: list, watch, connect."""
        self.experts = AsyncExperts(self._connection)
        """The experts that the hosts offer: list."""
        self.task_types = AsyncTaskTypes(self._connection)
        """The task types that the experts perform: list."""

    @property
    def address(self) -> str:
        """Returns the address of the controller."""
        return self._endpoint.address

    async def close(self) -> None:
        """Closes the connection and ends the calls that go on."""
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
        """Carries a request out and returns its answer.

        Args:
            request: What is asked.
            files: Images, sounds, videos and documents, as paths, values or artifacts: see `artifacts.upload`. What is
                not an artifact yet is uploaded.
            timeout: The deadline of the run, in seconds; None for none.
            settings: See `RunSettings`.

        Raises:
            OrchestrionError: The run failed. Tasks that failed while the run succeeded are in the answer's results.
        """
        return answer_of(await _followed(self.run(request, files, timeout=timeout, **settings)))

    def run(
        self,
        request: Request,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[RunSettings],
    ) -> AsyncGenerator[Event, None]:
        """Carries a request out and yields what happens; arguments and errors as those of `ask`."""
        return self._start(files, lambda names: stages.run(conversation(request, names), **settings), timeout)

    def plan(
        self,
        request: Request,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[PlanSettings],
    ) -> AsyncGenerator[Event, None]:
        """Plans a request, without carrying it out; a `PlanFinished` brings the plan.

        Raises:
            OrchestrionError: There is no plan, and why.
        """
        return self._start(files, lambda names: stages.plan(conversation(request, names), **settings), timeout)

    async def make_plan(
        self,
        request: Request,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[PlanSettings],
    ) -> Plan:
        """Plans a request and returns the plan, to be edited and then passed to `ask`, `run` or `execute`.

        Plans are immutable: `with_inputs`, `with_task` and `without` return changed ones. Arguments and errors as those
        of `plan`.
        """
        return plan_of(await _followed(self.plan(request, files, timeout=timeout, **settings)))

    async def check_plan(
        self,
        plan: Plan,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[SelectSettings],
    ) -> tuple[Assignment, ...]:
        """Has a plan checked, and returns the experts that would perform it; nothing is executed.

        Args:
            plan: The plan.
            files: What it calls `attachments/1` and so on.
            timeout: The deadline, in seconds; None for none.
            settings: See `SelectSettings`.

        Raises:
            InvalidArgumentError: The plan breaks a rule: `error.metadata["task_id"]` and `error.field` name the place.
            NotFoundError: It names an artifact that does not exist.
            FailedPreconditionError: A task has no expert.
        """
        names = await artifact_names(self._connection, files)
        resolved = plan.with_artifacts(numbered(names))
        return assignments_of(await _followed(self.select(resolved, timeout=timeout, **settings)))

    def select(
        self, plan: Plan, *, timeout: float | None = None, **settings: Unpack[SelectSettings]
    ) -> AsyncGenerator[Event, None]:
        """Chooses an expert for every task of a plan; each `TaskAssigned` brings one.

        Raises:
            InvalidArgumentError: The plan breaks a rule.
            FailedPreconditionError: A task has no expert.
        """
        return self._connection.stream(RunEvents(stages.select(plan, **settings)), timeout)

    def execute(
        self,
        plan: Plan,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[ExecuteSettings],
    ) -> AsyncGenerator[Event, None]:
        """Runs a plan, whose `ArtifactRef("attachments/1")` is the first file; each `TaskFinished` brings a result.

        Raises:
            InvalidArgumentError: The plan breaks a rule.
        """
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
        """Answers a request from the results of a plan; an `AnswerFinished` brings the answer.

        Raises:
            InvalidArgumentError: The results are not those of the plan.
        """
        return self._start(
            files,
            lambda names: stages.respond(conversation(request, names), plan, results, **settings),
            timeout,
        )

    async def _start(
        self, files: Iterable[Attachment], make: Callable[[Sequence[str]], StreamRpc[Event]], timeout: float | None
    ) -> AsyncGenerator[Event, None]:
        """Uploads what is not stored yet, makes the RPC from the artifacts' names, and yields the events of its run."""
        rpc = make(await artifact_names(self._connection, files))
        async with aclosing(self._connection.stream(RunEvents(rpc), timeout)) as events:
            async for event in events:
                yield event


async def _followed(stream: AsyncGenerator[Event, None]) -> RunSnapshot:
    """Follows a run to the end of its events, and returns it as it is then."""
    run = RunSnapshot()
    async with aclosing(stream) as events:
        async for event in events:
            run = apply(run, event)
    return run
