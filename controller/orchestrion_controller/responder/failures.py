"""What of a plan failed, was cancelled, or was not done because of that, as sentences in the asker's language."""

from __future__ import annotations

from orchestrion.plans import Task, TaskResult, TaskState
from orchestrion.values import artifacts
from orchestrion_controller import refusals, wording
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.stages import RespondingRequest


def failures(request: RespondingRequest, language: str) -> list[str]:
    """Writes a sentence for each task that failed or was cancelled, and one for all that were not begun therefore."""
    words = words_of(language)
    sentences: list[str] = []
    undone: list[str] = []
    for task in request.plan.tasks:
        result = request.results.get(task.id)
        what = what_it_was(task, request, language)
        if result is None or result.state is TaskState.SKIPPED:
            undone.append(what)
        elif result.state is TaskState.FAILED:
            sentences.append(words.word("failed", what=what, why=_why(result, language)))
        elif result.state is TaskState.CANCELLED:
            sentences.append(words.word("cancelled", what=what))
    if undone:
        sentences.append(words.word("undone", what=words.joined(undone)))
    return sentences


def what_it_was(task: Task, request: RespondingRequest, language: str) -> str:
    """Says what a task does, and names the files that it works on."""
    task_type = request.task_types.get(task.type)
    choices = {name: value for name, value in task.inputs.items() if isinstance(value, str)}
    does = refusals.what_it_does(task_type, language, choices) if task_type else f"`{task.id}`"
    files = files_of(task, request)
    return words_of(language).word("on_files", what=does, files=", ".join(files)) if files else does


def files_of(task: Task, request: RespondingRequest) -> list[str]:
    """Names the files that a task works on."""
    values = (wording.resolved(value, request.results) for value in task.inputs.values())
    names = [name for value in values if value is not None for name in artifacts(value)]
    return [wording.file_name(name, request.artifacts) for name in names]


def _why(result: TaskResult, language: str) -> str:
    words = words_of(language)
    if result.error is None:
        return words.word("no_reason")
    message = result.error.message.rstrip(".")
    reason = words.reason(result.error.reason)
    return words.word("why", reason=reason, message=message) if reason else message
