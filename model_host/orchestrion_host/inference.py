"""One inference from its arrival to its outputs: check, load, fetch, queue, compute, store."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass, field

from orchestrion.errors import OrchestrionError, Reason, RunCancelledError
from orchestrion.experts import ExpertState
from orchestrion.inference import InferOutputs, InferPayload, InferProgress
from orchestrion.plans import TaskType
from orchestrion.values import Value
from orchestrion_host import inputs
from orchestrion_host import outputs as output_check
from orchestrion_host.artifacts.exchange import ArtifactExchange
from orchestrion_host.catalogue import runtimes
from orchestrion_host.changes import Changes
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.experts.loader import ExpertLoader
from orchestrion_host.experts.queue_entry import QueueEntry, QueueResult
from orchestrion_host.experts.reservations import GrantedReservations
from orchestrion_host.metrics import HostMetrics
from orchestrion_host.models.on_demand import OnDemand
from orchestrion_host.results import ResultCache
from orchestrion_serving import callers
from orchestrion_serving.value_sizes import ResultBounds, size_of_outputs


@dataclass(frozen=True, slots=True)
class InferCall:
    """What a call asks for."""

    task_type: str
    """The task type; empty where the expert performs only one."""
    inputs: Mapping[str, Value] = field(default_factory=dict)
    """The inputs by name."""
    reservation: str = ""
    """A reservation that the call makes hard and ends; empty for none."""
    room_wait_s: float = 30.0
    """How long it may wait for memory, in seconds."""
    owner: str = ""
    """Whose call it is; empty while the API does not tell hosts."""


class Inference:
    """Runs calls on experts."""

    def __init__(
        self,
        *,
        task_types: Mapping[str, TaskType],
        loader: ExpertLoader,
        reservations: GrantedReservations,
        exchange: ArtifactExchange,
        on_demand: OnDemand,
        room: Changes,
        metrics: HostMetrics,
        results: ResultCache,
        result_bounds: ResultBounds,
    ) -> None:
        """Keeps its collaborators; `room` is told when an expert has no call any more."""
        self._results = results
        self._result_bounds = result_bounds
        self._task_types = task_types
        self._loader = loader
        self._reservations = reservations
        self._exchange = exchange
        self._on_demand = on_demand
        self._room = room
        self._metrics = metrics
        self._open_count = 0

    async def run(self, expert: HostedExpert, call: InferCall) -> AsyncGenerator[InferPayload, None]:
        """Runs a call and yields what it has to tell; the last is the outputs. Closing the generator cancels it.

        Raises:
            OrchestrionError: As the API says of `Infer`.
        """
        task_type = expert.task_type(call.task_type)
        with self._counted(expert, task_type) as succeeded, self._reservations.used(call.reservation, expert):
            if expert.state is not ExpertState.TO_BE_FETCHED:
                expert.check_usable()
            kind = self._task_types.get(task_type)
            inputs.check(kind, call.inputs)
            inputs.check_domain(expert.facts.id, expert.facts.domain, call.inputs)
            key = self._results.key(call.owner, expert.facts, task_type, kind, call.inputs)
            cached = self._results.find(key)
            if key:
                self._metrics.result_lookups.labels("miss" if cached is None else "hit").inc()
            if cached is not None:
                succeeded()
                yield InferOutputs(cached)
                return
            entry = expert.queue.enter(task_type, callers.current.get())
            try:
                async with contextlib.aclosing(self._stages(expert, call, kind, entry)) as payloads:
                    async for payload in payloads:
                        if isinstance(payload, InferOutputs):
                            succeeded()
                            self._results.keep(key, payload.outputs)
                        yield payload
            finally:
                expert.queue.leave(entry)
                if expert.queue.idle:
                    # It may be evicted now; who waits for room wants to know.
                    self._room.notify()

    async def until_idle(self, timeout_s: float) -> None:
        """Waits until no call is left, at most so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._open_count:
                    await self._room.wait(self._room.count)

    async def _stages(
        self, expert: HostedExpert, call: InferCall, kind: TaskType | None, entry: QueueEntry
    ) -> AsyncGenerator[InferPayload, None]:
        async with contextlib.aclosing(self._on_demand.fetch(expert)) as steps:
            async for step in steps:
                yield step
        is_reported = expert.state is not ExpertState.LOADED
        if is_reported:
            yield InferProgress(message=f"loading {expert.facts.id}")
            await self._loader.load(expert, call.room_wait_s)
        if self._exchange.must_fetch(call.inputs):
            is_reported = True
            yield InferProgress(message="fetching inputs")
        async with self._exchange.inputs(call.inputs) as plain:
            if is_reported:
                yield InferProgress(message="computing")
            expert.queue.ready(entry, plain)
            while not isinstance(event := await entry.next(), QueueResult):
                yield event
        self._observe(expert, event)
        self._result_bounds.check(
            size_of_outputs(event.outputs), f"Expert {expert.facts.id}", expert_id=expert.facts.id
        )
        outputs = await self._exchange.outputs(event.outputs)
        if kind is not None and runtimes.is_plugged_in(expert.facts.runtime):
            output_check.check(expert.facts.id, kind, outputs)
        yield InferOutputs(
            outputs,
            event.queue_ms,
            event.compute_ms,
            event.batch_size,
        )

    @contextlib.contextmanager
    def _counted(self, expert: HostedExpert, task_type: str) -> Iterator[Callable[[], None]]:
        """Counts a call by its outcome; what it gives is to be called when there are outputs."""
        outcome = "cancelled"
        expert.was_used = True
        self._open_count += 1

        def succeeded() -> None:
            nonlocal outcome
            outcome = "succeeded"

        try:
            yield succeeded
        except (asyncio.CancelledError, GeneratorExit, RunCancelledError):
            # Who has the outputs may hang up before the call has ended; that cancels nothing.
            raise
        except OrchestrionError as error:
            turned_away = error.reason in {Reason.QUEUE_FULL.name, Reason.INVALID_INPUT.name}
            outcome = "rejected" if turned_away else "failed"
            self._metrics.note_error(expert.facts.id, error.reason)
            raise
        except BaseException:
            outcome = "failed"
            self._metrics.note_error(expert.facts.id, Reason.INTERNAL.name)
            raise
        finally:
            self._metrics.inferences.labels(expert.facts.id, task_type, outcome).inc()
            self._open_count -= 1
            if not self._open_count:
                self._room.notify()

    def _observe(self, expert: HostedExpert, done: QueueResult) -> None:
        name = expert.facts.id
        self._metrics.queue_seconds.labels(name).observe(done.queue_ms / 1000)
        self._metrics.compute_seconds.labels(name).observe(done.compute_ms / 1000)
        self._metrics.batch_size.labels(name).observe(done.batch_size)
