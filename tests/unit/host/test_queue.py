"""Whose calls an expert's queue takes in, and in which order: callers take turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from orchestrion.errors import OrchestrionError
from orchestrion_host import ipc
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.experts.queue import ExpertQueue
from orchestrion_host.experts.queue_entry import QueueEntry


class RecordingWorker:
    """Keeps batches until the test has them answered: a real one answers when it likes."""

    def __init__(self) -> None:
        self.batches: list[Any] = []

    def compute(self, batch: Any, expert: str, task_type: str, inputs: Sequence[Mapping[str, ipc.Plain]]) -> None:
        self.batches.append(batch)

    def cancel(self, call_id: int) -> None:
        """Cancels nothing: what was sent is answered."""

    def answer(self) -> str:
        """Answers the oldest batch, and returns whose calls were in it."""
        batch = self.batches.pop(0)
        batch.on_computed(ipc.Computed(1, 0.001, [{} for _ in batch.entries]))
        return "".join(entry.caller for entry in batch.entries)


def queue_of(limit: int = 256, max_batch_size: int = 1) -> tuple[ExpertQueue, RecordingWorker]:
    facts = ModelFacts("bert", "bert", "engine", ("test-delay",), "A test.", max_batch_size=max_batch_size)
    queue, worker = ExpertQueue(facts, limit), RecordingWorker()
    queue.open(worker, 1.0)  # type: ignore[arg-type]  # The part of a worker that queues use.
    return queue, worker


def call(queue: ExpertQueue, caller: str) -> QueueEntry:
    entry = queue.enter("test-delay", caller)
    queue.ready(entry, {})
    return entry


def test_a_caller_with_one_call_does_not_wait_for_all_calls_of_another() -> None:
    queue, worker = queue_of()
    for caller in "aaaaaaaab":
        call(queue, caller)
    assert "".join(worker.answer() for _ in range(9)) == "aabaaaaaa"


def test_a_batch_has_calls_of_several_callers() -> None:
    queue, worker = queue_of(max_batch_size=4)
    for caller in "aaaaaaaabb":
        call(queue, caller)
    assert [worker.answer() for _ in range(3)] == ["a", "abab", "aaaa"]


def test_one_caller_does_not_fill_the_queue_and_what_leaves_makes_room() -> None:
    queue, worker = queue_of(limit=8)
    call(queue, "a")
    waiting = [call(queue, "a") for _ in range(6)]
    with pytest.raises(OrchestrionError, match="6 calls wait") as caught:
        queue.enter("test-delay", "a")
    assert (caught.value.reason, caught.value.retry_after_ms) == ("QUEUE_FULL", 10)
    other = call(queue, "b")
    queue.leave(other)
    queue.leave(waiting[0])
    call(queue, "a")
    queue.leave(queue.enter("test-delay", "b"))
    while worker.batches:
        worker.answer()
    assert queue.idle
    assert [bool(queue.enter("test-delay", "a")) for _ in range(6)] == [True] * 6
