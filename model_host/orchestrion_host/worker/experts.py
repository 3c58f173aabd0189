"""An expert in a worker: its threads, the calls they compute, and what became of them."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host import ipc
from orchestrion_host.worker import call_estimates, memory
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.measuring import Measured
from orchestrion_host.worker.output_files import Spool
from orchestrion_host.worker.runtimes import LoadedExpert, Result
from orchestrion_host.worker.working_memory import WorkingMemory

_log = logging.getLogger(__name__)


class ExpertThreads:
    """A loaded expert with one thread for each instance. The host sends no more batches than there are threads."""

    def __init__(
        self,
        spec: ipc.Load,
        expert: LoadedExpert,
        measured: Measured,
        spool: Spool,
        send: Callable[[ipc.FromWorker], None],
        *,
        working_memory: WorkingMemory | None = None,
    ) -> None:
        """Starts the threads.

        Args:
            spec: What the host asked for.
            expert: The model.
            measured: What it takes.
            spool: Where output files go.
            send: Writes a message to the host; may be called from any thread.
            working_memory: What calls of all experts of the process take together; None for some of its own.
        """
        self.measured = measured
        self.main_memory_bytes = measured.held_bytes if spec.device == "cpu" else 0
        """What of main memory it holds."""
        self._id = spec.expert_id
        self._batch_count = 0
        self._expert = expert
        self._spool = spool
        self._send = send
        self._max_image_pixels = spec.max_image_pixels
        self._working_memory = working_memory or WorkingMemory()
        self._batches: queue.SimpleQueue[tuple[ipc.Compute, list[Call]] | None] = queue.SimpleQueue()
        self._calls: dict[int, Call] = {}
        names = [f"{self._id} {number}" for number in range(spec.instances)]
        self._threads = [threading.Thread(target=self._work, name=name, daemon=True) for name in names]
        for thread in self._threads:
            thread.start()

    @property
    def batch_count(self) -> int:
        """How many batches it was given."""
        return self._batch_count

    @property
    def busy(self) -> bool:
        """Whether it has calls that it has not answered."""
        return bool(self._calls)

    def submit(self, batch: ipc.Compute) -> None:
        """Hands a batch to the next free thread."""
        self._batch_count += 1
        calls = [
            Call(call_id, batch.task_type, inputs, self._spool, self._send)
            for call_id, inputs in zip(batch.call_ids, batch.inputs, strict=True)
        ]
        # Known from here on, so that a cancellation that follows at once finds it.
        self._calls.update((call.id, call) for call in calls)
        self._batches.put((batch, calls))

    def cancel(self, call_id: int) -> None:
        """Marks a call as no longer wanted, if it is one of this expert's."""
        call = self._calls.get(call_id)
        if call is not None:
            call.cancel()
            self._working_memory.look_again()

    def close(self) -> None:
        """Ends the threads after the batches that they compute, then unloads the expert."""
        for _ in self._threads:
            self._batches.put(None)
        for thread in self._threads:
            thread.join()
        self._expert.unload()

    def _work(self) -> None:
        while (item := self._batches.get()) is not None:
            batch, calls = item
            started = time.perf_counter()
            results = [
                self._sendable(_plain(call, result), len(calls))
                for call, result in zip(calls, self._admitted(calls), strict=True)
            ]
            token_count = sum(call.generated_token_count for call in calls)
            _discard_failed(calls, results)
            compute_ms = (time.perf_counter() - started) * 1000
            self._send(ipc.Computed(batch.batch_id, compute_ms, results, token_count))
            for call in calls:
                del self._calls[call.id]

    def _admitted(self, calls: Sequence[Call]) -> Sequence[Result]:
        """Computes calls once there is memory for their media: as many at once as it has room for, in order."""
        limit = self._working_memory.limit_bytes
        results: dict[int, Result] = {}
        groups: list[tuple[list[int], int]] = []
        for place, call in enumerate(calls):
            try:
                needed = call_estimates.check_and_estimate(call, self._expert, self._max_image_pixels, limit)
            except OrchestrionError as error:
                results[place] = error
                continue
            if groups and groups[-1][1] + needed <= limit:
                groups[-1] = ([*groups[-1][0], place], groups[-1][1] + needed)
            else:
                groups.append(([place], needed))
        for places, needed in groups:
            some = [calls[place] for place in places]
            try:
                with self._working_memory.taken(needed, partial(_check_wanted, some), partial(_tell_waiting, some)):
                    results.update(zip(places, self._compute(some), strict=True))
            except OrchestrionError as error:
                results.update((place, error) for place in places)
        return [results[place] for place in range(len(calls))]

    def _compute(self, calls: Sequence[Call]) -> Sequence[Result]:
        try:
            results = self._expert.predict(calls)
            if len(results) != len(calls):
                raise ValueError(f"{len(results)} results for {len(calls)} calls")
            return results
        except OrchestrionError as error:
            return [error] * len(calls)
        except Exception as error:
            if not memory.is_exhaustion(error):
                _log.exception("%s failed", self._id)
                text = f"{self._id} failed: {type(error).__name__}: {error}"
                return [Reason.EXPERT_FAILED.error(text)] * len(calls)
            text = f"{self._id} ran out of memory: {error}"
        # Not before here: the error kept alive what the forward pass had built.
        memory.give_back_everywhere()
        return self._compute_in_halves(calls, text)

    def _compute_in_halves(self, calls: Sequence[Call], problem: str) -> Sequence[Result]:
        """Computes again what was too much at once; a call that is too large alone, or was half told, fails."""
        if len(calls) == 1 or any(call.sent_text for call in calls):
            return [Reason.OUT_OF_MEMORY.error(problem, expert=self._id)] * len(calls)
        _log.warning("%s ran out of memory; its %d calls are computed in two batches", self._id, len(calls))
        middle = len(calls) // 2
        return [*self._compute(calls[:middle]), *self._compute(calls[middle:])]

    def _sendable(self, result: ipc.Plain, call_count: int) -> ipc.Plain:
        """Returns a result, or the failure that it is in the place of one that cannot be sent."""
        if isinstance(result, dict) and any(ipc.tensor_of(value) is not None for value in result.values()):
            return self._sendable_tensors(result, call_count)
        try:
            size = ipc.size_of(result)
        except (TypeError, ValueError, OverflowError) as error:
            _log.exception("%s returned what cannot be sent", self._id)
            text = f"{self._id} returned what cannot be sent: {type(error).__name__}: {error}"
            return ipc.plain_failure(ipc.Failure(Reason.EXPERT_FAILED.name, text))
        if size <= ipc.MAX_RESULT_BYTES:
            return result
        text = (
            f"{self._id} returned {size:,} bytes of texts and data; at most {ipc.MAX_RESULT_BYTES:,} can be sent. Give "
            "it less at once."
        )
        metadata = {"size_bytes": str(size), "limit_bytes": str(ipc.MAX_RESULT_BYTES)}
        return ipc.plain_failure(ipc.Failure(Reason.MESSAGE_TOO_LARGE.name, text, metadata))

    def _sendable_tensors(self, result: ipc.Plain, call_count: int) -> ipc.Plain:
        """Does the same for tensors: the host bounds them by its messages, this a batch by what a frame can have."""
        size = sum(len(tensor.content) for value in result.values() if (tensor := ipc.tensor_of(value)) is not None)
        most = ipc.MAX_TENSORS_BYTES // call_count
        if size <= most:
            return result
        text = f"{self._id} returned {size:,} bytes of tensors; at most {most:,} can be sent. Give it less at once."
        metadata = {"size_bytes": str(size), "limit_bytes": str(most)}
        return ipc.plain_failure(ipc.Failure(Reason.MESSAGE_TOO_LARGE.name, text, metadata))


def _check_wanted(calls: Sequence[Call]) -> None:
    """Ends a wait where nobody waits for any of the calls."""
    if all(call.cancelled for call in calls):
        calls[0].raise_if_cancelled()


def _tell_waiting(calls: Sequence[Call]) -> None:
    for call in calls:
        call.progress("waiting for memory that other calls take")


def _discard_failed(calls: Sequence[Call], results: Sequence[ipc.Plain]) -> None:
    """Removes what calls wrote before they failed."""
    for call, result in zip(calls, results, strict=True):
        if ipc.failure_of(result) is not None:
            call.spool.discard()


def _plain(call: Call, result: Result) -> ipc.Plain:
    if isinstance(result, OrchestrionError):
        return ipc.plain_failure(ipc.Failure(result.reason, result.message, result.metadata, result.retry_after_ms))
    return dict(result) | _unread_pages(call)


def _unread_pages(call: Call) -> dict[str, ipc.Plain]:
    """Says what was left out of a file with several pages by an expert that looks at one picture."""
    count = max(call.page_counts.values(), default=1)
    return {"page_count": float(count), "unread_page_count": float(count - 1)} if count > 1 else {}
