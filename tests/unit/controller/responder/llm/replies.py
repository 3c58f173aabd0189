"""Runs to be answered, and a scripted language model behind real HTTP that answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrion import task_types
from orchestrion.events import AnswerFinished, AnswerText
from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig
from orchestrion_controller.responder.llm import LLMResponder
from orchestrion_controller.stages import AnswerItem, RespondingRequest
from tests.llm_server import LLMServer, Reply

TYPES = task_types.load()
SIGN = Artifact("artifacts/" + "a" * 64, "image/png", "sign.png", 10)
SPEECH = Artifact("artifacts/" + "b" * 64, "audio/wav", "speech.wav", 10)
FILES = {SIGN.name: SIGN, SPEECH.name: SPEECH}
MESSAGE = Message("read this aloud", artifacts=(SIGN.name,))


def ref(artifact: Artifact) -> ArtifactRef:
    return ArtifactRef(artifact.name)


def done(task_id: str, **outputs: Value) -> TaskResult:
    return TaskResult(task_id, TaskState.SUCCEEDED, outputs)


PLAN = Plan(
    (
        Task("read", "image-to-text", {"image": ref(SIGN)}),
        Task("speak", "text-to-speech", {"text": OutputRef("read", "text")}),
    )
)
RESULTS = {"read": done("read", text="No entry"), "speak": done("speak", audio=ref(SPEECH))}
REQUEST = RespondingRequest((MESSAGE,), PLAN, RESULTS, TYPES, FILES, attachments=(SIGN,))


def run(
    text: str,
    tasks: Sequence[Task] = (),
    results: Sequence[TaskResult] = (),
    attached: Sequence[Artifact] = (),
    *,
    made: Sequence[Artifact] = (),
    reason: str = "",
) -> RespondingRequest:
    """Makes the request of a run."""
    files: Mapping[str, Artifact] = {file.name: file for file in (*attached, *made)}
    message = Message(text, artifacts=tuple(file.name for file in attached))
    by_id = {result.task_id: result for result in results}
    plan = Plan(tuple(tasks), reason)
    return RespondingRequest((message,), plan, by_id, TYPES, files, attachments=tuple(attached))


async def answered(server: LLMServer, request: RespondingRequest = REQUEST) -> list[AnswerItem]:
    """Has a server answer."""
    model = LanguageModel(LanguageModelConfig(server.base_url, "key", "scripted", retry_count=0))
    try:
        return [item async for item in LLMResponder(model).respond(request)]
    finally:
        await model.aclose()


def final(items: Sequence[AnswerItem]) -> AnswerFinished:
    """Returns the answer, which is what was streamed."""
    last = items[-1]
    assert isinstance(last, AnswerFinished)
    assert "".join(item.text for item in items if isinstance(item, AnswerText)) == last.text
    return last


async def answer(reply: Reply | str, request: RespondingRequest = REQUEST) -> AnswerFinished:
    """Returns what becomes of a model's words; one that is cut is asked to go on once, and says nothing more."""
    cut = isinstance(reply, Reply) and reply.finish_reason == "length"
    async with LLMServer([reply, *([Reply("", finish_reason="length")] if cut else [])]) as server:
        return final(await answered(server, request))


async def prompt(request: RespondingRequest = REQUEST) -> list[dict[str, str]]:
    """Returns what a model is sent."""
    async with LLMServer() as server:
        await answered(server, request)
        messages: list[dict[str, str]] = server.calls[0].body["messages"]
        return messages
