"""The chat with an OpenAI-compatible endpoint: what it refuses, when it is busy, silent or gone, and what is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from orchestrion.errors import OrchestrionError
from orchestrion_controller.deadline import remaining_s, run_deadline
from orchestrion_controller.language_model import Ended, LanguageModel, LanguageModelConfig, Schema
from orchestrion_controller.language_model.failures import ContextRefusal, context_refusal
from orchestrion_controller.language_model.retries import LlmAttempts, retry_after_s
from tests.llm_server import LLMServer, Reply

KEY = "sk-secret-key"
MESSAGES = [{"role": "user", "content": "Say hello."}]
SCHEMA = Schema("greeting", {"type": "object", "properties": {}, "required": [], "additionalProperties": False})
BUSY = Reply(status=429, headers={"retry-after": "0.01"})


@asynccontextmanager
async def model_at(server: LLMServer, **options: Any) -> AsyncIterator[LanguageModel]:
    model = LanguageModel(LanguageModelConfig(server.base_url, KEY, "scripted", **options))
    try:
        yield model
    finally:
        await model.aclose()


async def said(model: LanguageModel, schema: Schema | None = None) -> str:
    return "".join([piece async for piece in model.chat(MESSAGES, schema) if isinstance(piece, str)])


async def failure(server: LLMServer, **options: Any) -> OrchestrionError:
    async with model_at(server, **options) as model:
        with pytest.raises(OrchestrionError) as caught:
            await said(model)
    return caught.value


async def test_a_reply_comes_in_pieces_and_says_how_it_ended() -> None:
    async with LLMServer([Reply("Hello!" * 40, tokens_per_second=2000)]) as server, model_at(server) as model:
        *pieces, ended = [piece async for piece in model.chat(MESSAGES)]
    assert len(pieces) > 10
    assert "".join(str(piece) for piece in pieces) == "Hello!" * 40
    assert isinstance(ended, Ended)
    assert (ended.finish_reason, ended.is_refusal, ended.usage.llm_call_count) == ("stop", False, 1)
    assert ended.usage.completion_token_count == 60


@pytest.mark.parametrize(
    ("refuses", "formats"),
    [
        ([], ["json_schema"]),
        (["json_schema"], ["json_schema", "json_object"]),
        (["json_schema", "json_object"], ["json_schema", "json_object", ""]),
        (["stream_options"], ["json_schema", "json_schema"]),
    ],
)
async def test_what_an_endpoint_refuses_is_found_out_once(refuses: list[str], formats: list[str]) -> None:
    async with LLMServer(["first", "second"], refuses=refuses) as server, model_at(server) as model:
        assert await said(model, SCHEMA) == "first"
        assert await said(model, SCHEMA) == "second"
    assert [call.format for call in server.calls] == [*formats, formats[-1]]
    assert ("stream_options" in server.calls[-1].body) == ("stream_options" not in refuses)


async def test_chance_is_kept_out_of_replies_that_must_have_a_form_where_the_model_lets_it() -> None:
    async with LLMServer(answer="hello") as server, model_at(server) as model:
        await said(model, SCHEMA)
        await said(model)
    assert [call.body.get("temperature") for call in server.calls] == [0.0, None]

    async with LLMServer(answer="hello", plan="{}", refuses=["temperature"]) as server, model_at(server) as model:
        for _ in range(2):
            assert await said(model, SCHEMA) == "{}"
    assert [call.body.get("temperature") for call in server.calls] == [0.0, None, None]


async def test_an_endpoint_that_does_not_stream_is_understood() -> None:
    async with LLMServer([Reply("hello", streamed=False)]) as server, model_at(server) as model:
        text, ended = [piece async for piece in model.chat(MESSAGES)]
    assert text == "hello"
    assert isinstance(ended, Ended)
    assert (ended.finish_reason, ended.usage.completion_token_count) == ("stop", 2)


@pytest.mark.parametrize("status", [400, 422, 501])
async def test_an_endpoint_that_does_not_say_what_it_refuses_is_tried_with_less(status: int) -> None:
    silent = Reply(status=status, error="Bad Request")
    async with LLMServer([silent, silent, "first", "second"]) as server, model_at(server) as model:
        assert await said(model, SCHEMA) == "first"
        assert await said(model, SCHEMA) == "second"
    assert [call.format for call in server.calls] == ["json_schema", "json_object", "", ""]

    # Where less does not help either, nothing was found out.
    async with LLMServer([silent, silent, silent, "{}"]) as server, model_at(server) as model:
        with pytest.raises(OrchestrionError):
            await said(model, SCHEMA)
        assert await said(model, SCHEMA) == "{}"
    assert server.calls[-1].format == "json_schema"


async def test_a_schema_that_is_refused_says_nothing_about_others() -> None:
    refusal = Reply(status=400, error="Invalid schema for response_format 'greeting': too deep")
    async with LLMServer([refusal, "first", "second"]) as server, model_at(server) as model:
        assert await said(model, SCHEMA) == "first"
        assert await said(model, Schema("plan", SCHEMA.schema)) == "second"
    assert [call.format for call in server.calls] == ["json_schema", "json_object", "json_schema"]


async def test_two_calls_that_find_out_the_same_at_once_give_up_one_format_only() -> None:
    async with LLMServer(answer="{}", plan="{}", refuses=["json_schema"]) as server, model_at(server) as model:
        await asyncio.gather(*(said(model, SCHEMA) for _ in range(8)))
        await said(model, SCHEMA)
    assert server.calls[-1].format == "json_object"


@pytest.mark.parametrize(
    ("reply", "reason", "retry_after_ms"),
    [
        (Reply(status=429, headers={"retry-after": "7"}), "LLM_RATE_LIMITED", 7000),
        (Reply(status=429), "LLM_RATE_LIMITED", None),
        (Reply(status=429, error="You exceeded your current quota: insufficient_quota"), "LLM_QUOTA_EXHAUSTED", None),
        (Reply(status=402), "LLM_QUOTA_EXHAUSTED", None),
        (Reply(status=503, headers={"retry-after-ms": "250"}), "LLM_UNAVAILABLE", 250),
        (Reply(status=500), "LLM_UNAVAILABLE", None),
        (Reply(status=400, error=f"no such field, {KEY}"), "LLM_UNAVAILABLE", None),
        (Reply(status=400, error="the prompt is too long"), "LLM_CONTEXT_EXCEEDED", None),
        (Reply(status=401, error=f"wrong key {KEY}"), "NOT_CONFIGURED", None),
        (Reply(status=404), "NOT_CONFIGURED", None),
        (Reply("half of it", drop_after=4), "LLM_BROKE_OFF", None),
    ],
)
async def test_endpoint_in_trouble(reply: Reply, reason: str, retry_after_ms: int | None) -> None:
    async with LLMServer([reply]) as server:
        error = await failure(server, retry_count=0)
    assert (error.reason, error.retry_after_ms) == (reason, retry_after_ms)
    assert KEY not in error.message


async def test_a_date_says_when_to_come_back_as_well_as_seconds() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    async with LLMServer([Reply(status=429, headers={"retry-after": later})]) as server:
        error = await failure(server, retry_count=0)
    assert error.reason == "LLM_RATE_LIMITED"
    assert error.retry_after_ms is not None
    assert 0 < error.retry_after_ms <= 30_000


async def test_a_busy_endpoint_is_asked_again_as_often_as_the_setting_says() -> None:
    async with LLMServer([BUSY, Reply(status=503, headers={"retry-after-ms": "10"}), "hello"]) as server:
        async with model_at(server, retry_count=2) as model:
            assert await said(model) == "hello"
        assert len(server.calls) == 3

    async with LLMServer([BUSY, BUSY, "hello"]) as server:
        assert (await failure(server, retry_count=1)).reason == "LLM_RATE_LIMITED"
        assert len(server.calls) == 2


@pytest.mark.parametrize("status", [400, 401, 402, 404])
async def test_what_time_does_not_cure_is_not_tried_again(status: int) -> None:
    async with LLMServer([Reply(status=status), "hello"]) as server:
        await failure(server, retry_count=5)
        assert len(server.calls) == 1


async def test_a_wait_longer_than_the_runs_deadline_or_the_setting_is_not_begun() -> None:
    busy = Reply(status=429, headers={"retry-after": "5"})
    async with LLMServer([busy, busy, "hello"]) as server:
        with run_deadline(2.0):
            error = await failure(server, retry_count=2)
        assert (error.reason, error.retry_after_ms) == ("LLM_RATE_LIMITED", 5000)
        assert len(server.calls) == 1

        assert (await failure(server, retry_count=2, longest_wait_s=4.0)).retry_after_ms == 5000
        assert len(server.calls) == 2


async def test_a_deadline_holds_for_tasks_started_under_it_and_ends_with_it() -> None:
    assert remaining_s() is None
    with run_deadline(60.0):
        left = await asyncio.create_task(_remaining())
    assert left is not None
    assert 50 < left <= 60
    assert remaining_s() is None


async def _remaining() -> float | None:
    return remaining_s()


@pytest.mark.parametrize(
    ("reply", "setting"),
    [
        (Reply("hello", delay_ms=60_000), "llm_timeout_s"),
        (Reply("hello, this goes on", stall_after=0), "llm_timeout_s"),
        (Reply("hello, this goes on", role_first=True, stall_after=0), "llm_timeout_s"),
        (Reply("hello, this goes on", stall_after=6), "llm_idle_timeout_s"),
    ],
    ids=["nothing at all", "signs of life only", "whose turn it is only", "in the middle"],
)
async def test_silence_is_timed_before_and_within_a_reply(reply: Reply, setting: str) -> None:
    async with LLMServer([reply]) as server:
        error = await failure(server, timeout_s=1.0, idle_timeout_s=1.0)
        assert len(server.calls) == 1
    assert error.reason == "LLM_TIMED_OUT"
    assert error.metadata["setting"] == setting
    assert setting in error.message


async def test_an_endpoint_that_is_not_there_is_unavailable() -> None:
    async with LLMServer() as server:
        pass
    error = await failure(server, retry_count=1)
    assert error.reason == "LLM_UNAVAILABLE"
    assert "reached" in error.message


async def test_the_key_and_what_a_url_hides_are_told_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    replies = [Reply(status=400, error=f"no {KEY} here"), Reply(status=401, error=KEY), Reply(status=429, error=KEY)]
    async with LLMServer(replies) as server:
        errors = [await failure(server, retry_count=0) for _ in replies]
        assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"
    hidden = LanguageModelConfig("http://me:password@127.0.0.1:9/v1?token=secret", KEY, timeout_s=5.0, retry_count=0)
    model = LanguageModel(hidden)
    with pytest.raises(OrchestrionError) as caught:
        await said(model)
    await model.aclose()
    messages = "".join(error.message + str(error.metadata) for error in [*errors, caught.value])
    for secret in (KEY, "password", "token=secret"):
        assert secret not in messages
    assert KEY not in caplog.text
    assert KEY not in repr(hidden)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 09:28:30 +0200"}, 30.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_both_forms_of_retry_after(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after_s(headers, datetime(2026, 10, 21, 7, 28, 0, tzinfo=UTC)) == expected


def test_waits_keep_to_what_is_asked_and_to_what_is_left() -> None:
    retries = LlmAttempts(count=3, longest_wait_s=10.0)
    assert retries.next_wait_s(6.0, None) == 6.0
    # Ten seconds in all: six are spent.
    assert retries.next_wait_s(6.0, None) is None
    assert retries.next_wait_s(2.0, 2.0) is None
    assert retries.next_wait_s(2.0, 2.5) == 2.0
    assert retries.next_wait_s(0.0, None) == 0.0
    assert retries.next_wait_s(0.0, None) is None


def test_without_a_word_from_the_endpoint_waits_grow() -> None:
    retries = LlmAttempts(count=6, longest_wait_s=60.0)
    waits = [retries.next_wait_s(None, None) for _ in range(6)]
    for wait, most in zip(waits, (0.5, 1.0, 2.0, 4.0, 8.0, 8.0), strict=True):
        assert wait is not None
        assert 0.75 * most <= wait <= most


@pytest.mark.parametrize(
    ("body", "message", "expected"),
    [
        (
            {"code": "context_length_exceeded"},
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 10432 tokens.",
            ContextRefusal(8192, 10432),
        ),
        (
            {},
            "This model's maximum context length is 4096 tokens. However, you requested 6000 tokens (5000 in the "
            "messages, 1000 in the completion). Please reduce the length of the messages or completion.",
            ContextRefusal(4096, 5000),
        ),
        (
            {"type": "exceed_context_size_error", "n_prompt_tokens": 9412, "n_ctx": 8192},
            "the request exceeds the available context size. try increasing the context size or enable context shift",
            ContextRefusal(8192, 9412),
        ),
        (
            {"error": {"type": "exceed_context_size_error"}},
            "request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it",
            ContextRefusal(8192, 9412),
        ),
        ({}, "The prompt is too long for this model.", ContextRefusal()),
        ({}, "Requested tokens (2285) exceed context window of 2048", ContextRefusal(2048, 0)),
    ],
    ids=["OpenAI", "vLLM", "llama.cpp's fields", "llama.cpp's words", "no numbers", "llama-cpp-python"],
)
def test_a_refusal_for_length_tells_both_lengths(body: dict[str, Any], message: str, expected: ContextRefusal) -> None:
    assert context_refusal(400, body, message) == expected


@pytest.mark.parametrize("message", ["response_format is not supported", "unknown field", "json_schema too large"])
def test_other_complaints_are_none_about_length(message: str) -> None:
    assert context_refusal(400, {}, message) is None
