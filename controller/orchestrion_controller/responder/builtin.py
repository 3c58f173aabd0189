"""The responder that needs no language model: a sentence a result, from the task types' own templates."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from typing import Final

from orchestrion.events import AnswerFinished, AnswerText
from orchestrion.plans import Task, TaskResult, TaskState, TaskType
from orchestrion.values import Value, artifacts
from orchestrion_controller import wording
from orchestrion_controller.plans import graph
from orchestrion_controller.stages import AnswerItem, RespondingRequest

_NAME: Final = re.compile(r"\{(\w+)\}")
_LONGEST_STEP_TEXT: Final = 300
"""Characters of a text that is only a step on the way; the texts that the plan was for are told whole."""


class BuiltinResponder:
    """Tells every result once, and every failure."""

    name = "builtin"

    async def respond(self, request: RespondingRequest) -> AsyncGenerator[AnswerItem, None]:
        """Answers from the results alone."""
        pieces: list[str] = []
        for sentence in _sentences(request):
            pieces.append(f" {sentence}" if pieces else sentence)
            yield AnswerText(pieces[-1])
        made = wording.made_by_leaves(request.plan, request.results, request.artifacts)
        yield AnswerFinished("".join(pieces), made)


def _sentences(request: RespondingRequest) -> list[str]:
    """Writes the answer, a sentence or two a task."""
    if not request.plan.tasks:
        return [request.plan.no_task_reason]
    told = _Telling(request)
    sentences: list[str] = []
    for task in graph.order(request.plan.tasks):
        result = request.results.get(task.id)
        if result and result.succeeded:
            sentences += told.success(task, result)
    sentences += told.failures()
    return sentences or ["There are no results."]


class _Telling:
    """Writes sentences and knows which text was told last, which is `it` in the next."""

    def __init__(self, request: RespondingRequest) -> None:
        self._request = request
        self._leaves = {task.id for task in graph.leaves(request.plan.tasks)}
        self._last = ""

    def success(self, task: Task, result: TaskResult) -> list[str]:
        """Tells a result; a sentence for each item where the task unfolded."""
        task_type = self._request.task_types.get(task.type)
        inputs = {name: wording.resolved(value, self._request.results) for name, value in task.inputs.items()}
        known = {name: value for name, value in inputs.items() if value is not None}
        if task_type is None or not task_type.answer_template:
            return [self._listed(task, task_type, result)]
        most = None if task.id in self._leaves else _LONGEST_STEP_TEXT
        return [self._filled(task_type, values, most) for values in _items(task_type, known, result.outputs)]

    def failures(self) -> list[str]:
        """Tells what failed and why, and what was left undone because of it."""
        sentences: list[str] = []
        undone: list[str] = []
        for task in self._request.plan.tasks:
            result = self._request.results.get(task.id)
            if result is None or result.state is TaskState.SKIPPED:
                undone.append(f"`{task.id}`")
            elif result.state is TaskState.FAILED:
                why = result.error.message if result.error else "it did not say why"
                sentences.append(f"`{task.id}`{self._on(task)} failed: {why.rstrip('.')}.")
            elif result.state is TaskState.CANCELLED:
                sentences.append(f"`{task.id}` was cancelled.")
        if undone:
            sentences.append(f"Not done therefore: {', '.join(undone)}.")
        return sentences

    def _filled(self, task_type: TaskType, values: Mapping[str, Value], most: int | None) -> str:
        told = self._last

        def word(match: re.Match[str]) -> str:
            nonlocal told
            name = match.group(1)
            value = values.get(name, "")
            if value and value == self._last and not task_type.output(name):
                return "it"
            if isinstance(value, str):
                told = value
            parameter = task_type.output(name) or task_type.input(name)
            return wording.shown(value, parameter, self._request.artifacts, most)

        sentence = _NAME.sub(word, task_type.answer_template)
        self._last = told
        return sentence

    def _listed(self, task: Task, task_type: TaskType | None, result: TaskResult) -> str:
        parts = [
            f"{name} {wording.shown(value, task_type.output(name) if task_type else None, self._request.artifacts)}"
            for name, value in result.outputs.items()
        ]
        return f"`{task.id}` gave {'; '.join(parts) or 'nothing'}."

    def _on(self, task: Task) -> str:
        """Names the files that a task worked on."""
        values = (wording.resolved(value, self._request.results) for value in task.inputs.values())
        names = [name for value in values if value is not None for name in artifacts(value)]
        return f" on {', '.join(wording.file_name(name, self._request.artifacts) for name in names)}" if names else ""


def _items(task_type: TaskType, inputs: Mapping[str, Value], outputs: Mapping[str, Value]) -> list[dict[str, Value]]:
    """Folds lists out: the values of each call that a task unfolded into, or those of its one call."""
    values = {**inputs, **outputs}
    wide = {name: value for name, value in values.items() if isinstance(value, tuple) and not _is_list(task_type, name)}
    counts = {len(value) for value in wide.values()}
    if len(counts) != 1:
        return [values]
    return [{**values, **{name: value[index] for name, value in wide.items()}} for index in range(counts.pop())]


def _is_list(task_type: TaskType, name: str) -> bool:
    parameter = task_type.output(name) or task_type.input(name)
    return parameter is not None and parameter.repeated
