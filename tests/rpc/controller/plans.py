"""Plans that the tests of the controller submit, and how to read what came of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

from orchestrion.events import Event, Payload, TaskFinished
from orchestrion.plans import Plan, Task, TaskResult
from orchestrion.values import OutputRef, Value

P = TypeVar("P", bound=Payload)


def wait(task_id: str, text: Value = "text", **inputs: Value) -> Task:
    """A task that waits and returns its text."""
    return Task(task_id, "test-delay", {"text": text, **inputs})


def after(task_id: str) -> OutputRef:
    """A reference to the text of another task."""
    return OutputRef(task_id, "text")


CHAIN = Plan((wait("first", "one"), wait("second", after("first")), wait("third", after("second"))))
DIAMOND = Plan(
    (
        wait("top"),
        wait("left", after("top")),
        wait("right", after("top")),
        wait("end", after("left"), other=after("right")),
    )
)


async def collect(events: AsyncIterator[Event]) -> list[Event]:
    """Reads a stream to its end."""
    return [event async for event in events]


def payloads(events: Iterable[Event], kind: type[P]) -> list[P]:
    """Returns the payloads of one kind, in order."""
    return [event.payload for event in events if isinstance(event.payload, kind)]


def results(events: Iterable[Event]) -> dict[str, TaskResult]:
    """Returns what became of the tasks, by id."""
    return {payload.result.task_id: payload.result for payload in payloads(events, TaskFinished)}
