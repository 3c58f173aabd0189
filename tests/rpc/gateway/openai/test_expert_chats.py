"""Language models of our own hosts, each under its id: what reaches them, how their text streams, and how it ends."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import openai
import pytest

from orchestrion import AsyncClient, Json, RunState
from orchestrion.errors import Reason
from tests.rpc.gateway.conftest import the_only_run
from tests.rpc.gateway.openai.conftest import StartTalkingHost
from tests.rpc.gateway.openai.talking_host import Endless, fails, says

HELLO: Any = [{"role": "user", "content": "Hello"}]


async def test_a_conversation_reaches_the_expert_as_it_was_written(
    ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost, client: AsyncClient
) -> None:
    counted = {"prompt_token_count": 9.0, "completion_token_count": 3.0, "finish_reason": "length"}
    host = await start_talkers({"talker": ("conversational", says("Good ", "day", **counted))})
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}}}

    answer = await ai.chat.completions.create(
        model="talker",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hello!"},
            {"role": "user", "content": [{"type": "text", "text": "How"}, {"type": "text", "text": "are you?"}]},
        ],
        max_completion_tokens=7,
        temperature=0.5,
        seed=11,
        response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
    )

    (inputs,) = host.inputs_of("talker")
    assert inputs == {
        "text": "How\n\nare you?",
        "history": Json([{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello!"}]),
        "system": "Be brief.",
        "schema": Json(schema),
        "max_tokens": 7,
        "temperature": 0.5,
        "seed": 11,
    }
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == ("Good day", "length")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (9, 3, 12)
    # It is a run like any other: executed, by the expert that was named.
    run = await client.runs.get(answer.id.replace("chatcmpl-", "runs/"))
    assert [assignment.expert_id for assignment in run.assignments] in ([], ["talker"])
    assert run.kind.name == "EXECUTE"


async def test_text_streams_as_it_is_written(ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost) -> None:
    await start_talkers({"talker": ("conversational", Endless("One", " two"))})
    stream = await ai.chat.completions.create(model="talker", messages=HELLO, stream=True)
    text = ""
    # It comes while the expert has not ended, and never will.
    async for chunk in stream:
        text += chunk.choices[0].delta.content or ""
        if text == "One two":
            break
    await stream.close()


async def test_a_stop_sequence_ends_the_text_and_the_work(
    ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost
) -> None:
    host = await start_talkers(
        {"talker": ("conversational", Endless("One, tw", "o, th", "ree")), "writer": ("text-generation", says("a b"))}
    )
    answer = await ai.chat.completions.create(model="talker", messages=HELLO, stop=[", three", "four"])
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("One, two", "stop")
    await host.cancelled.wait()
    whole = await ai.chat.completions.create(model="writer", messages=HELLO, stop="c")
    assert whole.choices[0].message.content == "a b"


async def test_turns_that_a_model_had_no_room_for_are_told(
    ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost
) -> None:
    await start_talkers({"talker": ("conversational", says("Yes", omitted_turn_count=3.0))})
    answer = await ai.chat.completions.create(model="talker", messages=HELLO)
    assert "no room for 3 of the earlier turns" in answer.choices[0].message.model_dump()["reasoning_content"]
    with pytest.raises(openai.BadRequestError) as caught:
        await ai.responses.create(model="talker", input="Hello")
    assert caught.value.code == "context_length_exceeded"
    kept = await ai.responses.create(model="talker", input="Hello", truncation="auto")
    assert kept.output_text == "Yes"


async def test_a_text_that_broke_off_is_an_error_and_never_mixed_with_another(
    ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost
) -> None:
    broken = Reason.WORKER_CRASHED.error("The worker died.")
    await start_talkers({"talker": ("conversational", fails(broken, "One", " two"))}, "one")
    with pytest.raises(openai.APIStatusError) as caught:
        await ai.chat.completions.create(model="talker", messages=HELLO)
    assert (caught.value.status_code, caught.value.code) == (503, "worker_crashed")
    assert caught.value.response.headers["x-should-retry"] == "true"
    # The same expert is on another host, to which the second attempt would go.
    await start_talkers({"talker": ("conversational", fails(broken, "One", " two"))}, "two")
    shown: list[str] = []
    with pytest.raises(openai.APIError, match="worker died"):
        await _read(ai, stream=True, shown=shown)
    assert "".join(shown) == "One two"


@pytest.mark.parametrize("stream", [False, True])
async def test_who_leaves_ends_the_work(
    ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost, client: AsyncClient, stream: bool
) -> None:
    talker = Endless("One")
    host = await start_talkers({"talker": ("conversational", talker)})
    asking = asyncio.create_task(_read(ai, stream=stream))
    await talker.waits.wait()
    asking.cancel()
    await host.cancelled.wait()
    listed = await the_only_run(client)
    run = await client.runs.cancel(listed.name)
    # By a call, and not because nobody read its events for its grace.
    assert (run.state, run.error and run.error.reason) == (RunState.CANCELLED, "CANCELLED")


async def test_what_cannot_be_honoured_is_an_error_that_names_it(
    ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost
) -> None:
    host = await start_talkers({"talker": ("conversational", says("Yes")), "writer": ("text-generation", says("on"))})
    picture: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    elsewhere: Any = {"type": "image_url", "image_url": {"url": "http://example.org/a.png"}}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"top_p": 0.5}, "top_p"),
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"temperature": 9}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1, "max_completion_tokens": 2}, "max_tokens"),
        ({"max_tokens": 99_999}, "max_tokens"),
        ({"max_completion_tokens": 99_999}, "max_completion_tokens"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"model": "writer", "response_format": {"type": "json_object"}}, "response_format"),
        ({"model": "writer", "messages": [{"role": "system", "content": "Be brief."}, *HELLO]}, "messages"),
        ({"model": "orchestrion", "temperature": 0.5}, "temperature"),
        ({"extra_body": {"made_up": 1}}, "made_up"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "tool", "tool_call_id": "1", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "hologram"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [picture]}]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": [elsewhere]}]}, "messages[0].content[0].image_url.url"),
    ]
    for changed, param in cases:
        with pytest.raises(openai.BadRequestError) as caught:
            await ai.chat.completions.create(**{"model": "talker", "messages": HELLO, **changed})
        assert (caught.value.param, caught.value.type) == (param, "invalid_request_error")
        assert caught.value.response.headers["x-should-retry"] == "false"
    assert host.calls == []
    # At the values that ask for nothing they are fine, as are those that are for the operator of the API.
    await ai.chat.completions.create(
        model="talker", messages=HELLO, top_p=1, n=1, tools=[], presence_penalty=0, user="me", metadata={"a": "b"}
    )
    assert len(host.calls) == 1


async def test_models_are_the_platform_and_what_its_experts_can_be_named_for(
    ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost
) -> None:
    await start_talkers(
        {
            "talker": ("conversational", says("Yes")),
            "opencv": ("image-to-image", says()),
            "finder": ("object-detection", says()),
        }
    )
    assert [model.id async for model in ai.models.list()] == ["orchestrion", "talker"]
    assert (await ai.models.retrieve("talker")).model_dump()["task_types"] == ["conversational"]
    for wrong in ("nobody", "finder"):
        with pytest.raises(openai.NotFoundError) as caught:
            await ai.models.retrieve(wrong)
        with pytest.raises(openai.NotFoundError, match=re.escape("orchestrion, talker")) as caught:
            await ai.chat.completions.create(model=wrong, messages=HELLO)
        assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


async def _read(ai: openai.AsyncOpenAI, *, stream: bool, shown: list[str] | None = None) -> None:
    answer: Any = await ai.chat.completions.create(model="talker", messages=HELLO, stream=stream)
    if stream:
        async for chunk in answer:
            if shown is not None:
                shown.append(chunk.choices[0].delta.content or "")
