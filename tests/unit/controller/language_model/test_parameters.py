"""What endpoints refuse in a request is renamed, merged or left out, and remembered; what they take is sent."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrion.errors import OrchestrionError
from orchestrion_controller.language_model import Schema
from orchestrion_serving.chat import Abilities, ChatParameters, Complaint, EndpointAddress
from orchestrion_serving.chat_endpoint import EndpointHabits
from tests.raw_endpoint import Answer, message, streamed, whole
from tests.unit.controller.language_model.chats import SCHEMA, chat, model_of

STRICT = Schema("mood", SCHEMA.schema, {**SCHEMA.schema, "additionalProperties": False})
CHAT_ALL: dict[str, Any] = {"schema": SCHEMA, "max_tokens": 500}


def refusing(test: Any, body: dict[str, Any], status: int = 400) -> Any:
    """An endpoint that refuses requests for which the test holds."""
    return lambda sent: whole(body, status) if test(sent) else streamed('{"mood": "fine"}')


def has(name: str) -> Any:
    return lambda body: name in body


def said(words: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": words, "type": "invalid_request_error", **fields}}


REFUSALS: dict[str, tuple[str, Any]] = {
    "OpenAI's": ("temperature", said("Unsupported value: 'temperature' does not support 0.0 with this model.")),
    "by `param` alone": ("temperature", said("Unsupported value.", param="temperature", code="unsupported_value")),
    "by `param` beside the error": ("temperature", {"error": "Unsupported.", "param": "temperature"}),
    "Groq's": ("temperature", said("property 'temperature' is unsupported")),
    "pydantic's": ("stream_options", {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"],
                                                  "msg": "Extra inputs are not permitted"}]}),
    "an argument that nobody knows": ("stream_options", said("Unrecognized request argument supplied: stream_options")),
    "a part of a field": ("stream_options", said("unknown field `include_usage`, expected one of …")),
    "Go's": ("stream_options", {"error": 'json: unknown field "stream_options"'}),
    "Mistral's": ("temperature", {"object": "error", "message": {"detail": [{"loc": ["body", "temperature"],
                                                                             "msg": "Input should be greater"}]}}),
    "Python's": ("temperature", {"detail": "create() got an unexpected keyword argument 'temperature'"}),
}  # fmt: skip


@pytest.mark.parametrize("status", [400, 422, 200, 500])
@pytest.mark.parametrize(("field", "body"), REFUSALS.values(), ids=REFUSALS)
async def test_a_field_that_is_refused_is_left_out_from_then_on(field: str, body: Any, status: int) -> None:
    async with model_of(refusing(has(field), body, status)) as (model, endpoint):
        for _ in range(2):
            assert (await chat(model, **CHAT_ALL)).text == '{"mood": "fine"}'
    assert [field in sent for sent in endpoint.bodies] == [True, False, False]
    # Nothing else is given up.
    assert set(endpoint.bodies[0]) - set(endpoint.bodies[-1]) == {field}


async def test_a_temperature_that_the_operator_set_is_left_out_too() -> None:
    script = refusing(has("temperature"), said("temperature is not supported"))
    async with model_of(script, temperature=0.7) as (model, endpoint):
        await chat(model)
    assert [sent.get("temperature") for sent in endpoint.bodies] == [0.7, None]


async def test_the_limit_has_another_name_at_some_and_none_at_others() -> None:
    words = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    for body in (said(words), said("Unsupported parameter.", param="max_tokens")):
        async with model_of(refusing(has("max_tokens"), body)) as (model, endpoint):
            await chat(model, max_tokens=500)
            await chat(model, max_tokens=300)
        assert [sent.get("max_completion_tokens") for sent in endpoint.bodies] == [None, 500, 300]
        assert "max_tokens" not in endpoint.bodies[-1]

    def nameless(sent: dict[str, Any]) -> Answer:
        limit = next((name for name in sent if name.startswith("max_")), "")
        return whole(said(f"Unknown: {limit}"), 400) if limit else streamed("Fine.")

    async with model_of(nameless) as (model, endpoint):
        assert (await chat(model, max_tokens=500)).text == "Fine."
        assert not any(name.startswith("max_") for name in endpoint.bodies[-1])
        await chat(model, max_tokens=500)
    assert len(endpoint.bodies) == 4


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens is too large: 9000. This model supports at most 4096 completion tokens.",
        "`max_tokens` must be less than or equal to `4096`, the maximum value for `max_tokens` is less than the window",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 4096]",
        "max_tokens should be at most 4,096",
    ],
)
async def test_a_limit_that_is_too_high_is_lowered(words: str) -> None:
    script = refusing(lambda body: body.get("max_tokens", 0) > 4096, said(words))
    async with model_of(script) as (model, endpoint):
        for limit in (9000, 9000, 100):
            await chat(model, max_tokens=limit)
    assert [sent["max_tokens"] for sent in endpoint.bodies] == [9000, 4096, 4096, 100]


async def test_a_limit_that_leaves_the_prompt_no_room_is_left_out_of_that_call() -> None:
    words = "'max_tokens' is too large: 4000. This model's maximum context length is 4096 tokens and your request has "
    script = refusing(has("max_tokens"), said(words + "500 input tokens (4000 > 4096 - 500)."))
    async with model_of(script) as (model, endpoint):
        await chat(model, max_tokens=4000)
    assert ["max_tokens" in sent for sent in endpoint.bodies] == [True, False]


SYSTEMLESS = [
    said("System role not supported"),
    said("Unsupported value: 'messages[0].role' does not support 'system' with this model.", param="messages[0].role"),
    said("Unsupported value.", param="messages[0].role"),
    said("Only user and assistant roles are supported!"),
    {"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "Input should be 'user' or 'assistant'"}]},
    said("'system' is not one of ['user', 'assistant'] - 'messages.0.role'"),
    said("Developer instruction is not enabled for this model; system messages are unsupported"),
]


@pytest.mark.parametrize("body", SYSTEMLESS)
async def test_without_a_system_role_its_words_begin_the_first_message_of_the_user(body: Any) -> None:
    async with model_of(refusing(lambda sent: sent["messages"][0]["role"] == "system", body)) as (model, endpoint):
        for _ in range(2):
            await chat(model)
    assert len(endpoint.bodies) == 3
    assert endpoint.bodies[-1]["messages"] == [{"role": "user", "content": "Be kind.\n\nHow are they?"}]


async def test_roles_alternate_where_they_must() -> None:
    messages = [{"role": "user", "content": text} for text in ("One.", "Two.")]
    said_so = said("Conversation roles must alternate user/assistant/user/assistant/...")
    async with model_of(refusing(lambda sent: len(sent["messages"]) > 1, said_so, 500)) as (model, endpoint):
        assert [item async for item in model.chat(messages)]
    assert endpoint.bodies[-1]["messages"] == [{"role": "user", "content": "One.\n\nTwo."}]


@pytest.mark.parametrize(
    "body",
    [
        said("Your organization must be verified to stream this model.", param="stream", code="unsupported_value"),
        said("Streaming is not supported for this model."),
        said("Unsupported value.", param="stream"),
        {"detail": "This server does not support streaming"},
    ],
)
async def test_an_endpoint_that_refuses_to_stream_is_asked_for_the_whole(body: Any) -> None:
    def script(sent: dict[str, Any]) -> Answer:
        return whole(body, 400) if sent.get("stream") else whole(message("Fine."))

    async with model_of(script) as (model, endpoint):
        for _ in range(2):
            assert (await chat(model)).text == "Fine."
    assert ["stream" in sent for sent in endpoint.bodies] == [True, False, False]
    assert "stream_options" not in endpoint.bodies[-1]


def sent_format(body: dict[str, Any]) -> tuple[str, bool | None]:
    form = body.get("response_format", {})
    return form.get("type", ""), form.get("json_schema", {}).get("strict")


def strictness_of(body: dict[str, Any]) -> bool | None:
    return sent_format(body)[1]


async def test_a_schema_is_sent_as_it_is_to_others_and_strictly_to_openai_itself() -> None:
    parameters = ChatParameters(schema=STRICT)
    for address, is_strict in (
        (EndpointAddress(), True),
        (EndpointAddress("http://127.0.0.1:8000/v1"), False),
    ):
        form: Any = EndpointHabits(address).abilities.body("m", [], parameters)["response_format"]
        assert form["json_schema"]["strict"] is is_strict
        assert form["json_schema"]["schema"] == (STRICT.strict_schema if is_strict else STRICT.schema)


@pytest.mark.parametrize(
    ("refuses", "words"),
    [
        (False, "'strict' must be true in json_schema"),
        (False, "Invalid schema for response_format 'mood': In context=(), 'additionalProperties' is required"),
        (False, "response_format: json_schema.strict is required"),
    ],
)
async def test_where_one_form_of_a_schema_is_refused_the_other_is_tried(refuses: bool, words: str) -> None:
    script = refusing(lambda body: strictness_of(body) is refuses, said(words))
    async with model_of(script) as (model, endpoint):
        await chat(model, STRICT)
    assert [sent_format(body) for body in endpoint.bodies] == [("json_schema", False), ("json_schema", True)]
    assert endpoint.bodies[-1]["response_format"]["json_schema"]["schema"] == STRICT.strict_schema


async def test_a_schema_that_is_strict_by_itself_is_sent_so_until_that_is_refused() -> None:
    script = refusing(strictness_of, said("json_schema.strict is not supported"))
    async with model_of(script) as (model, endpoint):
        await chat(model, SCHEMA)
    assert [sent_format(body) for body in endpoint.bodies] == [("json_schema", True), ("json_schema", False)]


async def test_where_both_forms_are_refused_there_is_json_and_then_text() -> None:
    words = said("strict json_schema is not supported by response_format")
    async with model_of(refusing(has("response_format"), words)) as (model, endpoint):
        await chat(model, STRICT)
    formats = [sent_format(body)[0] for body in endpoint.bodies]
    assert formats == ["json_schema", "json_schema", "json_object", ""]


async def test_several_refusals_are_learned_in_one_call_and_by_all_that_follow() -> None:
    refused = ("temperature", "stream_options", "max_tokens", "response_format")

    def script(sent: dict[str, Any]) -> Answer:
        wrong = next((name for name in refused if name in sent), "")
        if not wrong and sent["messages"][0]["role"] == "system":
            return whole(said("system role is not supported"), 400)
        return whole(said(f"{wrong} is not supported", param=wrong), 400) if wrong else streamed("{}")

    async with model_of(script) as (model, endpoint):
        await chat(model, **CHAT_ALL)
        attempts = len(endpoint.bodies)
        await chat(model, **CHAT_ALL)
    assert len(endpoint.bodies) == attempts + 1
    assert set(endpoint.bodies[-1]) == {"model", "messages", "stream", "max_completion_tokens"}


async def test_an_endpoint_that_always_refuses_is_not_asked_for_ever() -> None:
    words = (
        "temperature, max_tokens, max_completion_tokens, stream_options, seed, response_format, stream: not supported; "
    )
    async with model_of(whole(said(words + "the system role is not, and roles must alternate"), 400)) as (
        model,
        endpoint,
    ):
        with pytest.raises(OrchestrionError) as caught:
            await chat(model, **CHAT_ALL)
    assert caught.value.reason == "LLM_UNAVAILABLE"
    assert len(endpoint.bodies) < 16


async def test_what_two_calls_learn_at_once_is_remembered_of_both() -> None:
    one = Abilities(refused=frozenset({"temperature"}), most_tokens=4096)
    two = Abilities(refused=frozenset({"stream_options"}), takes_system=False, limit_name="max_completion_tokens")
    for both in (one.and_(two), two.and_(one)):
        assert both.refused == {"temperature", "stream_options"}
        assert (both.most_tokens, both.takes_system, both.limit_name) == (4096, False, "max_completion_tokens")


async def test_a_refusal_about_nothing_that_was_sent_is_told() -> None:
    parameters = ChatParameters()
    for complaint in (Complaint("no such field: colour", 400), Complaint("temperature is high here", 401)):
        assert Abilities().without_what_was_refused(parameters, complaint) is None
