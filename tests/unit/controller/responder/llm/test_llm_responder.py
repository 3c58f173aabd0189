"""The responder over a language model, against a scripted one behind real HTTP."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from orchestrion.errors import OrchestrionError
from orchestrion.events import AnswerFinished, AnswerText
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig
from orchestrion_controller.responder.llm import LLMResponder
from orchestrion_controller.stages import Usage
from tests.llm_server import LLMServer, Reply
from tests.unit.controller.responder.llm.replies import REQUEST, SPEECH, answer, answered, final, run


async def test_answer_is_streamed_and_its_files_resolved() -> None:
    reply = Reply("It says “No entry”; listen to [[file 2]]. [[1]] [[file 1", tokens_per_second=1000)
    async with LLMServer([reply]) as server:
        items = await answered(server)
    # The answer ended of itself, so that the last alias is only short of its brackets.
    assert final(items).text == "It says “No entry”; listen to speech.wav. [[1]] sign.png"
    assert SPEECH.name in final(items).artifacts
    assert sum(isinstance(item, AnswerText) for item in items) > 5
    usage = next(item for item in items if isinstance(item, Usage))
    assert usage.llm_call_count == 1
    assert usage.completion_token_count > 0


async def test_plan_without_tasks_is_answered_directly() -> None:
    assert await answer("Hello!", run("hello", reason="A greeting.")) == AnswerFinished("Hello!")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(""),
        Reply(refusal="No."),
        Reply(status=500),
        Reply("half", drop_after=2),
        Reply("", finish_reason="length"),
        Reply("[[file 9]]"),
    ],
)
async def test_no_answer_is_an_error(reply: Reply) -> None:
    with pytest.raises(OrchestrionError) as caught:
        await answer(reply, run("hello", reason="A greeting."))
    assert caught.value.reason == ("LLM_BROKE_OFF" if reply.drop_after else "LLM_UNAVAILABLE")


async def test_closing_the_generator_closes_the_stream() -> None:
    async with LLMServer([Reply("word " * 1000, tokens_per_second=200)]) as server:
        model = LanguageModel(LanguageModelConfig(server.base_url, "key", "scripted"))
        async with aclosing(LLMResponder(model).respond(REQUEST)) as items:
            assert isinstance(await anext(items), AnswerText)
        async with asyncio.timeout(5):
            await server.dropped.wait()
        await model.aclose()


async def test_a_thought_that_nothing_had_opened_is_no_part_of_the_answer() -> None:
    """Some templates open the thought themselves, so that a reply shows where it ends and not where it began."""
    async with LLMServer(["They seem happy: [[file 1]].\n</think>\n\nIt reads [[read.text]]."]) as server:
        items = await answered(server)
    last = items[-1]
    assert isinstance(last, AnswerFinished)
    assert last.text.startswith("It reads ")
    assert "happy" not in last.text
    assert "think>" not in last.text
