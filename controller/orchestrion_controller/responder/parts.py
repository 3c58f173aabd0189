"""The parts of a result: one for each call that a task made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrion.plans import Parameter, Task, TaskResult, TaskType
from orchestrion.values import Json, OutputRef, Value
from orchestrion_controller import wording
from orchestrion_controller.responder.templates import Slot


@dataclass(frozen=True, slots=True)
class Part:
    """What went into one call and what came out."""

    task_type: TaskType
    inputs: Mapping[str, Value]
    outputs: Mapping[str, Value]
    sources: Mapping[str, Value] = field(default_factory=dict)
    """The inputs as the plan has them: references where they come from other tasks."""

    def get(self, slot: Slot) -> tuple[Value | None, Parameter | None]:
        """Returns the value that a place in a template stands for, and its declaration; None where there is none.

        An output goes before an input of the same name.
        """
        output = None if slot.of_input else self.task_type.output(slot.name)
        if output is not None:
            return self.outputs.get(slot.name), output
        return self.inputs.get(slot.name), self.task_type.input(slot.name)

    def number(self, name: str) -> float | None:
        """Returns an output that is a number; None where there is none."""
        value = self.outputs.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def texts(self, name: str) -> list[str]:
        """Returns the texts of an output, or else an input, that is a list of them; none where it is anything else."""
        value = self.outputs.get(name, self.inputs.get(name))
        items = value.data if isinstance(value, Json) else value
        return [item for item in items if isinstance(item, str)] if isinstance(items, tuple | list) else []

    def records(self, name: str) -> list[Mapping[str, object]]:
        """Returns the objects of an output that is a list of them; none where it is anything else."""
        data = getattr(self.outputs.get(name), "data", None)
        return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def parts_of(task: Task, task_type: TaskType, results: Mapping[str, TaskResult]) -> list[Part]:
    """Lists the parts of a task that succeeded: several where it unfolded, in order, else one."""
    resolved = {name: wording.resolved(value, results) for name, value in task.inputs.items()}
    inputs = {name: value for name, value in resolved.items() if value is not None}
    outputs = results[task.id].outputs
    wide_inputs = {name: value for name, value in inputs.items() if _is_wide(task_type.input(name), value)}
    wide_outputs = {name: value for name, value in outputs.items() if _is_wide(task_type.output(name), value)}
    counts = {len(value) for value in (*wide_inputs.values(), *wide_outputs.values()) if isinstance(value, tuple)}
    if len(counts) != 1:
        return [Part(task_type, inputs, outputs, task.inputs)]
    return [
        Part(
            task_type,
            _narrowed(inputs, wide_inputs, index),
            _narrowed(outputs, wide_outputs, index),
            {name: item_of(task.inputs[name], index) if name in wide_inputs else task.inputs[name] for name in inputs},
        )
        for index in range(counts.pop())
    ]


def item_of(source: Value, index: int) -> Value:
    """Returns one item of a list, or of what refers to a list as a whole."""
    if isinstance(source, OutputRef) and source.index is None:
        return OutputRef(source.task_id, source.output, index)
    return source[index] if isinstance(source, tuple) and index < len(source) else source


def _is_wide(parameter: Parameter | None, value: Value) -> bool:
    return isinstance(value, tuple) and not (parameter is not None and parameter.repeated)


def _narrowed(values: Mapping[str, Value], wide: Mapping[str, Value], index: int) -> Mapping[str, Value]:
    items = {name: value[index] for name, value in wide.items() if isinstance(value, tuple)}
    return {**values, **items}
