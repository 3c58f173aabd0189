"""The queue of one expert: takes calls in, forms batches for free instances, and hands results back."""

from __future__ import annotations

import bisect
import itertools
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.inference import InferPreview, InferProgress, InferText
from orchestrion_host import ipc
from orchestrion_host.batching import next_batch, retry_after_ms
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.experts.batch_spans import BatchSpans
from orchestrion_host.experts.queue_entry import QueueEntry, QueueResult
from orchestrion_host.workers.spool import discard_files
from orchestrion_host.workers.worker import Worker
from orchestrion_serving import tracing
from orchestrion_serving.shares import Shares
from orchestrion_serving.turns import Turns

_log = logging.getLogger(__name__)
_ticket_numbers = itertools.count(1)
# The weight of the newest batch in the moving average of the latency.
_NEWEST_WEIGHT: Final = 0.2


class ExpertQueue:
    """Calls for one expert. Callers take turns, each has its own in order; while the expert is not loaded they wait."""

    def __init__(self, facts: ModelFacts, limit: int) -> None:
        """Starts empty and closed.

        Args:
            facts: The expert: its batch size and instances.
            limit: How many calls may be in the queue, without those that are computed.
        """
        self._facts = facts
        self._worker: Worker | None = None
        self._entered: set[QueueEntry] = set()
        self._waiting: list[QueueEntry] = []
        """By turn, and by arrival where that is the same."""
        self._shares = Shares(limit)
        self._turns = Turns()
        self._batches: set[_RunningBatch] = set()
        self.latency_ms = 0.0
        """A moving average of the time of a batch on the device that the expert is on; 0 before the first."""
        self.last_used = time.monotonic()
        self.on_computed: Callable[[float], None] = lambda _latency_ms: None
        """Called with the average after each batch that the worker answered."""
        self.on_batch: Callable[[ipc.Computed, str], None] = lambda _batch, _task_type: None
        """Called with each batch that the worker answered, and its task type, before its calls hear of it."""

    @property
    def queued_count(self) -> int:
        """Calls that wait, their inputs here or not."""
        return len(self._entered) + len(self._waiting)

    @property
    def running_count(self) -> int:
        """Calls that a worker computes."""
        return sum(len(batch.entries) for batch in self._batches)

    @property
    def idle(self) -> bool:
        """Whether there is no call at all."""
        return not (self._entered or self._waiting or self._batches)

    @property
    def wants_expert(self) -> bool:
        """Whether calls wait that only need the expert."""
        return bool(self._waiting)

    def enter(self, task_type: str, caller: str = "") -> QueueEntry:
        """Takes a call in whose inputs are still to be fetched.

        Args:
            task_type: What it is to do.
            caller: Whose it is: one who has three times as many calls waiting as there is room for gets no more in.

        Raises:
            ResourceExhaustedError: The queue is full; the error says when to try again.
        """
        if self._shares.shortage(caller) is not None:
            wait = retry_after_ms(self.queued_count, self.latency_ms, self._facts.instances, self._facts.max_batch_size)
            text = f"{self.queued_count} calls wait for {self._facts.id} already; try again in {wait} ms."
            raise Reason.QUEUE_FULL.error(
                text, retry_after_ms=wait, expert=self._facts.id, queued_count=str(self.queued_count)
            )
        entry = QueueEntry(next(_ticket_numbers), task_type, caller)
        self._entered.add(entry)
        self._shares.take(caller)
        return entry

    def ready(self, entry: QueueEntry, inputs: Mapping[str, ipc.Plain]) -> None:
        """Lines up a call whose inputs are here."""
        entry.inputs = inputs
        self._entered.discard(entry)
        entry.turn = self._turns.number(entry.caller)
        bisect.insort(self._waiting, entry, key=lambda waiting: (waiting.turn, waiting.id))
        self._pump()

    def leave(self, entry: QueueEntry) -> None:
        """Takes a call out, whatever became of it; what is still being computed for it is cancelled."""
        self.last_used = time.monotonic()
        if entry in self._entered:
            self._entered.discard(entry)
            self._shares.give_back(entry.caller)
        if entry.ended:
            if entry.unread is not None:
                discard_files(entry.unread.outputs)
            return
        entry.abandoned = True
        if entry in self._waiting:
            self._waiting.remove(entry)
            self._shares.give_back(entry.caller)
        elif entry.running:
            # That of its batch: an expert that is unloaded has none, and computes what it had.
            for batch in self._batches:
                batch.cancel(entry.id)

    def open(self, worker: Worker, latency_ms: float) -> None:
        """Begins to send batches: the expert is loaded in that worker, on a device where this was its latency."""
        self._worker = worker
        self.latency_ms = latency_ms
        self._pump()

    def close(self) -> None:
        """Stops sending batches: the expert is not loaded any more. Calls that wait go on waiting."""
        self._worker = None

    def fail_waiting(self, error: OrchestrionError) -> None:
        """Ends all calls that wait with an error."""
        waiting, self._waiting = self._waiting, []
        for entry in waiting:
            self._shares.give_back(entry.caller)
            entry.fail(error)

    def ended(self, batch: _RunningBatch, compute_ms: float | None) -> None:
        """Frees the instance that a batch took. Called by the batch.

        Args:
            batch: The batch.
            compute_ms: The time of its forward pass; None when it has none.
        """
        self._batches.discard(batch)
        self.last_used = time.monotonic()
        if compute_ms is not None:
            old = self.latency_ms
            self.latency_ms = compute_ms if old == 0 else old + _NEWEST_WEIGHT * (compute_ms - old)
            self.on_computed(self.latency_ms)
        self._pump()

    def _pump(self) -> None:
        while self._waiting and self._worker is not None and len(self._batches) < self._facts.instances:
            places = next_batch([entry.task_type for entry in self._waiting], self._facts.max_batch_size)
            entries = [self._waiting[place] for place in places]
            for place in reversed(places):
                del self._waiting[place]
            for entry in entries:
                self._shares.give_back(entry.caller)
                self._turns.served(entry.turn)
            batch = _RunningBatch(self, self._worker, entries, self._facts.id)
            self._batches.add(batch)
            inputs = [entry.inputs for entry in entries]
            try:
                self._worker.compute(batch, self._facts.id, entries[0].task_type, inputs)
            except (TypeError, ValueError, OverflowError) as error:
                _log.exception("a call for %s cannot be sent", self._facts.id)
                batch.on_crash(Reason.INTERNAL.error(f"The inputs cannot be sent to the worker: {error}"))


