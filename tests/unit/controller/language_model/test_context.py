"""How much of a prompt an endpoint without a tokenizer has room for, and how a caller learns what was left out."""

from __future__ import annotations

import pytest

from orchestrion.errors import OrchestrionError
from orchestrion_controller.language_model import ChatMessage, LanguageModel, LanguageModelConfig, chat_fitting
from orchestrion_serving.chat import ContextRefusal, context_refusal
from tests.raw_endpoint import DONE, STOP, Answer, RawEndpoint, chunk, whole

CONTEXT = 4096
ROOM = CONTEXT - CONTEXT // 4


def prompt(text: str, size: int) -> list[ChatMessage]:
    """A prompt of so many bytes."""
    return [{"role": "user", "content": (text * size)[: size // len(text.encode()) * len(text)]}]


def counting(tokens: int) -> Answer:
    return Answer((chunk({"content": "Fine."}), STOP, chunk(usage={"prompt_tokens": tokens}), DONE))


async def test_a_token_has_two_and_a_half_bytes_until_the_endpoint_has_counted() -> None:
    small, large = prompt("word ", 7_000), prompt("word ", 9_000)
    async with RawEndpoint(counting(1_750)) as endpoint:
        model = LanguageModel(LanguageModelConfig(endpoint.base_url, context_tokens=CONTEXT))
        assert (await model.fits(small), await model.fits(large)) == (True, False)
        [item async for item in model.chat(small)]
        # It has counted four bytes a token, so that more fits; texts of another script are another matter.
        assert (await model.fits(large), await model.fits(prompt("word ", 16_000))) == (True, False)
        assert (await model.fits(prompt("字", 7_000)), await model.fits(prompt("字", 9_000))) == (True, False)
        await model.aclose()


async def test_what_was_left_out_can_be_told() -> None:
    fitted: list[int] = []
    refusal = whole({"error": {"message": "This model's maximum context length is 900 tokens.", "code": 400}}, 400)

    def answer(body: dict[str, list[dict[str, str]]]) -> Answer:
        return refusal if len(body["messages"][0]["content"]) > 2_000 else counting(500)

    async with RawEndpoint(answer) as endpoint:
        model = LanguageModel(LanguageModelConfig(endpoint.base_url, context_tokens=CONTEXT))
        sizes = [9_000, 6_000, 1_000]
        chat = chat_fitting(model, sizes, lambda size: prompt("word ", size), fitted=fitted.append)
        assert "Fine." in [item async for item in chat]
        await model.aclose()
    # The first did not fit by our reckoning, the second not by the endpoint's.
    assert fitted == [6_000, 1_000]


async def test_a_prompt_that_is_too_large_for_http_is_too_long() -> None:
    async with RawEndpoint(whole("Payload Too Large", 413, "text/plain")) as endpoint:
        model = LanguageModel(LanguageModelConfig(endpoint.base_url))
        messages = prompt("word ", 10_000)
        with pytest.raises(OrchestrionError) as caught:
            [item async for item in model.chat(messages)]
        assert caught.value.reason == "LLM_CONTEXT_EXCEEDED"
        assert not await model.fits(messages)
        await model.aclose()


def test_a_refusal_of_the_replys_limit_is_none_of_the_prompt() -> None:
    words = "maximum context length is 4096 tokens and your request has 500 input tokens; max_tokens is too large"
    assert context_refusal(400, {}, words) == ContextRefusal(4096, 0, is_about_reply=True)
