"""A language model of our own hosts, named by its id: one task, its text streamed, as something that a model says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final

from orchestrion import AsyncClient, Json, OrchestrionError, Role, Task, TaskResult
from orchestrion.events import AttemptFailed, RunStarted, TaskFinished, TaskText
from orchestrion.values import Value
from orchestrion_gateway.openai_api.content_parts import wrong
from orchestrion_gateway.openai_api.generation import AnswerPiece, Began, Ending, Generation, GenerationUsage, Thought
from orchestrion_gateway.openai_api.offer import Performer
from orchestrion_gateway.openai_api.stop_sequences import StopSequences
from orchestrion_gateway.openai_api.turns import Turn
from orchestrion_gateway.openai_api.watched_runs import check, executed, renamed

_TASK: Final = "answer"


@dataclass(frozen=True, slots=True)
class ExpertSampling:
    """How a language model is to write; None leaves it to the expert."""

    max_tokens: int | None = None
    """How many tokens at most."""
    temperature: float | None = None
    """How boldly, 0 to 10."""
    seed: int | None = None
    """Repeats what was drawn with it before."""
    schema: Any = None
    """A JSON Schema that the answer must have."""
    stop: tuple[str, ...] = ()
    """Texts before which the answer ends."""


@dataclass(frozen=True, slots=True)
class ParameterNames:
    """What a call names the inputs of the task."""

    max_tokens: str
    """Such as `max_completion_tokens`."""
    schema: str
    """Such as `response_format`."""
    messages: str
    """Such as `messages`."""

    @property
    def of_inputs(self) -> Mapping[str, str]:
        """Returns the names by those of the inputs."""
        return {
            "max_tokens": self.max_tokens,
            "schema": self.schema,
            "text": self.messages,
            "history": self.messages,
            "system": self.messages,
        }


def task_of(performer: Performer, turns: Sequence[Turn], sampling: ExpertSampling, names: ParameterNames) -> Task:
    """Makes the task.

    Raises:
        InvalidArgumentError: The expert has no input for what is asked.
    """
    for turn in turns:
        # What an answer made is named in its text, and was never more than that to a model.
        if turn.files and turn.role is not Role.ASSISTANT:
            raise wrong(turn.path, "this model reads texts alone; `orchestrion` takes files")
    inputs: dict[str, Value] = {}
    if performer.task_type == "conversational":
        inputs["text"] = turns[-1].text
        history = [_said(turn) for turn in turns[:-1] if turn.role is not Role.SYSTEM]
        if history:
            inputs["history"] = Json(history)
        if system := "\n\n".join(turn.text for turn in turns if turn.role is Role.SYSTEM):
            inputs["system"] = system
        if sampling.schema is not None:
            inputs["schema"] = Json(sampling.schema)
    else:
        if len(turns) > 1:
            problem = "this model goes on with a text and knows no turns: send one message of the user"
            raise wrong(names.messages, problem)
        if sampling.schema is not None:
            raise wrong(names.schema, "this model cannot be held to a form")
        inputs["text"] = turns[-1].text
    for name in ("max_tokens", "temperature", "seed"):
        if (value := getattr(sampling, name)) is not None:
            inputs[name] = float(value)
    return Task(_TASK, performer.task_type, inputs)


async def written(
    client: AsyncClient, performer: Performer, task: Task, stop: Sequence[str], names: ParameterNames
) -> Generation:
    """Has the task done, and yields its text as it is written, up to the first stop sequence.

    Raises:
        OrchestrionError: It failed; also where an attempt did whose text was shown, which cannot be taken back.
    """
    parameters = names.of_inputs
    if performer.named is not None:
        performer.named.check_accepts(task.inputs, parameters)
    stops, streamed, shown_any = StopSequences(stop), "", False
    ending: Ending | None = None
    try:
        async with aclosing(executed(client, [task], performer)) as events:
            async for event in events:
                match event.payload:
                    case RunStarted():
                        yield Began(event.run)
                    case TaskText(output="text", text=text):
                        streamed += text
                        if shown := stops.feed(text):
                            shown_any = True
                            yield AnswerPiece(shown)
                    case AttemptFailed(error=error, retried=True):
                        if shown_any:
                            raise error.exception()
                        streamed, stops = "", StopSequences(stop)
                    case TaskFinished(result=result):
                        check(result, parameters)
                        if shown := stops.feed(_rest(result, streamed)) + stops.close():
                            yield AnswerPiece(shown)
                        ending = _ending(result)
                        if ending.omitted_turn_count:
                            turns = f"{ending.omitted_turn_count} of the earlier turns"
                            yield Thought(f"The model had no room for {turns}: it has not read them.\n")
                    case _:
                        pass
                if stops.stopped and ending is None:
                    # What the model goes on to write is wanted by nobody: leaving cancels it.
                    break
    except OrchestrionError as error:
        raise renamed(error, parameters) from error
    ending = ending or Ending()
    yield replace(ending, finish_reason="stop") if stops.stopped else ending


def _said(turn: Turn) -> dict[str, str]:
    return {"role": "assistant" if turn.role is Role.ASSISTANT else "user", "content": turn.text}


def _rest(result: TaskResult, streamed: str) -> str:
    """Returns what was not streamed: an expert that does not stream gives its text at the end."""
    text = result.outputs.get("text", "")
    return text[len(streamed) :] if isinstance(text, str) and text.startswith(streamed) else ""


def _ending(result: TaskResult) -> Ending:
    outputs = result.outputs
    prompt, completion = outputs.get("prompt_token_count"), outputs.get("completion_token_count")
    usage = None
    if isinstance(prompt, int | float) and isinstance(completion, int | float):
        usage = GenerationUsage(int(prompt), int(completion))
    omitted = outputs.get("omitted_turn_count")
    return Ending(
        "length" if outputs.get("finish_reason") == "length" else "stop",
        usage,
        int(omitted) if isinstance(omitted, int | float) else 0,
    )
