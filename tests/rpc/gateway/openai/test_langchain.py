"""A second client of the API: LangChain, which adds its own reading of it to the package that it is built on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from orchestrion import ArtifactRef, AsyncClient, Json
from orchestrion_gateway.server import Gateway
from tests.rpc.gateway.openai.conftest import StartTalkingHost
from tests.rpc.gateway.openai.talking_host import TalkingHost, returns, says
from tests.rpc.gateway.openai.test_platform_chats import sound


@pytest.fixture
async def host(start_talkers: StartTalkingHost, client: AsyncClient) -> TalkingHost:
    speech = await client.artifacts.upload(sound(), file_name="speech.wav")
    counted = {"prompt_token_count": 9.0, "completion_token_count": 3.0, "finish_reason": "stop"}
    return await start_talkers(
        {
            "talker": ("conversational", says("Good ", "day", **counted)),
            "speaker": ("text-to-speech", returns(audio=ArtifactRef(speech.name))),
            "embedder": ("feature-extraction", returns(embedding=Json([0.5, -0.25]))),
        }
    )


@pytest.fixture
async def settings(gateway: Gateway) -> AsyncIterator[dict[str, Any]]:
    async with openai.DefaultAsyncHttpxClient(trust_env=False) as http:
        with openai.DefaultHttpxClient(trust_env=False) as blocking_http:
            yield {
                "base_url": f"http://{gateway.address}/v1",
                "api_key": "sk-whatever",
                "http_async_client": http,
                "http_client": blocking_http,
            }


async def test_langchain_chats_streams_and_embeds(settings: dict[str, Any], host: TalkingHost) -> None:
    expert = ChatOpenAI(model="talker", temperature=0.5, max_completion_tokens=20, **settings)
    answer = await expert.ainvoke([("system", "Be brief."), ("human", "Hello")])
    assert answer.text == "Good day"
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["total_tokens"] == 12
    (inputs,) = host.inputs_of("talker")
    assert inputs == {"text": "Hello", "system": "Be brief.", "temperature": 0.5, "max_tokens": 20}

    platform = ChatOpenAI(model="orchestrion", **settings)
    chunks = [chunk async for chunk in platform.astream("Good morning.")]
    assert "[speech.wav](http://" in "".join(chunk.text for chunk in chunks)
    assert chunks[-1].chunk_position == "last"

    responses = ChatOpenAI(model="talker", use_responses_api=True, **settings)
    assert (await responses.ainvoke("Hello")).text == "Good day"

    # Texts go as texts where LangChain is told that models here have tokenizers of their own.
    embeddings = OpenAIEmbeddings(model="embedder", check_embedding_ctx_length=False, **settings)
    assert await embeddings.aembed_documents(["a", "b"]) == [[0.5, -0.25]] * 2