class _RunningBatch:
    """A batch that a worker computes, and the calls in it."""

    def __init__(self, queue: ExpertQueue, worker: Worker, entries: Sequence[QueueEntry], expert_id: str) -> None:
        self.entries = entries
        self._queue = queue
        self._worker = worker
        self._by_id = {entry.id: entry for entry in entries}
        for entry in entries:
            entry.start()
        self._spans = BatchSpans(expert_id, entries) if tracing.is_on() else None

    @property
    def call_ids(self) -> Sequence[int]:
        return list(self._by_id)

    def cancel(self, call_id: int) -> None:
        """Tells the worker that nobody waits for a call, if it is one of the batch."""
        if call_id in self._by_id:
            self._worker.cancel(call_id)

    def on_message(self, message: ipc.CallProgress | ipc.TextPiece | ipc.Preview) -> None:
        entry = self._by_id[message.call_id]
        if isinstance(message, ipc.CallProgress):
            entry.emit(InferProgress(message.fraction, message.message))
        elif isinstance(message, ipc.TextPiece):
            entry.emit(InferText(message.output, message.text))
        else:
            entry.emit(InferPreview(message.media_type, message.content))

    def on_computed(self, message: ipc.Computed) -> None:
        self._queue.on_batch(message, self.entries[0].task_type)
        # Before the calls hear of it: their own spans end then.
        if self._spans is not None:
            self._spans.computed(message)
        for entry, result in zip(self.entries, message.results, strict=True):
            failure = ipc.failure_of(result)
            if failure is not None:
                entry.fail(Reason.rebuild(failure.reason, failure.message, failure.metadata, failure.retry_after_ms))
            elif entry.abandoned:
                discard_files(result)
            else:
                queue_ms = (entry.started_at - entry.entered_at) * 1000
                entry.emit(QueueResult(result, queue_ms, message.compute_ms, len(self.entries)))
        self._queue.ended(self, message.compute_ms)

    def on_crash(self, error: Exception) -> None:
        if self._spans is not None:
            self._spans.crashed(error)
        for entry in self.entries:
            entry.fail(error)
        self._queue.ended(self, None)
