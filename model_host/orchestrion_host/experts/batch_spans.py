"""The spans of a batch: how long each of its calls waited and was computed, and the batch that they share."""

from __future__ import annotations

import time
from collections.abc import Sequence

from orchestrion_host import ipc
from orchestrion_host.experts.queue_entry import QueueEntry
from orchestrion_serving import tracing
from orchestrion_serving.tracing import SpanName


class BatchSpans:
    """Opened when a worker gets a batch. Made only where tracing is on."""

    def __init__(self, expert_id: str, entries: Sequence[QueueEntry]) -> None:
        """Ends the calls' waiting, and begins the batch: a part of its first call, with links to all."""
        about = {"orchestrion.expert": expert_id}
        self._computing: list[tracing.TraceSpan] = []
        for entry in entries:
            waiting = tracing.begin(SpanName.QUEUE, about, parent=entry.span, at=entry.entered_at)
            waiting.end(entry.started_at)
            self._computing.append(tracing.begin(SpanName.COMPUTE, about, parent=entry.span, at=entry.started_at))
        self._started = entries[0].started_at
        self._batch = tracing.begin(
            SpanName.BATCH,
            {**about, "orchestrion.task_type": entries[0].task_type, "orchestrion.batch.size": len(entries)},
            parent=self._computing[0],
            links=[entry.span for entry in entries if entry.span is not None],
            at=self._started,
        )
        for span in self._computing:
            span.link(self._batch)

    def computed(self, message: ipc.Computed) -> None:
        """Ends them by what the worker reports; its own part ended when its message came."""
        now = time.perf_counter()
        started = max(self._started, now - message.compute_ms / 1000)
        worker = tracing.begin(SpanName.WORKER, parent=self._batch, at=started)
        for span, result in zip(self._computing, message.results, strict=True):
            failure = ipc.failure_of(result)
            if failure is not None:
                span.fail(failure.reason)
        for span in (worker, self._batch, *self._computing):
            span.end(now)

    def crashed(self, error: Exception) -> None:
        """Ends them with an error."""
        for span in (self._batch, *self._computing):
            tracing.outcome(span, error)
            span.end()
