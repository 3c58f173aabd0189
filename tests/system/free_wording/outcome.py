"""What came of one request: its answer or its error, and the values that went into and came out of its tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrion import Client
from orchestrion.answers import Answer, answer_of
from orchestrion.errors import OrchestrionError
from orchestrion.events import TaskPlanned
from orchestrion.plans import TaskResult
from orchestrion.snapshots import RunSnapshot, apply
from orchestrion.values import OutputRef, Value

TIMEOUT_S = 120.0
"""The deadline of one request, on a busy machine."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one request."""

    answer: Answer | None
    error: OrchestrionError | None = None
    planned: tuple[str, ...] = ()
    """The types of the tasks that were announced, also those of a plan that was given up later."""

    def values(self, name: str, *, of_outputs: bool) -> list[Value]:
        """Returns the values of `type.parameter` over all tasks of the type, in plan order, with lists unfolded."""
        task_type, parameter = name.split(".")
        return list(self._values(task_type, parameter, of_outputs=of_outputs))

    def _values(self, task_type: str, parameter: str, *, of_outputs: bool) -> Iterator[Value]:
        if self.answer is None:
            return
        for task in self.answer.plan.tasks:
            if task.type != task_type:
                continue
            result = self.answer.result(task.id)
            source = (result.outputs if result else {}) if of_outputs else task.inputs
            if parameter in source:
                yield from _flat(source[parameter], self.answer)


def ask(client: Client, words: str, files: list[Path], previous_run: str = "") -> Outcome:
    """Sends a request and waits for its end."""
    run = RunSnapshot()
    planned: list[str] = []
    try:
        for event in client.run(words, files, timeout=TIMEOUT_S, previous_run=previous_run):
            run = apply(run, event)
            if isinstance(event.payload, TaskPlanned):
                planned.append(event.payload.task.type)
        return Outcome(answer_of(run), planned=tuple(planned))
    except OrchestrionError as error:
        return Outcome(None, error, tuple(planned))


def _flat(value: Value, answer: Answer) -> Iterator[Value]:
    """Yields a value with its references resolved and its lists unfolded."""
    if isinstance(value, tuple):
        for item in value:
            yield from _flat(item, answer)
    elif isinstance(value, OutputRef):
        output = _output(answer.result(value.task_id), value)
        if output is not None:
            yield from _flat(output, answer)
    else:
        yield value


def _output(result: TaskResult | None, reference: OutputRef) -> Value | None:
    output = result.outputs.get(reference.output) if result else None
    if reference.index is None or not isinstance(output, tuple):
        return output
    return output[reference.index] if reference.index < len(output) else None
