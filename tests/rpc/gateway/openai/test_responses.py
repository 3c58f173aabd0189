"""The calls of responses: whole and streamed, one after another, with either kind of model."""

from __future__ import annotations

import base64
from typing import Any

import openai
import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from orchestrion import ArtifactRef, AsyncClient, Json, NotFoundError
from orchestrion.errors import Reason
from tests.rpc.gateway.openai.conftest import StartTalkingHost
from tests.rpc.gateway.openai.talking_host import TalkingHost, fails, returns, says
from tests.rpc.gateway.openai.test_platform_chats import PNG, sound

EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
IMAGE: Any = {"type": "input_image", "image_url": URL, "detail": "auto"}


@pytest.fixture
async def host(start_talkers: StartTalkingHost, client: AsyncClient) -> TalkingHost:
    speech = await client.artifacts.upload(sound(), file_name="speech.wav")
    counted = {"prompt_token_count": 9.0, "completion_token_count": 3.0, "finish_reason": "stop"}
    return await start_talkers(
        {
            "talker": ("conversational", says("Good ", "day", **counted)),
            "reader": ("image-to-text", returns(text="Mind the gap")),
            "speaker": ("text-to-speech", returns(audio=ArtifactRef(speech.name))),
        }
    )


async def test_a_response_goes_on_from_the_one_before(
    ai: openai.AsyncOpenAI, host: TalkingHost, client: AsyncClient
) -> None:
    first = await ai.responses.create(
        model="orchestrion",
        input=[{"role": "user", "content": [{"type": "input_text", "text": "Read this aloud."}, IMAGE]}],
    )
    second = await ai.responses.create(
        model="orchestrion", input="Say it slower.", previous_response_id=first.id, instructions="Be brief."
    )

    assert [item.type for item in first.output] == ["reasoning", "message"]
    assert "[speech.wav](http://" in first.output_text
    assert (first.status, second.previous_response_id) == ("completed", first.id)
    assert first.usage is not None
    assert first.usage.total_tokens == 42
    run = await client.runs.get(second.id.replace("resp_", "runs/"))
    assert run.previous_run == first.id.replace("resp_", "runs/")
    assert [inputs["text"] for inputs in host.inputs_of("speaker")] == ["Mind the gap"] * 2

    with pytest.raises(openai.BadRequestError) as caught:
        await ai.responses.create(model="talker", input="Thanks.", previous_response_id=second.id)
    assert caught.value.param == "previous_response_id"  # It would not see the picture of the first turn.


async def test_either_kind_of_model_goes_on_from_the_other(
    ai: openai.AsyncOpenAI, host: TalkingHost, client: AsyncClient
) -> None:
    first = await ai.responses.create(model="orchestrion", input="Good morning.")
    second = await ai.responses.create(model="talker", input="Thanks.", previous_response_id=first.id)
    third = await ai.responses.create(model="talker", input="Bye.", previous_response_id=second.id)
    fourth = await ai.responses.create(model="orchestrion", input="Say it.", previous_response_id=third.id)

    assert third.output_text == "Good day"
    (_, inputs) = host.inputs_of("talker")
    history = inputs["history"]
    assert isinstance(history, Json)
    assert [turn["role"] for turn in history.data] == ["user", "assistant"] * 2
    said = [turn["content"] for turn in history.data]
    assert (said[0], said[2:]) == ("Good morning.", ["Thanks.", "Good day"])
    run = await client.runs.get(fourth.id.replace("resp_", "runs/"))
    assert [message.text for message in run.messages][-3:] == ["Bye.", "Good day", "Say it."]


async def test_a_response_streams_in_events_of_the_api(ai: openai.AsyncOpenAI, host: TalkingHost) -> None:
    events = []
    async for event in await ai.responses.create(model="orchestrion", input="Say it.", stream=True):
        events.append(EVENTS.validate_python(event.model_dump(exclude_unset=True)))
    kinds = [event.type.removeprefix("response.") for event in events]
    assert kinds[:3] == ["created", "in_progress", "output_item.added"]
    assert kinds[-1] == "completed"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    thoughts = "".join(event.delta for event in events if event.type == "response.reasoning_summary_text.delta")
    reasoning, message = events[-1].response.output
    assert (reasoning.summary[0].text, message.content[0].text) == (thoughts, text)
    assert "speech.wav" in text

    async with ai.responses.stream(model="talker", input="Hello", max_output_tokens=5) as stream:
        async for _ in stream:
            pass
        final = await stream.get_final_response()
    assert (final.output_text, final.max_output_tokens) == ("Good day", 5)
    assert host.inputs_of("talker")[0]["max_tokens"] == 5


async def test_what_breaks_off_says_so(ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost) -> None:
    broken = Reason.EXPERT_FAILED.error("No such word.")
    await start_talkers(
        {
            "short": ("conversational", says("Go", finish_reason="length")),
            "broken": ("conversational", fails(broken, "Go")),
        }
    )
    short = await ai.responses.create(model="short", input="Hello")
    assert short.incomplete_details is not None
    assert (short.status, short.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    with pytest.raises(openai.InternalServerError) as caught:
        await ai.responses.create(model="broken", input="Hello")
    assert (caught.value.type, caught.value.response.headers["x-should-retry"]) == ("server_error", "false")


async def test_a_failure_in_a_stream_is_its_last_event(
    lenient_ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost
) -> None:
    await start_talkers({"broken": ("conversational", fails(Reason.EXPERT_FAILED.error("No such word."), "Go"))})
    events = [event async for event in await lenient_ai.responses.create(model="broken", input="Hello", stream=True)]
    last = events[-1]
    assert last.type == "response.failed"
    assert last.response.error is not None
    assert (last.response.status, last.response.error.message) == ("failed", "No such word.")


async def test_what_is_not_to_be_stored_is_deleted(
    ai: openai.AsyncOpenAI, host: TalkingHost, client: AsyncClient
) -> None:
    response = await ai.responses.create(model="talker", input="Hello", store=False)
    with pytest.raises(NotFoundError):
        await client.runs.get(response.id.replace("resp_", "runs/"))
    with pytest.raises(openai.NotFoundError) as caught:
        await ai.responses.create(model="talker", input="Bye.", previous_response_id=response.id)
    assert caught.value.code == "run_not_found"


async def test_what_cannot_be_honoured_is_an_error(ai: openai.AsyncOpenAI, host: TalkingHost) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"background": True}, "background"),
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"reasoning": {"effort": "high"}}, "reasoning.effort"),
        ({"text": {"verbosity": "low"}}, "text.verbosity"),
        ({"input": [{"type": "function_call_output", "call_id": "1", "output": "x"}]}, "input[0].type"),
        ({"input": 7}, "input"),
        ({"model": "orchestrion", "max_output_tokens": 5}, "max_output_tokens"),
        ({"max_output_tokens": 99_999}, "max_output_tokens"),
    ]
    for changed, param in cases:
        with pytest.raises(openai.BadRequestError) as caught:
            await ai.responses.create(**{"model": "talker", "input": "Hello", **changed})
        assert caught.value.param == param
    with pytest.raises(openai.NotFoundError) as missing:
        await ai.responses.create(model="talker", input="Hello", previous_response_id="elsewhere")
    assert missing.value.param == "previous_response_id"
