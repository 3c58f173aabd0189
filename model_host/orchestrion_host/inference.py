"""One inference from its arrival to its outputs: check, load, fetch, queue, compute, store."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass, field

from orchestrion.errors import OrchestrionError, Reason, RunCancelledError
from orchestrion.experts import ExpertState
from orchestrion.inference import InferOutputs, InferPayload, InferProgress
from orchestrion.plans import TaskType
from orchestrion.values import Value
from orchestrion_host import inputs, ipc, tensor_signatures
from orchestrion_host import outputs as output_check
from orchestrion_host.artifacts.exchange import ArtifactExchange, FileContent
from orchestrion_host.catalogue import runtimes
from orchestrion_host.changes import Changes
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.experts.loader import ExpertLoader
from orchestrion_host.experts.queue_entry import QueueEntry, QueueResult
from orchestrion_host.experts.reservations import GrantedReservations
from orchestrion_host.experts.statistics import CallStatistics
from orchestrion_host.metrics import HostMetrics
from orchestrion_host.models.on_demand import OnDemand
from orchestrion_host.results import ResultCache
from orchestrion_host.tensors import Tensor
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
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    """What an expert takes that takes tensors, by name, each checked by itself."""
    takes_content: bool = False
    """Whether the caller takes tensors, and files by their content: nothing of the outputs is stored then."""


@dataclass(frozen=True, slots=True)
class ContentOutputs(InferOutputs):
    """The outputs for a caller who takes their content."""

    files: Mapping[str, FileContent] = field(default_factory=dict)
    """The contents of the artifacts among the outputs, by their names, which no store has."""
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    """The outputs that are tensors, by name."""


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
        statistics = expert.statistics.of(task_type)
        with (
            self._counted(expert, task_type, statistics) as succeeded,
            self._reservations.used(call.reservation, expert),
        ):
            if expert.state is not ExpertState.TO_BE_FETCHED:
                expert.check_usable()
            kind = self._task_types.get(task_type)
            _check_api(expert, task_type, call)
            inputs.check(kind, call.inputs)
            inputs.check_domain(expert.facts.id, expert.facts.domain, call.inputs)
            key = ""
            if not call.tensors:
                key = self._results.key(call.owner, expert.facts, task_type, kind, call.inputs)
            looked_up = time.perf_counter()
            cached = self._results.find(key)
            if key:
                self._metrics.result_lookups.labels("miss" if cached is None else "hit").inc()
                tally = statistics.not_kept if cached is None else statistics.kept
                tally.add(time.perf_counter() - looked_up)
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
        if call.tensors and expert.signature is not None:
            tensor_signatures.check(expert.signature, call.tensors, expert.facts.max_batch_size)
        statistics = expert.statistics.of(entry.task_type)
        started = time.perf_counter()
        async with self._exchange.inputs(call.inputs) as plain:
            statistics.inputs.add(time.perf_counter() - started)
            if is_reported:
                yield InferProgress(message="computing")
            plain.update((name, ipc.plain_tensor(tensor)) for name, tensor in call.tensors.items())
            expert.queue.ready(entry, plain)
            while not isinstance(event := await entry.next(), QueueResult):
                yield event
        self._observe(expert, event, statistics)
        if not call.takes_content:  # Which is no event of a run, and bounded by what one message may have.
            self._result_bounds.check(
                size_of_outputs(event.outputs), f"Expert {expert.facts.id}", expert_id=expert.facts.id
            )
        started = time.perf_counter()
        outputs = await self._outputs(call, event)
        statistics.outputs.add(time.perf_counter() - started)
        if kind is not None and runtimes.is_plugged_in(expert.facts.runtime):
            output_check.check(expert.facts.id, kind, outputs.outputs)
        yield outputs

    async def _outputs(self, call: InferCall, event: QueueResult) -> InferOutputs:
        about = (event.queue_ms, event.compute_ms, event.batch_size)
        if not call.takes_content:
            return InferOutputs(await self._exchange.outputs(event.outputs), *about)
        tensors = {name: tensor for name, value in event.outputs.items() if (tensor := ipc.tensor_of(value))}
        values = {name: value for name, value in event.outputs.items() if name not in tensors}
        outputs, files = await self._exchange.contents(values)
        return ContentOutputs(outputs, *about, files=files, tensors=tensors)

    @contextlib.contextmanager
    def _counted(
        self, expert: HostedExpert, task_type: str, statistics: CallStatistics
    ) -> Iterator[Callable[[], None]]:
        """Counts a call by its outcome; what it gives is to be called when there are outputs."""
        outcome = "cancelled"
        expert.was_used = True
        statistics.arrived()
        started = time.perf_counter()
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
            if outcome == "cancelled":
                statistics.cancelled_count += 1
            else:
                tally = statistics.succeeded if outcome == "succeeded" else statistics.failed
                tally.add(time.perf_counter() - started)
            self._open_count -= 1
            if not self._open_count:
                self._room.notify()

    def _observe(self, expert: HostedExpert, done: QueueResult, statistics: CallStatistics) -> None:
        statistics.queue.add(done.queue_ms / 1000)
        statistics.compute.add(done.compute_ms / 1000)
        name = expert.facts.id
        self._metrics.queue_seconds.labels(name).observe(done.queue_ms / 1000)
        self._metrics.compute_seconds.labels(name).observe(done.compute_ms / 1000)
        self._metrics.batch_size.labels(name).observe(done.batch_size)


def _check_api(expert: HostedExpert, task_type: str, call: InferCall) -> None:
    """Sees that an expert that takes tensors is called by the protocol that has them.

    Raises:
        InvalidArgumentError: INVALID_FIELD: it is not.
    """
    if task_type == tensor_signatures.TASK_TYPE and not call.takes_content:
        text = f"expert_id: {expert.facts.id} takes tensors; call it by the Open Inference Protocol (ModelInfer)."
        raise Reason.INVALID_FIELD.error(text, field="expert_id")
