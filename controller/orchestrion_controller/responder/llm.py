"""The responder that asks a language model, and checks its answer against the run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from orchestrion.errors import Reason
from orchestrion.events import AnswerFinished, AnswerText
from orchestrion.plans import Task, TaskResult, TaskState
from orchestrion.runs import Role
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller import wording
from orchestrion_controller.language_model import ChatMessage, ChatModel, Ended, chat_fitting
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.plans import graph
from orchestrion_controller.responder import not_done
from orchestrion_controller.responder.asker import language_of
from orchestrion_controller.responder.references import ReferenceResolver
from orchestrion_controller.stages import AnswerItem, RespondingRequest, Usage

_LONGEST_TEXTS: Final = (4000, 2000, 1000, 500, 250, 100)
"""Characters of a result that the model is shown: the first, or a later one where its context has no room."""

_SYSTEM: Final = """\
You tell a person the results of their request. Expert AI models have done the work; their results are listed below, \
and they are all you know.

- Answer in {language}, directly and briefly. Say what was found, not how the system works inside.
- Say nothing that the results do not hold. Quote texts as they are.
- To name a file, write its alias, such as [[artifact 1]]; it becomes the file's name. Invent no files, links or paths.
- If a task failed or was not done, say so and why."""

_NO_TASK: Final = """\
You answer a person's request. No expert AI model was needed for it, for this reason: {reason}
Answer directly and briefly, in {language}. You have made no files and can name none."""


class LLMResponder:
    """Streams the model's answer; files that it names are checked, and failures that it leaves out are added."""

    name = "llm"

    def __init__(self, model: ChatModel) -> None:
        """Keeps the language model to ask."""
        self._model = model

    async def respond(self, request: RespondingRequest) -> AsyncGenerator[AnswerItem, None]:
        """Answers from the results.

        Raises:
            UnavailableError: The model says nothing.
            OrchestrionError: What `chat_fitting` raises.
        """
        names = tuple(request.artifacts)
        resolver = ReferenceResolver(names, request.artifacts)
        pieces: list[str] = []
        usage = Usage(llm_call_count=1)
        refused = False
        language = await language_of(request)
        chat = chat_fitting(
            self._model, _extents(request), lambda extent: _messages(request, names, extent, language.name)
        )
        async with aclosing(chat) as reply:
            async for item in reply:
                if isinstance(item, Ended):
                    usage = item.usage
                    refused = item.is_refusal
                elif text := resolver.feed(item):
                    pieces.append(text)
                    yield AnswerText(text)
        closing = resolver.finish() + _closing(request, resolver.used, language.tag, spoken=bool(pieces))
        if closing:
            pieces.append(closing)
            yield AnswerText(closing)
        yield usage
        answer = "".join(pieces)
        if not answer.strip():
            why = "declined to answer" if refused else "gave an empty answer"
            raise Reason.LLM_UNAVAILABLE.error(f"The language model {why}. Try again, or use the built-in responder.")
        yield AnswerFinished(answer, tuple(resolver.used))


def _closing(request: RespondingRequest, used: list[str], language: str, *, spoken: bool) -> str:
    """Adds what the model may have left out: the files that the plan was for, what failed, and what was not done."""
    words = words_of(language)
    lines: list[str] = []
    unnamed = [
        name for name in wording.made_by_leaves(request.plan, request.results, request.artifacts) if name not in used
    ]
    if unnamed:
        used += unnamed
        named = ", ".join(wording.file_name(name, request.artifacts) for name in unnamed)
        lines.append(words.word("files", names=named))
    failed = [result for result in request.results.values() if result.state is TaskState.FAILED]
    lines += [words.word("failed", what=f"`{result.task_id}`", why=_why(result).rstrip(".")) for result in failed]
    lines += [left_out] if (left_out := not_done.closing(request, language)) else []
    return ("\n\n" if spoken and lines else "") + "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Extent:
    """How much of the run the prompt contains."""

    turns: int
    """Earlier turns, the latest ones."""
    longest_text: int
    """Characters of each result."""


def _extents(request: RespondingRequest) -> list[_Extent]:
    """Lists ever shorter extents: without the oldest turns, then with the beginnings of results alone."""
    turns = len(request.history)
    whole = [_Extent(kept, _LONGEST_TEXTS[0]) for kept in range(turns, -1, -1)]
    return whole + [_Extent(0, longest) for longest in _LONGEST_TEXTS[1:]]


def _messages(
    request: RespondingRequest, names: Sequence[str], extent: _Extent, language_name: str
) -> list[ChatMessage]:
    language = f"{language_name}, the language of the request" if language_name else "the language of the request"
    if request.plan.tasks:
        results = _results(request, names, extent.longest_text)
        rules = _SYSTEM.format(language=language)
        system = f"{rules}\n\nFiles:\n{_files(request, names)}\n\nResults:\n{results}"
    else:
        system = _NO_TASK.format(reason=request.plan.no_task_reason, language=language)
    messages: list[ChatMessage] = [{"role": "system", "content": system}]
    for turn in request.history[len(request.history) - extent.turns :]:
        question = "\n".join(message.text for message in turn.messages if message.role is not Role.ASSISTANT)
        messages.append({"role": "user", "content": question or "(files)"})
        messages.append({"role": "assistant", "content": turn.answer or "(no answer)"})
    for message in request.messages:
        role = {Role.ASSISTANT: "assistant", Role.SYSTEM: "system"}.get(message.role, "user")
        messages.append({"role": role, "content": message.text or "(files)"})
    return messages


def _files(request: RespondingRequest, names: Sequence[str]) -> str:
    attached = {name for message in request.messages for name in message.artifacts}
    lines = [
        f"[[artifact {index}]]: {wording.file_name(name, request.artifacts)} ({request.artifacts[name].media_type}), "
        f"{'attached by the person' if name in attached else 'made by a task'}"
        for index, name in enumerate(names, start=1)
    ]
    return "\n".join(lines) or "none"


def _results(request: RespondingRequest, names: Sequence[str], most: int) -> str:
    aliases = {name: f"[[artifact {index}]]" for index, name in enumerate(names, start=1)}
    return "\n".join(_result(request, task, aliases, most) for task in graph.order(request.plan.tasks))


def _result(request: RespondingRequest, task: Task, aliases: dict[str, str], most: int) -> str:
    result = request.results.get(task.id)
    task_type = request.task_types.get(task.type)
    what = f"{task.id} ({task.type}: {task_type.description if task_type else 'unknown'})"
    inputs = "; ".join(f"{name} = {_shown(value, aliases, most)}" for name, value in task.inputs.items())
    if result and result.succeeded:
        outputs = "; ".join(f"{name} = {_shown(value, aliases, most)}" for name, value in result.outputs.items())
        return f"- {what}\n  from {inputs}\n  gave {outputs or 'nothing'}"
    return f"- {what}\n  from {inputs}\n  {_ended(result)}"


def _shown(value: Value, aliases: dict[str, str], most: int) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_shown(item, aliases, most) for item in value) + "]"
    if isinstance(value, OutputRef):
        # The result is listed with that task.
        item = "" if value.index is None else f", item {value.index + 1}"
        return f"{value.output} of {value.task_id}{item}"
    if isinstance(value, ArtifactRef):
        return aliases.get(value.name, "a file")
    return wording.shown(value, None, {}, most)


def _ended(result: TaskResult | None) -> str:
    if result is None or result.state is TaskState.SKIPPED:
        return "was not done, because a task that it needs failed"
    return f"{result.state.name.lower()}: {_why(result)}"


def _why(result: TaskResult) -> str:
    return result.error.message if result.error else "no reason given"
