"""The plans that are run: `test-delay` tasks, whose host waits as long as it is told and gives the text back."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from orchestrion.events import Event, RunFinished, TaskFinished
from orchestrion.plans import Plan, Task
from orchestrion.runs import RunState
from orchestrion.values import OutputRef

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Shape:
    """A form of plan."""

    name: str
    task_count: int
    depth: int
    """How many tasks follow one another on the critical path."""
    make: Callable[[str, float], Plan]
    """Makes the plan from a text and the delay of each task, in milliseconds."""


def fresh_text() -> str:
    """Returns a text that no earlier call got, so that nothing can be answered from a cache."""
    return f"text number {next(_numbers)}"


def _chain(length: int) -> Callable[[str, float], Plan]:
    def make(text: str, delay_ms: float) -> Plan:
        first = Task("t1", "test-delay", {"text": text, "delay_ms": delay_ms})
        rest = (
            Task(f"t{number}", "test-delay", {"text": OutputRef(f"t{number - 1}", "text"), "delay_ms": delay_ms})
            for number in range(2, length + 1)
        )
        return Plan((first, *rest))

    return make


def _diamond(text: str, delay_ms: float) -> Plan:
    first, left, right = OutputRef("t1", "text"), OutputRef("t2", "text"), OutputRef("t3", "text")
    return Plan(
        (
            Task("t1", "test-delay", {"text": text, "delay_ms": delay_ms}),
            Task("t2", "test-delay", {"text": first, "delay_ms": delay_ms}),
            Task("t3", "test-delay", {"text": first, "delay_ms": delay_ms}),
            Task("t4", "test-delay", {"text": left, "other": right, "delay_ms": delay_ms}),
        )
    )


SINGLE: Final = Shape("1 task", 1, 1, _chain(1))
CHAIN: Final = Shape("chain of 3", 3, 3, _chain(3))
DIAMOND: Final = Shape("diamond of 4", 4, 3, _diamond)
SHAPES: Final = (SINGLE, CHAIN, DIAMOND)


def check(event: Event, text: str | None = None) -> None:
    """Makes sure that nothing failed, so that no figure is that of an error.

    Args:
        event: What happened.
        text: What every task must return; None for anything.

    Raises:
        RuntimeError: A task or the run failed, or a task gave another text.
    """
    match event.payload:
        case TaskFinished(result=result):
            if not result.succeeded:
                raise RuntimeError(f"{event.run}: task {result.task_id} failed: {result.error}")
            if text is not None and result.outputs.get("text") != text:
                raise RuntimeError(f"{event.run}: task {result.task_id} gave {result.outputs}, not {text!r}")
        case RunFinished(state=state, error=error):
            if state is not RunState.SUCCEEDED:
                raise RuntimeError(f"{event.run} ended as {state.name}: {error}")
