"""Experts that are elsewhere: the language model itself, and models behind a hosted endpoint, over real HTTP."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml
from PIL import Image

from orchestrion.errors import (
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    ResourceExhaustedError,
    UnavailableError,
)
from orchestrion.experts import ExpertState
from orchestrion.inference import InferOutputs, InferText
from orchestrion.values import ArtifactRef, Json, Value
from tests.llm_server import LLMServer, Reply
from tests.rpc.host.hosts import RunningHost, running_host
from tests.rpc.host.inference_endpoint import Answer, InferenceEndpoint

CAT = Path(__file__).parents[2] / "media" / "cat.jpg"
SPEECH = Path(__file__).parents[2] / "media" / "speech.flac"
LANGUAGE_TASKS = [
    "conversational", "question-answering", "summarization", "text-classification", "text-generation",
    "text2text-generation", "translation", "zero-shot-classification",
]  # fmt: skip


@asynccontextmanager
async def host_with(folder: Path, expert: str, **entry: Any) -> AsyncIterator[RunningHost]:
    """A host with one remote expert."""
    catalogue = folder / "catalogue"
    catalogue.mkdir()
    facts = {"id": expert, "runtime": "remote", "description": "Elsewhere.", "instances": 4, **entry}
    (catalogue / "entry.yaml").write_text(yaml.safe_dump(facts))
    async with running_host(folder / "home", catalogue_paths=(catalogue,)) as host:
        yield host


@asynccontextmanager
async def language_model(folder: Path, *script: Reply | str) -> AsyncIterator[tuple[RunningHost, LLMServer]]:
    async with LLMServer(script) as server:
        options = {"base_url": server.base_url, "model": "scripted", "timeout_s": 10.0}
        async with host_with(folder, "llm", model="llm", task_types=LANGUAGE_TASKS, options=options) as host:
            yield host, server


async def ask(host: RunningHost, expert: str, task_type: str, **inputs: Value) -> dict[str, Value]:
    return dict((await host.client.infer_with(expert, inputs, task_type=task_type)).outputs)


async def test_the_language_model_summarises_and_its_words_come_one_by_one(tmp_path: Path) -> None:
    async with language_model(tmp_path, Reply("Short and clear.", tokens_per_second=40)) as (host, server):
        inputs: dict[str, Value] = {"text": "A long text.", "sentence_count": 1.0}
        payloads = [item async for item in host.client.events("llm", inputs, task_type="summarization")]
    pieces = [item.text for item in payloads if isinstance(item, InferText)]
    assert len(pieces) > 1
    assert "".join(pieces) == "Short and clear."
    assert isinstance(payloads[-1], InferOutputs)
    assert payloads[-1].outputs == {"text": "Short and clear."}
    (call,) = server.calls
    assert call.body["model"] == "scripted"
    assert "at most 1 sentences" in call.body["messages"][0]["content"]


async def test_a_passage_that_the_language_model_names_is_found_in_the_text(tmp_path: Path) -> None:
    written = '```json\n{"answer": "at ten", "confidence": 0.9}\n```'
    async with language_model(tmp_path, written) as (host, _):
        result = await ask(
            host, "llm", "question-answering", text="Platform 9 closes at ten.", question="When does it close?"
        )
    assert result == {"answer": "at ten", "score": 0.9, "start": 18.0, "end": 24.0}


async def test_a_label_is_one_of_those_that_were_given(tmp_path: Path) -> None:
    script = ['{"label": "Sport", "confidence": 0.8}', '{"label": "weather", "confidence": 1}', "no json at all"]
    async with language_model(tmp_path, *script) as (host, _):
        labels = ("politics", "sport", "food")
        result = await ask(host, "llm", "zero-shot-classification", text="They won.", labels=labels)
        assert (result["label"], result["score"]) == ("sport", 0.8)
        assert isinstance(result["scores"], Json)
        assert sum(item["score"] for item in result["scores"].data) == pytest.approx(1)
        for message in ("chose none of the labels", "did not write the JSON"):
            with pytest.raises(InternalError, match=message):
                await ask(host, "llm", "zero-shot-classification", text="They won.", labels=labels)


async def test_a_conversation_goes_on_from_its_history(tmp_path: Path) -> None:
    history = Json([{"role": "user", "content": "I am Ada."}, {"role": "assistant", "content": "Hello Ada."}])
    async with language_model(tmp_path, "You are Ada.") as (host, server):
        result = await ask(host, "llm", "conversational", text="Who am I?", history=history, system="Be brief.")
        assert result == {"text": "You are Ada."}
        roles = [message["role"] for message in server.calls[0].body["messages"]]
        assert roles == ["system", "user", "assistant", "user"]
        with pytest.raises(InvalidArgumentError, match="history"):
            await ask(host, "llm", "conversational", text="Who am I?", history=Json(["I am Ada."]))


async def test_a_caller_who_leaves_ends_the_stream_of_the_language_model(tmp_path: Path) -> None:
    async with language_model(tmp_path, Reply("word " * 400, tokens_per_second=20)) as (host, server):
        inputs: dict[str, Value] = {"text": "Tell me everything."}
        async for event in host.client.events("llm", inputs, task_type="text2text-generation"):
            if isinstance(event, InferText):
                break
        await server.dropped.wait()


@pytest.mark.parametrize(
    ("reply", "error", "reason"),
    [
        (Reply(status=401), FailedPreconditionError, "HUB_ACCESS_DENIED"),
        (Reply(status=429, headers={"Retry-After": "7"}), ResourceExhaustedError, "HUB_RATE_LIMITED"),
        (Reply(status=503), UnavailableError, "HUB_UNREACHABLE"),
    ],
)
async def test_what_the_endpoint_refuses_is_a_typed_error(
    tmp_path: Path, reply: Reply, error: type[Exception], reason: str
) -> None:
    async with language_model(tmp_path, reply) as (host, _):
        with pytest.raises(error) as caught:
            await ask(host, "llm", "text2text-generation", text="Hello.")
    assert caught.value.reason == reason  # type: ignore[attr-defined]  # Of our own errors.
    assert getattr(caught.value, "retry_after_ms", None) == (7000 if reason == "HUB_RATE_LIMITED" else None)


async def test_an_endpoint_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    async with language_model(tmp_path) as (host, server):
        await server.stop()
        with pytest.raises(UnavailableError, match="cannot be reached"):
            await ask(host, "llm", "text2text-generation", text="Hello.")


async def test_hosted_models_answer_in_the_forms_of_the_task_types(tmp_path: Path) -> None:
    with Image.open(CAT) as picture:
        size = picture.size
    drawn, spoken = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(drawn, "PNG")
    soundfile.write(spoken, np.zeros(1600, np.float32), 16_000, format="FLAC")
    answers = {
        "sentiment": Answer([[{"label": "NEG", "score": 0.1}, {"label": "POS", "score": 0.9}]]),
        "detector": Answer(
            [{"label": "cat", "score": 0.8, "box": {"xmin": 1, "ymin": 2, "xmax": size[0] - 1, "ymax": size[1] - 1}}]
        ),
        "painter": Answer(drawn.getvalue(), headers={"Content-Type": "image/png"}),
        "listener": Answer({"text": "hello there"}),
        "speaker": Answer(spoken.getvalue(), headers={"Content-Type": "audio/flac"}),
    }
    with InferenceEndpoint(answers) as endpoint:
        tasks = {
            "text-classification": "sentiment", "object-detection": "detector", "text-to-image": "painter",
            "automatic-speech-recognition": "listener", "text-to-speech": "speaker", "summarization": "nobody",
        }  # fmt: skip
        options = {"models": {task: endpoint.url(path) for task, path in tasks.items()}}
        entry = {"model": "hub-inference", "task_types": list(tasks), "options": options}
        async with host_with(tmp_path, "hosted", **entry) as host:
            cat = ArtifactRef(host.controller.artifacts.put(CAT.read_bytes()))
            voice = ArtifactRef(host.controller.artifacts.put(SPEECH.read_bytes()))
            sentiment = await ask(host, "hosted", "text-classification", text="Lovely.", domain="sentiment")
            detected = await ask(host, "hosted", "object-detection", image=cat, labels=("cats",))
            painted = await ask(host, "hosted", "text-to-image", prompt="a teal wall", seed=3.0)
            heard = await ask(host, "hosted", "automatic-speech-recognition", audio=voice)
            said = await ask(host, "hosted", "text-to-speech", text="Hello.")
            with pytest.raises(Exception, match="no such model"):
                await ask(host, "hosted", "summarization", text="A text.")
            # What an endpoint knows it does not say: no detection is no proof that there is none.
            with pytest.raises(InvalidArgumentError, match="`zebra`, which the endpoint did not see"):
                await ask(host, "hosted", "object-detection", image=cat, labels=("zebra",))
            pictures = [made(host, detected["annotated_image"]), made(host, painted["image"])]
            sound, rate = soundfile.read(io.BytesIO(made(host, said["audio"])))
    assert (sentiment["label"], sentiment["score"]) == ("POS", 0.9)
    assert (detected["text"], detected["count"]) == ("1 cat", 1.0)
    assert [Image.open(io.BytesIO(picture)).size for picture in pictures] == [size, (64, 48)]
    assert painted["seed"] == 3.0
    assert heard == {"text": "hello there"}
    assert (len(sound), rate) == (1600, 16_000)
    paths = [path for path, _ in endpoint.requests]
    assert paths == [*tasks.values(), "detector"]
    assert endpoint.requests[3][1] == SPEECH.read_bytes()
    assert json.loads(endpoint.requests[2][1])["parameters"]["seed"] == 3


async def test_a_remote_expert_without_its_key_cannot_be_used_and_says_which_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    entry = {"model": "llm", "task_types": ["translation"], "environment": ["OPENAI_API_KEY"]}
    async with host_with(tmp_path, "llm", **entry) as host:
        assert (await host.client.status("llm")).state is ExpertState.UNAVAILABLE
        with pytest.raises(FailedPreconditionError, match="OPENAI_API_KEY"):
            await ask(host, "llm", "translation", text="Hello.", language="de")


def made(host: RunningHost, value: Value) -> bytes:
    assert isinstance(value, ArtifactRef)
    return host.controller.artifacts.contents[value.name]
