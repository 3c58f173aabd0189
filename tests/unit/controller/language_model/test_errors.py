"""What endpoints complain of, wherever and however they say it: the right error, their words, and never the key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrion_serving.chat import Complaint
from tests.raw_endpoint import DONE, Answer, Break, chunk, event, streamed, whole
from tests.unit.controller.language_model.chats import KEY, chat, failure, model_of, outcome

SAID = "No models loaded"

FORMS: dict[str, Any] = {
    "an object": {"error": {"message": SAID, "type": "server_error", "param": None, "code": None}},
    "a text": {"error": SAID},
    "in `detail`": {"detail": SAID},
    "an object in `detail`": {"detail": {"message": SAID}},
    "a validation": {"detail": [{"loc": ["body", "model"], "msg": SAID, "type": "value_error"}]},
    "in `message`": {"message": SAID},
    "vLLM's": {"object": "error", "message": SAID, "type": "BadGateway", "code": None},
    "Anthropic's": {"type": "error", "error": {"type": "api_error", "message": SAID}},
    "a list of them": [{"error": {"message": SAID, "status": "INTERNAL"}}],
    "several": {"errors": [{"message": SAID}]},
    "MiniMax's": {"base_resp": {"status_code": 2013, "status_msg": SAID}},
    "Baidu's": {"error_code": 17, "error_msg": SAID},
    "OpenRouter's": {"error": {"message": "Provider returned error", "metadata": {"raw": SAID}}},
    "an error of an error": {"error": {"error": {"message": SAID}}},
    "without success": {"success": False, "msg": SAID},
    "beside empty choices": {"choices": [], "error": {"message": SAID}},
    "a problem": {"type": "about:blank", "title": "Oh", "detail": SAID},
    "no form at all": {"outcome": SAID},
    "in a choice": {"choices": [{"index": 0, "delta": {}, "error": {"message": SAID}, "finish_reason": "error"}]},
}


@pytest.mark.parametrize("error", FORMS.values(), ids=FORMS)
async def test_an_error_is_one_in_each_form(error: Any) -> None:
    for answer in (
        whole(error),
        whole(error, content_type="text/event-stream"),
        Answer((event(error), DONE)),
        Answer((event(error),), headers={"content-type": "application/json"}),
        whole(error, 500),
        whole(error, 502, "text/plain"),
    ):
        got = await failure(answer)
        assert got.reason == "LLM_UNAVAILABLE"
        assert SAID in got.message


TEXTS: dict[str, tuple[str, str]] = {
    "words": (SAID, SAID),
    "words in several lines": (f"Sorry.\n\n{SAID}\n", f"Sorry. {SAID}"),
    "a page": (
        "<!DOCTYPE html><html><head><title>Bad Gateway</title><style>p {color: red}</style></head>"
        f"<body><h1>{SAID}</h1><script>let x = 1;</script><p>cloud &amp; co</p></body></html>",
        f"Bad Gateway {SAID} cloud & co",
    ),
    "nothing": ("", ""),
}


@pytest.mark.parametrize("status", [200, 500, 502])
@pytest.mark.parametrize(("text", "words"), TEXTS.values(), ids=TEXTS)
async def test_an_error_may_be_words_or_a_page(text: str, words: str, status: int) -> None:
    got = await failure(whole(text, status, "text/html"))
    assert got.reason == "LLM_UNAVAILABLE"
    assert words in got.message
    assert "<" not in got.message


EVENTS: dict[str, bytes] = {
    "named, with JSON": b'event: error\ndata: {"message": "No models loaded"}\n\n',
    "named, with words": b"event: error\ndata: No models loaded\n\n",
    "named, with a text of JSON": b'event: error\ndata: "No models loaded"\n\n',
    "named after its data": b'data: {"message": "No models loaded"}\nevent: error\n\n',
    "in the data": event({"error": {"message": SAID}}),
    "in a field of its own": b'error: {"message": "No models loaded"}\n\n',
    "in a field of its own, as words": b"error: No models loaded\n\n",
    "without `data:`": b'{"error": {"message": "No models loaded"}}\n',
    "as words where nothing else comes": b"data: No models loaded\n\n",
}


@pytest.mark.parametrize("error", EVENTS.values(), ids=EVENTS)
async def test_an_error_may_be_an_event(error: bytes) -> None:
    got = await failure(Answer((error,)))
    assert (got.reason, SAID in got.message) == ("LLM_UNAVAILABLE", True)
    if error != EVENTS["as words where nothing else comes"]:
        got = await failure(streamed("They are ", error))
        assert (got.reason, SAID in got.message) == ("LLM_BROKE_OFF", True)


STATUSES: dict[str, tuple[Any, str]] = {
    "401": ({"error": {"code": 401}}, "NOT_CONFIGURED"),
    "a wrong key": ({"error": {"code": "invalid_api_key"}}, "NOT_CONFIGURED"),
    "unauthenticated": ({"error": {"status": "UNAUTHENTICATED", "code": 16}}, "NOT_CONFIGURED"),
    "402": ({"error": {"code": "402"}}, "LLM_QUOTA_EXHAUSTED"),
    "quota": ({"error": {"type": "insufficient_quota", "code": 429}}, "LLM_QUOTA_EXHAUSTED"),
    "403": ({"error": {"status": 403}}, "NOT_CONFIGURED"),
    "404": ({"code": 404}, "NOT_CONFIGURED"),
    "no such model": ({"error": {"type": "model_not_found"}}, "NOT_CONFIGURED"),
    "413": ({"error": {"status_code": 413}}, "LLM_CONTEXT_EXCEEDED"),
    "too long": ({"error": {"code": "context_length_exceeded"}}, "LLM_CONTEXT_EXCEEDED"),
    "429": ({"error": {"code": 429}}, "LLM_RATE_LIMITED"),
    "too many requests": ({"error": {"type": "RateLimitError"}}, "LLM_RATE_LIMITED"),
    "exhausted": ({"error": {"status": "RESOURCE_EXHAUSTED"}}, "LLM_RATE_LIMITED"),
    "429 beside": ({"status": 429, "error": {}, "detail": "slow down"}, "LLM_RATE_LIMITED"),
    "a name with dots": ({"code": "Throttling.RateQuota"}, "LLM_RATE_LIMITED"),
    "a status line": ({"error": {"status": "429 Too Many Requests"}}, "LLM_RATE_LIMITED"),
    "500": ({"error": {"code": 500}}, "LLM_UNAVAILABLE"),
    "503": ({"error": {"code": "503"}}, "LLM_UNAVAILABLE"),
    "overloaded": ({"type": "error", "error": {"type": "overloaded_error"}}, "LLM_UNAVAILABLE"),
}


def saying(error: dict[str, Any]) -> dict[str, Any]:
    inner = error.get("error")
    return {**error, "error": {**inner, "message": SAID}} if inner else {"message": SAID, **error}


@pytest.mark.parametrize(("error", "reason"), STATUSES.values(), ids=STATUSES)
async def test_a_status_in_a_body_counts_as_one_of_http(error: dict[str, Any], reason: str) -> None:
    body = saying(error)
    for answer in (whole(body), Answer((event(body),)), whole(body, 400), whole(body, 500)):
        got = await failure(answer)
        assert got.reason == reason
        if reason != "LLM_CONTEXT_EXCEEDED":  # It says the cure in our words.
            assert SAID in got.message or "slow down" in got.message


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "NOT_CONFIGURED"), (402, "LLM_QUOTA_EXHAUSTED"), (403, "NOT_CONFIGURED"), (404, "NOT_CONFIGURED"),
     (413, "LLM_CONTEXT_EXCEEDED"), (429, "LLM_RATE_LIMITED"), (500, "LLM_UNAVAILABLE"), (529, "LLM_UNAVAILABLE")],
)  # fmt: skip
async def test_a_status_of_http_counts_whatever_the_body(status: int, reason: str) -> None:
    for body in (
        "",
        "<html><body>Oh</body></html>",
        {"error": "Oh"},
        {"error": {"message": "Oh", "code": None}},
        "[]",
        "7",
    ):
        assert (await failure(whole(body, status))).reason == reason


async def test_a_status_in_words_counts_too() -> None:
    for text in ("429 Too Many Requests", "HTTP/1.1 429", "error code: 429", "Upstream said: status 429."):
        assert (await failure(whole(text, content_type="text/plain"))).reason == "LLM_RATE_LIMITED"
    for words, reason in (
        ("Unauthorized", "NOT_CONFIGURED"),
        ("API key not valid. Please pass a valid API key.", "NOT_CONFIGURED"),
        ("You didn't provide an API key.", "NOT_CONFIGURED"),
        ("Not Found", "NOT_CONFIGURED"),
        ("Too Many Requests", "LLM_RATE_LIMITED"),
        ("Insufficient Balance", "LLM_QUOTA_EXHAUSTED"),
        ("Rate limit exceeded", "LLM_RATE_LIMITED"),
    ):
        for body in (
            words,
            json.dumps({"error": words}),
            json.dumps({"detail": words, "type": "invalid_request_error"}),
        ):
            assert (await failure(whole(body))).reason == reason
    # Other numbers are no statuses.
    assert (await failure(whole("It took 429 ms.", content_type="text/plain"))).reason == "LLM_UNAVAILABLE"


@pytest.mark.parametrize(
    "message", [f"wrong key {KEY}", f"Incorrect API key: {KEY}." * 3, f"https://api.example/?key={KEY}&x=1"]
)
async def test_the_words_of_an_endpoint_are_cut_and_without_the_key(message: str) -> None:
    for status in (200, 400, 401, 403, 404, 429, 500):
        got = await failure(whole({"error": {"message": message + " really" * 100}}, status))
        assert KEY not in got.message + str(got.metadata) + str(got.__cause__)
        assert "key" in got.message
        assert len(got.message) < 600


def test_a_short_key_is_hidden_where_it_stands_alone_and_words_stay_words() -> None:
    complaint = Complaint("Token broken: key k, 'k', sk-long-and-secret!")
    assert complaint.quoted(("k", "sk-long-and-secret")) == "Token broken: key …, '…', …!"


WAITS: dict[str, tuple[dict[str, Any], dict[str, str], int | None]] = {
    "by a header": ({}, {"retry-after": "7"}, 7000),
    "by a field": ({"retry_after": 7}, {}, 7000),
    "by a text in a field": ({"retry_after": "7"}, {}, 7000),
    "Google's": ({"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}]}, {}, 37_000),
    "by words": ({"message": "Rate limit reached. Please try again in 7.66s. Visit us."}, {}, 7660),
    "by words, in milliseconds": ({"message": "Please try again in 250ms."}, {}, 250),
    "by words, in minutes": ({"message": "Please try again in 1m30s."}, {}, 90_000),
    "by a header before words": ({"message": "Please try again in 9s."}, {"retry-after": "7"}, 7000),
    "by nothing": ({"message": "Wait for 3 others."}, {}, None),
}


@pytest.mark.parametrize(("fields", "headers", "wait_ms"), WAITS.values(), ids=WAITS)
async def test_a_wait_that_is_asked_for_is_told(
    fields: dict[str, Any], headers: dict[str, str], wait_ms: int | None
) -> None:
    body = {"error": {"message": "Slow down.", "code": 429, **fields}}
    for status in (429, 200):
        got = await failure(whole(body, status, **headers))
        assert (got.reason, got.retry_after_ms) == ("LLM_RATE_LIMITED", wait_ms)


async def test_a_busy_endpoint_is_asked_again_whatever_says_so() -> None:
    busy = whole({"error": {"message": "Slow down.", "code": 429, "retry_after": 0.01}})
    in_stream = Answer((event({"error": {"code": 503, "message": "Loading.", "retry_after_ms": 10}}),))
    async with model_of(busy, in_stream, Answer((Break.CLOSE,)), streamed("Fine."), retry_count=3) as (model, endpoint):
        assert (await chat(model)).text == "Fine."
        assert len(endpoint.bodies) == 4


async def test_what_has_begun_is_not_asked_for_again() -> None:
    begun = streamed("They ", event({"error": {"code": 503, "message": "Gone."}}))
    async with model_of(begun, streamed("Fine."), retry_count=3) as (model, endpoint):
        with pytest.raises(Exception, match="Gone"):
            await chat(model)
        assert len(endpoint.bodies) == 1


async def test_what_only_looks_like_an_error_is_none() -> None:
    odd = event(
        {"choices": [{"delta": {"content": "Fine."}}], "message": "ok", "error": None, "code": 0, "status": "ok"}
    )
    assert (await outcome(streamed(odd, chunk({}), event({"id": 1, "base_resp": {"status_code": 0}})))).text == "Fine."
