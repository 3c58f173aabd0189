"""The tasks of a run and what they gave, as lines of data: the principal outputs first, the others in short form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from orchestrion.plans import Parameter, Task, TaskResult, TaskState
from orchestrion.values import ArtifactRef, Json, Value
from orchestrion_controller import refusals
from orchestrion_controller.languages.messages import ENGLISH
from orchestrion_controller.plans import graph
from orchestrion_controller.responder.confidence import is_doubtful
from orchestrion_controller.responder.llm.data_block import one_line, quoted
from orchestrion_controller.responder.llm.details import ShortForms, is_wanted
from orchestrion_controller.responder.llm.extents import LeftOut
from orchestrion_controller.responder.llm.files import RunFiles
from orchestrion_controller.responder.llm.values import ValueWriter
from orchestrion_controller.responder.parts import Part, parts_of
from orchestrion_controller.stages import RespondingRequest


class ResultLines:
    """Writes the tasks of one run; `left_out` has what there was no room for."""

    def __init__(
        self, request: RespondingRequest, files: RunFiles, short_forms: ShortForms, characters: int | None
    ) -> None:
        """Prepares.

        Args:
            request: The run.
            files: Its files.
            short_forms: Those of its side outputs.
            characters: Characters of each result; None for all.
        """
        self._request = request
        self._files = files
        self._wanted = short_forms.wanted
        said = "\n".join(message.text for message in request.messages)
        self._values = ValueWriter(files, said, short_forms, characters)
        self.left_out = self._values.left_out

    def lines(self, most_tasks: int | None = None) -> Iterator[str]:
        """Writes each task and its outputs, after those that it works on; of too many, the last ones of the plan."""
        # Inputs come in any order, and with them what a task refers to.
        plan = self._request.plan.tasks
        tasks = graph.order([replace(task, inputs=dict(sorted(task.inputs.items()))) for task in plan])
        shown = tasks if most_tasks is None else _most_telling(tasks, most_tasks)
        for task in shown:
            yield from self._task(task)
        if len(shown) < len(tasks):
            self.left_out.append(LeftOut(len(shown), len(tasks), "tasks"))
            yield f"(left out for want of room: {len(tasks) - len(shown)} more tasks)"

    def _task(self, task: Task) -> Iterator[str]:
        result = self._request.results.get(task.id)
        task_type = self._request.task_types.get(task.type)
        choices = {name: value for name, value in task.inputs.items() if isinstance(value, str)}
        does = one_line(refusals.what_it_does(task_type, ENGLISH, choices)) if task_type else one_line(task.type)
        inputs = [
            f"{one_line(name)} = {self._values.input(task.inputs[name])}"
            for name in _in_order(task.inputs, task_type.inputs if task_type else ())
        ]
        parts: list[Part] = []
        if task_type and result and result.succeeded:
            parts = parts_of(task, task_type, self._request.results)
        unsure = len(parts) == 1 and is_doubtful(parts[0])
        yield "; ".join([f"{one_line(task.id)}: {does}", *inputs, *_ended(result), *(["unsure"] if unsure else [])])
        if result and result.succeeded:
            yield from self._outputs(task, result, parts)

    def _outputs(self, task: Task, result: TaskResult, parts: Sequence[Part]) -> Iterator[str]:
        task_type = self._request.task_types.get(task.type)
        names = _in_order(result.outputs, task_type.outputs if task_type else ())
        principal = result.outputs.get(task_type.outputs[0].name) if task_type and task_type.outputs else None
        missing: list[str] = []
        for place, name in enumerate(names):
            value = result.outputs[name]
            lines: list[str] | None = []
            if place and not is_wanted(name, self._wanted) and name != "score":
                lines = None
            elif isinstance(value, tuple) and any(isinstance(item, str | Json) for item in value):
                lines = self._items(task, name, value, principal if place else None, parts)
            else:
                text = self._values.output(task, name, value, principal if place else None)
                lines = (
                    None if text is None else [] if not text else [f" {one_line(task.id)}.{one_line(name)} = {text}"]
                )
            missing += [name] if lines is None else []
            yield from lines or ()
        if missing:
            yield f" (not shown: {', '.join(map(one_line, missing))})"

    def _items(
        self, task: Task, name: str, items: Sequence[Value], principal: Value | None, parts: Sequence[Part]
    ) -> list[str] | None:
        """Writes each item of a list on a line of its own, with what it is of; None where it is not told.

        Args:
            task: The task.
            name: The output.
            items: Its items.
            principal: The principal output; None where it is this one.
            parts: The parts of the result, an item each where they are as many.
        """
        alike = len(parts) == len(items)
        lines = []
        for place, item in enumerate(items):
            beside = principal[place] if isinstance(principal, tuple) and place < len(principal) else principal
            text = self._values.output(task, f"{name} {place + 1}", item, beside)
            if not text:
                continue
            source = self._source(parts[place]) if alike else ""
            unsure = ", unsure" if alike and principal is None and is_doubtful(parts[place]) else ""
            lines.append(f" {one_line(task.id)}.{one_line(name)} {place + 1}{source} = {text}{unsure}")
        return lines or None

    def _source(self, part: Part) -> str:
        """Names the file that a part of a result is of."""
        values = (part.inputs.get(parameter.name) for parameter in part.task_type.inputs)
        file = next((value.name for value in values if isinstance(value, ArtifactRef)), "")
        return f" (of {self._files.alias(file)})" if file else ""


def _ended(result: TaskResult | None) -> list[str]:
    """Says how a task ended; nothing of one that succeeded."""
    if result is None or result.state is TaskState.SKIPPED:
        return ["not done, because a task that it needs failed"]
    if result.succeeded:
        return [] if result.outputs else ["gave nothing"]
    why = quoted(result.error.message) if result.error else "no reason is known"
    return [f"{result.state.name.lower()}: {why}"]


def _in_order(names: Iterable[str], declared: Sequence[Parameter]) -> list[str]:
    """Sorts names of inputs or outputs as their task type declares them, others by name after these."""
    order = {parameter.name: place for place, parameter in enumerate(declared)}
    return sorted(names, key=lambda name: (order.get(name, len(order)), name))


def _most_telling(tasks: Sequence[Task], most: int) -> list[Task]:
    """Chooses tasks to show: first those that no other takes anything from, which the plan was for."""
    last = {task.id for task in graph.leaves(tasks)}
    ranked = sorted(range(len(tasks)), key=lambda place: (tasks[place].id not in last, place))
    chosen = set(ranked[:most])
    return [task for place, task in enumerate(tasks) if place in chosen]
