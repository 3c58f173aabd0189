"""The parts of a result: one for each call that a task made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrion.plans import Parameter, Task, TaskResult, TaskType
from orchestrion.values import Value
from orchestrion_controller import wording
from orchestrion_controller.responder.templates import Name


@dataclass(frozen=True, slots=True)
class Part:
    """What went into one call and what came out."""

    task_type: TaskType
    inputs: Mapping[str, Value]
    outputs: Mapping[str, Value]

    def get(self, name: Name) -> tuple[Value | None, Parameter | None]:
        """Returns the value that a name in a template stands for, and what it is declared as; None where there is none.

        An output goes before an input of the same name.
        """
        output = None if name.of_input else self.task_type.output(name.name)
        if output is not None:
            return self.outputs.get(name.name), output
        return self.inputs.get(name.name), self.task_type.input(name.name)


def parts_of(task: Task, task_type: TaskType, results: Mapping[str, TaskResult]) -> list[Part]:
    """Lists the parts of a task that succeeded: several where it unfolded, in order, else one."""
    resolved = {name: wording.resolved(value, results) for name, value in task.inputs.items()}
    inputs = {name: value for name, value in resolved.items() if value is not None}
    outputs = results[task.id].outputs
    wide_inputs = {name: value for name, value in inputs.items() if _is_wide(task_type.input(name), value)}
    wide_outputs = {name: value for name, value in outputs.items() if _is_wide(task_type.output(name), value)}
    counts = {len(value) for value in (*wide_inputs.values(), *wide_outputs.values()) if isinstance(value, tuple)}
    if len(counts) != 1:
        return [Part(task_type, inputs, outputs)]
    return [
        Part(task_type, _narrowed(inputs, wide_inputs, index), _narrowed(outputs, wide_outputs, index))
        for index in range(counts.pop())
    ]


def _is_wide(parameter: Parameter | None, value: Value) -> bool:
    return isinstance(value, tuple) and not (parameter is not None and parameter.repeated)


def _narrowed(values: Mapping[str, Value], wide: Mapping[str, Value], index: int) -> Mapping[str, Value]:
    items = {name: value[index] for name, value in wide.items() if isinstance(value, tuple)}
    return {**values, **items}
