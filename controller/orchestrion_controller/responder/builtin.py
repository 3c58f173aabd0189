"""The responder that needs no language model: a sentence a result, from the task types' own templates."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from orchestrion.events import AnswerFinished, AnswerText
from orchestrion.plans import Task, TaskResult, TaskState
from orchestrion.values import artifacts
from orchestrion_controller import wording
from orchestrion_controller.plans import graph
from orchestrion_controller.responder import not_done
from orchestrion_controller.responder.parts import Part, parts_of
from orchestrion_controller.responder.templates import Name, fill
from orchestrion_controller.responder.totals import alike, total
from orchestrion_controller.stages import AnswerItem, RespondingRequest

_LONGEST_STEP_TEXT: Final = 300
"""Characters of a text that is only a step on the way; the texts that the plan was for are quoted whole."""
_LONGEST_LAST_TEXT: Final = 1000
"""Characters of a text that the last tasks only put into another form, such as a summary that is spoken."""
_LONGEST_INPUT_TEXT: Final = 200
"""Characters of a text that came from the person."""


class BuiltinResponder:
    """Answers with every result once, and every failure."""

    name = "builtin"

    async def respond(self, request: RespondingRequest) -> AsyncGenerator[AnswerItem, None]:
        """Answers from the results alone."""
        pieces: list[str] = []
        for sentence in _sentences(request):
            pieces.append(f" {sentence}" if pieces else sentence)
            yield AnswerText(pieces[-1])
        if left_out := await not_done.closing(request):
            pieces.append(f"\n\n{left_out}")
            yield AnswerText(pieces[-1])
        made = wording.made_by_leaves(request.plan, request.results, request.artifacts)
        yield AnswerFinished("".join(pieces), made)


def _sentences(request: RespondingRequest) -> list[str]:
    """Writes the answer, a sentence or two a task; chains that end in a plain answer come before those that do not."""
    if not request.plan.tasks:
        return [request.plan.no_task_reason]
    telling = _Telling(request)
    sentences: list[str] = []
    for chain in sorted(graph.components(request.plan.tasks), key=telling.ends_in_files):
        for task in chain:
            sentences += telling.success(task)
    sentences += telling.failures()
    return sentences or ["There are no results."]


class _Telling:
    """Writes sentences; keeps the last quoted text, which is `it` in the next one, and which results were totalled."""

    def __init__(self, request: RespondingRequest) -> None:
        self._request = request
        self._dependents = graph.dependents(request.plan.tasks)
        self._last = ""
        self._groups = {task.id: group for group in alike(request.plan, request.task_types) for task in group}
        self._added_up: set[str] = set()

    def ends_in_files(self, chain: Sequence[Task]) -> bool:
        """Whether a chain of tasks ends in files only."""
        return all(self._makes_files(task) for task in chain if not self._dependents[task.id])

    def success(self, task: Task) -> list[str]:
        """Describes a result, if there is one: in a total with others, or a sentence for each of its parts."""
        result = self._request.results.get(task.id)
        if task.id in self._added_up or result is None or not result.succeeded:
            return []
        task_type = self._request.task_types.get(task.type)
        if task_type is None or not task_type.answer_template:
            return [self._listed(task, result)]
        if together := self._total(task):
            return together
        most = self._longest(task)
        sentences = (self._filled(part, most) for part in parts_of(task, task_type, self._request.results))
        return [sentence or self._listed(task, result) for sentence in sentences]

    def failures(self) -> list[str]:
        """Describes what failed and why, and what was skipped because of it."""
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

    def _total(self, task: Task) -> list[str]:
        """Describes the group of a task in one sentence, with its failures; nothing where there is no total."""
        group = self._groups.get(task.id, ())
        done = [other for other in group if (result := self._request.results.get(other.id)) and result.succeeded]
        task_type = self._request.task_types[task.type]
        parts = [part for other in done for part in parts_of(other, task_type, self._request.results)]
        sentence = total(parts, self._request.artifacts)
        if sentence is None:
            return []
        self._added_up.update(other.id for other in done)
        left_out = [f"`{other.id}`{self._on(other)}" for other in group if other not in done]
        return [sentence, *([f"This leaves out {wording.enumerated(left_out)}."] if left_out else [])]

    def _filled(self, part: Part, most: int | None) -> str | None:
        last = self._last

        def words_for(name: Name) -> str | None:
            nonlocal last
            value, parameter = part.get(name)
            if value is None:
                return None
            is_input = parameter is None or parameter in part.task_type.inputs
            if is_input and value and value == self._last:
                return "it"
            if isinstance(value, str) and not name.plain and not (parameter and parameter.choices):
                last = value
            cut_after = _LONGEST_INPUT_TEXT if is_input else most
            return wording.shown(value, parameter, self._request.artifacts, cut_after, plain=name.plain)

        sentence = fill(part.task_type.answer_template, words_for)
        self._last = last
        return sentence

    def _longest(self, task: Task) -> int | None:
        """Returns after how many characters the texts of a task are cut; None for never."""
        takers = self._dependents[task.id]
        if not takers:
            return None
        tasks = [taker for task_id in takers if (taker := self._request.plan.task(task_id))]
        last = all(not self._dependents[taker.id] and self._makes_files(taker) for taker in tasks)
        return _LONGEST_LAST_TEXT if last else _LONGEST_STEP_TEXT

    def _makes_files(self, task: Task) -> bool:
        task_type = self._request.task_types.get(task.type)
        return task_type is not None and bool(task_type.outputs) and task_type.outputs[0].kind.is_media

    def _listed(self, task: Task, result: TaskResult) -> str:
        task_type = self._request.task_types.get(task.type)
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
