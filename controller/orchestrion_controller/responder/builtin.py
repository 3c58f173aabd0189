"""The responder that needs no language model: a sentence a result, from templates in the asker's language."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from orchestrion.events import AnswerFinished, AnswerText
from orchestrion.plans import Task, TaskResult
from orchestrion.values import artifacts
from orchestrion_controller import wording
from orchestrion_controller.plans import graph
from orchestrion_controller.responder import not_done
from orchestrion_controller.responder.asker import language_of
from orchestrion_controller.responder.failures import failures, files_of, what_it_was
from orchestrion_controller.responder.parts import parts_of
from orchestrion_controller.responder.sentences import SentenceWriter
from orchestrion_controller.responder.totals import alike, total
from orchestrion_controller.stages import AnswerItem, RespondingRequest

_LONGEST_STEP_TEXT: Final = 300
"""Characters of a text that is only a step on the way; the texts that the plan was for are quoted whole."""
_LONGEST_LAST_TEXT: Final = 1000
"""Characters of a text that the last tasks only put into another form, such as a summary that is spoken."""


class BuiltinResponder:
    """Answers with every result once, and every failure."""

    name = "builtin"

    async def respond(self, request: RespondingRequest) -> AsyncGenerator[AnswerItem, None]:
        """Answers from the results alone."""
        pieces: list[str] = []
        language = (await language_of(request)).tag
        telling = _Telling(request, language)
        for sentence in telling.sentences():
            pieces.append(f"{telling.space}{sentence}" if pieces else sentence)
            yield AnswerText(pieces[-1])
        if left_out := not_done.closing(request, language):
            pieces.append(f"\n\n{left_out}")
            yield AnswerText(pieces[-1])
        yield AnswerFinished("".join(pieces), tuple(telling.files()))


class _Telling:
    """One answer; keeps which results were totalled."""

    def __init__(self, request: RespondingRequest, language: str) -> None:
        self._request = request
        self._language = language
        self._writer = SentenceWriter(request, language)
        self._words = self._writer.phrasing.words
        self._dependents = graph.dependents(request.plan.tasks)
        self._groups = {task.id: group for group in alike(request.plan, request.task_types) for task in group}
        self._added_up: set[str] = set()
        self.space = self._words.word("between_sentences")

    def sentences(self) -> list[str]:
        """Writes a sentence or two a task; chains that end in a plain answer come before those that do not."""
        if not self._request.plan.tasks:
            return [self._request.plan.no_task_reason]
        chains = sorted(graph.components(self._request.plan.tasks), key=self._ends_in_files)
        sentences = [sentence for chain in chains for task in chain for sentence in self._success(task)]
        return [*sentences, *failures(self._request, self._language)] or [self._words.word("no_results")]

    def files(self) -> list[str]:
        """Lists the files that the plan was for, and those made on the way that the answer names."""
        request = self._request
        named = {
            name
            for task in request.plan.tasks
            if (result := request.results.get(task.id)) and self._dependents[task.id]
            for output in self._outputs_named(task)
            for name in artifacts(result.outputs.get(output, ()))
        }
        last = wording.made_by_leaves(request.plan, request.results, request.artifacts)
        return [*last, *(name for name in request.artifacts if name in named and name not in last)]

    def _ends_in_files(self, chain: Sequence[Task]) -> bool:
        """Whether a chain of tasks ends in files only."""
        return all(self._makes_files(task) for task in chain if not self._dependents[task.id])

    def _success(self, task: Task) -> list[str]:
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
        sentences = (self._writer.sentence(part, most) for part in parts_of(task, task_type, self._request.results))
        return [sentence or self._listed(task, result) for sentence in sentences]

    def _total(self, task: Task) -> list[str]:
        """Describes the group of a task in one sentence, with its failures; nothing where there is no total."""
        group = self._groups.get(task.id, ())
        done = [other for other in group if (result := self._request.results.get(other.id)) and result.succeeded]
        task_type = self._request.task_types[task.type]
        parts = [part for other in done for part in parts_of(other, task_type, self._request.results)]
        sentence = total(parts, self._writer)
        if sentence is None:
            return []
        self._added_up.update(other.id for other in done)
        left_out = [
            ", ".join(files_of(other, self._request)) or what_it_was(other, self._request, self._language)
            for other in group
            if other not in done
        ]
        notes = [note for part in parts for note in self._writer.notes(part)]
        return [
            sentence,
            *notes,
            *([self._words.word("left_out", what=self._words.joined(left_out))] if left_out else []),
        ]

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

    def _outputs_named(self, task: Task) -> list[str]:
        """Lists the outputs of a task that are files which its sentence names."""
        task_type = self._request.task_types.get(task.type)
        if task_type is None:
            return []
        media = [output.name for output in task_type.outputs if output.kind.is_media]
        return [name for name in media if f"{{{name}}}" in task_type.answer_template]

    def _listed(self, task: Task, result: TaskResult) -> str:
        return self._writer.listed(self._request.task_types.get(task.type), f"`{task.id}`", result.outputs)
