"""The model `orchestrion`: a request with files, planned and carried out, as a chat of the `openai` package."""

from __future__ import annotations

import asyncio
import base64
import io
import wave
from typing import Any

import httpx2
import openai
import pytest

from orchestrion import ArtifactRef, AsyncClient, RunState
from orchestrion.runs import Role
from orchestrion_gateway.server import Gateway
from tests.rpc.gateway.conftest import StartGateway, the_only_run
from tests.rpc.gateway.openai.conftest import StartTalkingHost, client_of
from tests.rpc.gateway.openai.talking_host import Endless, TalkingHost, returns, says

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PICTURE: Any = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(PNG).decode()}"}}
SAID: Any = {"type": "text", "text": "Read the text in this picture aloud."}


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(22_050)
        written.writeframes(bytes(2 * 22_050))
    return file.getvalue()


@pytest.fixture
async def reader(start_talkers: StartTalkingHost, client: AsyncClient) -> TalkingHost:
    """A host that reads pictures and speaks texts."""
    speech = await client.artifacts.upload(sound(), file_name="speech.wav")
    return await start_talkers(
        {
            "reader": ("image-to-text", returns(text="Mind the gap")),
            "speaker": ("text-to-speech", returns(audio=ArtifactRef(speech.name))),
        }
    )


async def test_a_picture_goes_in_and_a_link_to_a_sound_comes_out(
    ai: openai.AsyncOpenAI, reader: TalkingHost, http: httpx2.AsyncClient, client: AsyncClient
) -> None:
    answer = await ai.chat.completions.create(
        model="orchestrion",
        messages=[{"role": "user", "content": [SAID, PICTURE]}],
    )

    (picture,) = reader.inputs_of("reader")
    assert isinstance(picture["image"], ArtifactRef)
    assert await client.artifacts.read(picture["image"]) == PNG
    assert [inputs["text"] for inputs in reader.inputs_of("speaker")] == ["Mind the gap"]
    message = answer.choices[0].message
    text = message.content or ""
    link = text[text.rindex("](") + 2 : -1]
    assert "[speech.wav](http://" in text
    assert (await http.get(link)).content == sound()
    # What went on is told beside the answer; the run is behind the id.
    assert "image-to-text" in message.model_dump()["reasoning_content"]
    run = await client.runs.get(answer.id.replace("chatcmpl-", "runs/"))
    assert text.startswith(run.answer)
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (30, 12)


