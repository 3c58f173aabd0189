"""A language model that stands in for another: both are real HTTP servers that do what a script says."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import pytest

from orchestrion.errors import OrchestrionError
from orchestrion_controller.language_model import ChatModel, LanguageModel, LanguageModelConfig, chat_fitting
from orchestrion_controller.language_model.fallback import FIRST_RESTS_S, FallbackChatModel
from tests.llm_server import LLMServer, Reply

BROKEN = Reply(status=500, error="The engine died.")
FAILURES = {
    "NOT_CONFIGURED": Reply(status=401, error="Incorrect API key provided."),
    "LLM_QUOTA_EXHAUSTED": Reply(
        status=429, error="Your credit is used up.", error_fields={"code": "insufficient_quota"}
    ),
    "LLM_RATE_LIMITED": Reply(status=429, error="Slow down.", headers={"retry-after": "500"}),
    "LLM_UNAVAILABLE": BROKEN,
}


class TwoModels:
    """Two endpoints behind one language model, and what it told of falling back."""

    def __init__(self, first: ChatModel, second: ChatModel) -> None:
        self.now_s = 0.0
        self.fell_back: list[tuple[str, str, str]] = []
        self.model = FallbackChatModel(
            first, second, fell_back=lambda *names: self.fell_back.append(names), clock=lambda: self.now_s
        )

    async def ask(self) -> str:
        return "".join(
            [
                piece
                async for piece in self.model.chat([{"role": "user", "content": "Hello."}])
                if isinstance(piece, str)
            ]
        )

    async def failure(self) -> OrchestrionError:
        with pytest.raises(OrchestrionError) as caught:
            await self.ask()
        return caught.value


@asynccontextmanager
async def two_models(first: LLMServer, second: LLMServer, **options: Any) -> AsyncIterator[TwoModels]:
    async with AsyncExitStack() as stack:
        models = []
        for name, server in (("large", first), ("small", second)):
            await stack.enter_async_context(server)
            model = LanguageModel(LanguageModelConfig(server.base_url, "sk-secret", name, retry_count=0, **options))
            stack.push_async_callback(model.aclose)
            models.append(model)
        yield TwoModels(*models)


@pytest.mark.parametrize(("reason", "reply"), FAILURES.items(), ids=FAILURES)
async def test_the_second_answers_what_the_first_cannot_and_that_is_told(
    reason: str, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with two_models(LLMServer([reply]), LLMServer(answer="second")) as both:
            assert await both.ask() == "second"
    assert both.fell_back == [("large", "small", reason)]
    assert "large does not answer, so small is asked" in caplog.text
    assert "sk-secret" not in caplog.text


async def test_the_first_rests_and_is_asked_again_later() -> None:
    first = LLMServer([BROKEN], answer="first")
    async with two_models(first, LLMServer(answer="second")) as both:
        assert [await both.ask(), await both.ask(), both.model.model] == ["second", "second", "small"]
        assert len(first.calls) == 1
        both.now_s = FIRST_RESTS_S
        assert [await both.ask(), both.model.model] == ["first", "large"]
    assert len(both.fell_back) == 1


async def test_it_rests_for_as_long_as_the_endpoint_asks() -> None:
    async with two_models(
        LLMServer([FAILURES["LLM_RATE_LIMITED"]], answer="first"), LLMServer(answer="second")
    ) as both:
        assert await both.ask() == "second"
        both.now_s = 499.0
        assert await both.ask() == "second"
        both.now_s = 500.0
        assert await both.ask() == "first"


async def test_while_the_first_rests_it_stands_in_for_the_second() -> None:
    async with two_models(LLMServer([BROKEN], answer="first"), LLMServer(["second", BROKEN])) as both:
        assert [await both.ask(), await both.ask()] == ["second", "first"]
    assert [names[:2] for names in both.fell_back] == [("large", "small"), ("small", "large")]


async def test_where_both_fail_both_are_told() -> None:
    async with two_models(LLMServer([FAILURES["NOT_CONFIGURED"]]), LLMServer([BROKEN])) as both:
        error = await both.failure()
    assert (error.reason, error.metadata["setting"]) == ("NOT_CONFIGURED", "llm_api_key")
    assert "does not accept the key" in error.message
    assert "Nor did the other language model answer" in error.message
    assert "The engine died." in error.message


async def test_a_reply_that_began_is_not_begun_by_another() -> None:
    second = LLMServer()
    async with (
        two_models(LLMServer([Reply("A long reply.", drop_after=6)]), second) as both,
        aclosing(both.model.chat([{"role": "user", "content": "Hello."}])) as reply,
    ):
        assert await anext(reply) == "A long"
        with pytest.raises(OrchestrionError) as caught:
            await anext(reply)
    assert (caught.value.reason, second.calls) == ("LLM_BROKE_OFF", [])


async def test_a_prompt_that_is_too_long_for_the_first_is_made_shorter_and_not_sent_elsewhere() -> None:
    second = LLMServer()
    async with two_models(LLMServer(most_tokens=400, answer="first"), second) as both:
        chat = chat_fitting(both.model, (4000, 400), lambda length: [{"role": "user", "content": "x" * length}])
        assert "".join([piece async for piece in chat if isinstance(piece, str)]) == "first"
    assert second.calls == []


async def test_the_second_gets_a_prompt_that_fits_in_its_own_context() -> None:
    """Its list of models says how long that is."""
    listed = {"/v1/models": {"data": [{"id": "small", "max_model_len": 400}]}}
    second = LLMServer(answer="second", beside=listed)
    async with two_models(LLMServer([BROKEN]), second) as both:
        chat = chat_fitting(both.model, (9000, 100), lambda length: [{"role": "user", "content": "x" * length}])
        assert "".join([piece async for piece in chat if isinstance(piece, str)]) == "second"
    assert [len(call.body["messages"][0]["content"]) for call in second.calls] == [100]
