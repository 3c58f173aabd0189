"""The responder over a language model, against a scripted one behind real HTTP."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion import task_types
from orchestrion.errors import OrchestrionError
from orchestrion.events import AnswerFinished, AnswerText
from orchestrion.plans import Error, Plan, Task, TaskResult, TaskState
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, OutputRef
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig
from orchestrion_controller.responder.llm import LLMResponder

from orchestrion_controller.stages import AnswerItem, PastTurn, RespondingRequest, Usage
from tests.llm_server import Beside, LLMServer, Reply, prompt_tokens

SIGN = Artifact("artifacts/" + "a" * 64, "image/png", "sign.png", 10)
SPEECH = Artifact("artifacts/" + "b" * 64, "audio/wav", "speech.wav", 10)
FILES = {SIGN.name: SIGN, SPEECH.name: SPEECH}
PLAN = Plan(
    (
        Task("read", "image-to-text", {"image": ArtifactRef(SIGN.name)}),
        Task("speak", "text-to-speech", {"text": OutputRef("read", "text")}),
    )
)
RESULTS = {
    "read": TaskResult("read", TaskState.SUCCEEDED, {"text": "No entry"}),
    "speak": TaskResult("speak", TaskState.SUCCEEDED, {"audio": ArtifactRef(SPEECH.name)}),
}
MESSAGE = Message("read this aloud", artifacts=(SIGN.name,))
REQUEST = RespondingRequest((MESSAGE,), PLAN, RESULTS, task_types.load(), FILES)


async def answered(server: LLMServer, request: RespondingRequest = REQUEST) -> list[AnswerItem]:
    model = LanguageModel(LanguageModelConfig(server.base_url, "key", "scripted", retry_count=0))
    try:
        return [item async for item in LLMResponder(model).respond(request)]
    finally:
        await model.aclose()


def final(items: list[AnswerItem]) -> AnswerFinished:
    last = items[-1]
    assert isinstance(last, AnswerFinished)
    assert "".join(item.text for item in items if isinstance(item, AnswerText)) == last.text
    return last


async def test_answer_is_streamed_and_its_files_resolved() -> None:
    reply = Reply("It says “No entry”; listen to [[artifact 2]]. [[1]] [[artifact 1", tokens_per_second=1000)
    async with LLMServer([reply]) as server:
        items = await answered(server)
    assert final(items) == AnswerFinished(
        "It says “No entry”; listen to speech.wav. [[1]] [[artifact 1", (SPEECH.name,)
    )
    assert sum(isinstance(item, AnswerText) for item in items) > 5
    usage = next(item for item in items if isinstance(item, Usage))
    assert usage.llm_call_count == 1
    assert usage.completion_token_count > 0


async def test_the_model_is_told_results_and_files() -> None:
    turn = PastTurn((Message("hello"),), None, {}, "Hello to you.")
    request = RespondingRequest((MESSAGE,), PLAN, RESULTS, REQUEST.task_types, FILES, (turn,))
    async with LLMServer() as server:
        await answered(server, request)
    prompt = json.dumps(server.calls[0].body["messages"], ensure_ascii=False)
    for words in (
        "“No entry”",
        "[[artifact 2]]: speech.wav (audio/wav), made by a task",
        "Hello to you.",
        "read this aloud",
    ):
        assert words in prompt
    assert "artifacts/" not in prompt
    assert "response_format" not in server.calls[0].body


async def test_invented_files_are_dropped_and_forgotten_ones_added() -> None:
    async with LLMServer(["See [[artifact 7]] and [[ARTIFACT 1]]."]) as server:
        answer = final(await answered(server))
    assert answer.text == "See  and sign.png.\n\nFiles: speech.wav"
    assert answer.artifacts == (SIGN.name, SPEECH.name)


async def test_failures_are_told_whatever_the_model_says() -> None:
    failed = TaskResult("speak", TaskState.FAILED, error=Error("EXPERT_FAILED", "The voice broke."))
    request = RespondingRequest((MESSAGE,), PLAN, RESULTS | {"speak": failed}, REQUEST.task_types, {SIGN.name: SIGN})
    async with LLMServer(["All is well."]) as server:
        answer = final(await answered(server, request))
        assert "failed: The voice broke." in server.calls[0].body["messages"][0]["content"]
    assert answer.text == "All is well.\n\nThis failed: `speak`. The voice broke."


async def test_plan_without_tasks_is_answered_directly() -> None:
    request = RespondingRequest((Message("hello"),), Plan((), "A greeting."))
    async with LLMServer(["Hello!"]) as server:
        answer = final(await answered(server, request))
        assert "A greeting." in server.calls[0].body["messages"][0]["content"]
    assert answer == AnswerFinished("Hello!")


@pytest.mark.parametrize("reply", [Reply(""), Reply(refusal="No."), Reply(status=500), Reply("half", drop_after=2)])
async def test_no_answer_is_an_error(reply: Reply) -> None:
    request = RespondingRequest((Message("hello"),), Plan((), "A greeting."))
    async with LLMServer([reply]) as server:
        with pytest.raises(OrchestrionError) as caught:
            await answered(server, request)
    assert caught.value.reason == ("LLM_BROKE_OFF" if reply.drop_after else "LLM_UNAVAILABLE")


async def test_closing_the_generator_closes_the_stream() -> None:
    async with LLMServer([Reply("word " * 1000, tokens_per_second=200)]) as server:
        model = LanguageModel(LanguageModelConfig(server.base_url, "key", "scripted"))
        async with aclosing(LLMResponder(model).respond(REQUEST)) as items:
            assert isinstance(await anext(items), AnswerText)
        async with asyncio.timeout(5):
            await server.dropped.wait()
        await model.aclose()


@given(st.lists(st.sampled_from(["[[", "]]", "[", "]", "artifact ", "1", "2", "9", "a", " "]), max_size=20), st.data())
def test_pieces_make_no_difference(parts: list[str], data: st.DataObject) -> None:
    names = tuple(FILES)
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    whole = ReferenceResolver(names, FILES)
    expected = whole.feed(text) + whole.finish()
    resolver = ReferenceResolver(names, FILES)
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join(map(resolver.feed, pieces)) + resolver.finish() == expected
    assert resolver.used == whole.used


async def test_what_does_not_fit_is_left_out_the_oldest_turns_first_and_never_the_question() -> None:
    turns = tuple(PastTurn((Message(f"question {number}"),), answer=f"answer {number}. " * 30) for number in range(8))
    long = {**RESULTS, "read": TaskResult("read", TaskState.SUCCEEDED, {"text": "No entry. " * 390})}
    request = replace(REQUEST, results=long, history=turns)
    fitted = {}
    for context in (4000, 2400, 900):
        beside: dict[str, Beside] = {
            "/v1/models": {"data": [{"id": "scripted", "max_model_len": context}]},
            "/tokenize": lambda body: {"count": prompt_tokens(body)},
        }
        async with LLMServer(["It says so."], beside=beside, most_tokens=context) as server:
            await answered(server, request)
            assert len(server.calls) == 1
            messages = server.calls[0].body["messages"]
            assert messages[-1] == {"role": "user", "content": MESSAGE.text}
            questions = [message["content"] for message in messages[1:-1] if message["role"] == "user"]
            fitted[context] = questions, messages[0]["content"].count("No entry.")
    every = [f"question {number}" for number in range(8)]
    assert fitted[4000] == (every, 390)
    assert 0 < len(fitted[2400][0]) < 8
    assert fitted[2400] == (every[-len(fitted[2400][0]) :], 390)
    assert fitted[900][0] == []
    assert 0 < fitted[900][1] < 390


async def test_an_answer_for_which_there_is_no_room_is_an_error_that_names_the_setting() -> None:
    request = replace(REQUEST, messages=(Message("why? " * 2000),))
    async with LLMServer(beside={"/v1/models": {"data": [{"id": "scripted", "max_model_len": 1000}]}}) as server:
        with pytest.raises(OrchestrionError) as caught:
            await answered(server, request)
    assert caught.value.reason == "LLM_CONTEXT_EXCEEDED"
    assert caught.value.metadata["setting"] == "llm_context_tokens"