async def test_stages_stream_as_reasoning_and_the_answer_as_content(
    ai: openai.AsyncOpenAI, reader: TalkingHost
) -> None:
    stream = await ai.chat.completions.create(
        model="orchestrion",
        messages=[{"role": "user", "content": [SAID, PICTURE]}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]

    deltas = [chunk.choices[0].delta.model_dump(exclude_none=True) for chunk in chunks if chunk.choices]
    kinds = ["reasoning_content" if "reasoning_content" in delta else "content" for delta in deltas[1:-1]]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert kinds == sorted(kinds, reverse=True)
    assert len(set(kinds)) == 2
    assert "speech.wav" in "".join(delta.get("content", "") for delta in deltas)
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 42
    assert len({chunk.id for chunk in chunks}) == 1


async def test_a_chat_goes_on_from_the_run_that_answered_before(
    ai: openai.AsyncOpenAI,
    reader: TalkingHost,
    client: AsyncClient,
    start_gateway: StartGateway,
    address: str,
) -> None:
    messages: Any = [{"role": "user", "content": [SAID, PICTURE]}]
    first = await ai.chat.completions.create(model="orchestrion", messages=messages)
    follow_up: Any = [
        *messages,
        {"role": "assistant", "content": first.choices[0].message.content},
        {"role": "user", "content": "Say it slower."},
    ]

    second = await ai.chat.completions.create(model="orchestrion", messages=follow_up)

    run = await client.runs.get(second.id.replace("chatcmpl-", "runs/"))
    assert run.previous_run == first.id.replace("chatcmpl-", "runs/")
    assert [message.text for message in run.messages] == ["Say it slower."]
    assert [inputs["text"] for inputs in reader.inputs_of("speaker")] == ["Mind the gap"] * 2
    assert len(reader.inputs_of("reader")) == 1

    # A gateway that has just started sends what the chat itself says, with the files that it links to.
    async with client_of(await start_gateway(address)) as other:
        third = await other.chat.completions.create(
            model="orchestrion",
            messages=[*follow_up[:2], {"role": "user", "content": "Say 'good morning'."}],
        )
    run = await client.runs.get(third.id.replace("chatcmpl-", "runs/"))
    assert [message.role for message in run.messages] == [Role.USER, Role.ASSISTANT, Role.USER]
    assert not run.previous_run
    assert len(run.messages[1].artifacts) == 1
    assert "](http" not in run.messages[1].text


async def test_the_synchronous_client_does_the_same(gateway: Gateway, reader: TalkingHost) -> None:
    def ask() -> str:
        with openai.OpenAI(
            base_url=f"http://{gateway.address}/v1",
            api_key="sk-whatever",
            http_client=openai.DefaultHttpxClient(trust_env=False),
            _strict_response_validation=True,
        ) as ai:
            assert "orchestrion" in [model.id for model in ai.models.list()]
            file = ai.files.create(file=("sign.png", PNG), purpose="user_data")
            part: Any = {"type": "file", "file": {"file_id": file.id}}
            chunks = ai.chat.completions.create(
                model="orchestrion",
                messages=[{"role": "user", "content": [{"type": "text", "text": "What does it say?"}, part]}],
                stream=True,
            )
            return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    assert "Mind the gap" in await asyncio.to_thread(ask)


@pytest.mark.parametrize("stream", [False, True])
async def test_who_leaves_cancels_the_run(
    ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost, client: AsyncClient, stream: bool
) -> None:
    reads = Endless("Mind")
    host = await start_talkers({"reader": ("image-to-text", reads), "speaker": ("text-to-speech", says())})
    asking = asyncio.create_task(_read(ai, stream=stream))
    await reads.waits.wait()
    run = await the_only_run(client)

    asking.cancel()

    await host.cancelled.wait()
    ended = await client.runs.cancel(run.name)
    # By a call, and not because nobody read its events for its grace.
    assert (ended.state, ended.error and ended.error.reason) == (RunState.CANCELLED, "CANCELLED")
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_planner_that_refuses_is_an_error_in_words(lenient_ai: openai.AsyncOpenAI, reader: TalkingHost) -> None:
    messages: Any = [{"role": "user", "content": "Mail the moon to Tom."}]
    with pytest.raises(openai.BadRequestError) as caught:
        await lenient_ai.chat.completions.create(model="orchestrion", messages=messages)
    assert (caught.value.code, caught.value.type) == ("request_beyond_planner", "invalid_request_error")
    # In a stream that has begun it is the last thing that comes.
    stream = await lenient_ai.chat.completions.create(model="orchestrion", messages=messages, stream=True)
    with pytest.raises(openai.APIError, match="Mail the moon"):
        [chunk async for chunk in stream]


async def _read(ai: openai.AsyncOpenAI, *, stream: bool) -> None:
    answer: Any = await ai.chat.completions.create(
        model="orchestrion",
        messages=[{"role": "user", "content": [SAID, PICTURE]}],
        stream=stream,
    )
    if stream:
        async for _ in answer:
            pass


async def test_links_begin_with_the_address_that_a_proxy_has(
    start_gateway: StartGateway, address: str, reader: TalkingHost
) -> None:
    behind = await start_gateway(address, public_url="https://ai.example.org/orchestrion")
    async with client_of(behind) as ai:
        answer = await ai.chat.completions.create(
            model="orchestrion", messages=[{"role": "user", "content": "Say hello."}]
        )
    assert "[speech.wav](https://ai.example.org/orchestrion/api/v1/artifacts/" in (
        answer.choices[0].message.content or ""
    )
