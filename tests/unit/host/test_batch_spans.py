"""A batch of calls from two traces: each call has its own waiting and computing, and the batch points to both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.experts.batch_spans import BatchSpans
from orchestrion_host.experts.queue_entry import QueueEntry
from orchestrion_serving import tracing
from tests.otlp_collector import Collector, Seen


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """Traces what this process does."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    with Collector() as collector:
        tracing.start(collector.endpoint, "orchestrion-host")
        yield collector
        await tracing.close()


def called(number: int) -> QueueEntry:
    """A call that arrives within a trace of its own, and is given to a worker."""
    with tracing.span(f"call {number}"):
        entry = QueueEntry(number, "test-delay")
    entry.start()
    return entry


async def spans_of(collector: Collector, count: int) -> list[Seen]:
    await asyncio.to_thread(collector.wait_for, lambda spans: len(spans) == count)
    return collector.spans


async def test_the_batch_has_links_to_all_of_its_calls_and_each_call_to_the_batch(collector: Collector) -> None:
    spans = BatchSpans("delay", [called(1), called(2)])
    failure = ipc.Failure(Reason.EXPERT_FAILED.name, "words of the request")
    spans.computed(ipc.Computed(7, 0.5, [{"text": "words"}, ipc.plain_failure(failure)]))

    seen = await spans_of(collector, 8)
    calls = {span.name: span for span in seen if span.name.startswith("call")}
    (batch,), (worker,) = ([span for span in seen if span.name == name] for name in ("batch", "worker"))
    first, second = (
        next(span for span in seen if span.name == "compute" and span.parent_id == calls[name].span_id)
        for name in ("call 1", "call 2")
    )
    assert first.trace_id != second.trace_id
    assert (batch.parent_id, batch["batch.size"]) == (first.span_id, 2)
    assert batch.links == {call.span_id for call in calls.values()}
    assert first.links == second.links == {batch.span_id}
    assert worker.parent_id == batch.span_id
    assert batch.start - 1_000_000 <= worker.start <= worker.end <= batch.end + 1_000_000
    assert (first.failed, second.failed, second.attributes["error.type"]) == (False, True, "EXPERT_FAILED")
    assert {span.parent_id for span in seen if span.name == "queue"} == {call.span_id for call in calls.values()}
    assert "words" not in repr(seen)


async def test_a_worker_that_dies_fails_the_batch_and_its_calls(collector: Collector) -> None:
    BatchSpans("delay", [called(1)]).crashed(Reason.WORKER_CRASHED.error("The worker ended."))
    seen = await spans_of(collector, 4)
    failed = {span.name: span.attributes["error.type"] for span in seen if span.failed}
    assert failed == {"compute": "WORKER_CRASHED", "batch": "WORKER_CRASHED"}
