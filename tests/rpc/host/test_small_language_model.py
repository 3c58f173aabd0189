"""A real language model on a real host: what it writes under a schema fits, it streams, and it can be stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, Final

import jsonschema
import pytest
import pytest_asyncio

from orchestrion.inference import InferOutputs, InferText
from orchestrion.values import Json, Value
from tests import small_language_model
from tests.rpc.host.hosts import RunningHost, running_host
from tests.small_language_model import EXPERT

# A few tokens a second where other tests compute beside it.
pytestmark = [pytest.mark.tasks, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

_TIMEOUT_S: Final = 500.0
SYSTEM: Final = (
    "You plan tasks. Answer in JSON, such as "
    '{"tasks":[{"id":"say","type":"text-to-speech","inputs":{"text":"$read.text"}}],"not_done":[]}. '
    "The types are image-to-text(image), translation(text, language), text-to-speech(text), summarization(text), "
    "automatic-speech-recognition(audio), object-detection(image). Files are $1, $2; results are $id.text."
)
REQUESTS: Final = (
    "Read the text in $1 aloud.", "Translate $1 into German.", "What is in the picture $1?", "What does the sign say?",
    "Summarise $1 in two sentences and read it aloud.", "Transcribe $1 and translate it into French.",
    "Find the cats in $1.", "Describe $1 and send it to Tom.", "Say hello in Spanish.", "Count the cars in $1.",
    "Turn $1 into a video.", "Make a summary of the speech in $1.", "Read $1 to me in English.",
    "Write a poem about rain.", "Translate 'good night' into Japanese and speak it.", "Who is in the photo $1?",
    "Detect the objects in $1, then describe it.", "Tell me the weather.", "Listen to $1 and sum it up.",
    'Translate "the sün is \\"warm\\"" into Italian.',
)  # fmt: skip
# A text or list without an end may go on until no token is left, as a small model's do.
TEXT: Final = {"type": "string", "maxLength": 60}


def task(name: str, *inputs: str) -> dict[str, Any]:
    """The form of a task of one type."""
    return {
        "type": "object",
        "properties": {
            "id": {"type": "string", "pattern": "^[a-z]{1,12}(-[0-9])?$"},
            "type": {"const": name},
            "inputs": {
                "type": "object",
                "properties": dict.fromkeys(inputs, TEXT),
                "required": list(inputs),
                "additionalProperties": False,
            },
        },
        "required": ["id", "type", "inputs"],
        "additionalProperties": False,
    }


TASKS: Final = [
    task("image-to-text", "image"), task("translation", "text", "language"), task("text-to-speech", "text"),
    task("summarization", "text"), task("automatic-speech-recognition", "audio"), task("object-detection", "image"),
]  # fmt: skip
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "tasks": {"type": "array", "items": {"anyOf": TASKS}, "maxItems": 3},
        "not_done": {"type": "array", "items": TEXT, "maxItems": 2},
    },
    "required": ["tasks", "not_done"],
    "additionalProperties": False,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningHost]:
    folder = tmp_path_factory.mktemp("small")
    catalogue = small_language_model.write_catalogue(folder / "catalogue")
    async with running_host(folder / "home", profile="none", catalogue_paths=(catalogue,)) as host:
        await host.client.load(EXPERT)
        yield host


async def chat(host: RunningHost, **inputs: Value) -> dict[str, Any]:
    result = await host.client.infer_with(EXPERT, inputs, task_type="conversational", timeout=_TIMEOUT_S)
    return dict(result.outputs)


async def test_twenty_plans_parse_and_fit_side_by_side_with_small_talk(host: RunningHost) -> None:
    limits: dict[str, Value] = {"max_tokens": 400.0}
    plans = [chat(host, text=text, system=SYSTEM, schema=Json(SCHEMA), **limits) for text in REQUESTS]
    talk = [chat(host, text="Say hello.", max_tokens=12.0) for _ in range(2)]
    replies = await asyncio.gather(*plans, *talk)
    for reply in replies[: len(plans)]:
        jsonschema.validate(json.loads(reply["text"]), SCHEMA)
        assert reply["finish_reason"] == "stop"
        assert reply["omitted_turn_count"] == 0
        assert 0 < reply["completion_token_count"] <= 400
        # The tokens of the longest instruction and request, and of the marks around them.
        assert 100 < reply["prompt_token_count"] < 300
    first, second = replies[len(plans) :]
    assert first == second
    assert first["text"]
    assert not first["text"].startswith("{")


async def test_a_capital_is_known_and_comes_in_pieces(host: RunningHost) -> None:
    inputs: dict[str, Value] = {"text": "What is the capital of France?", "max_tokens": 40.0}
    events = [
        event async for event in host.client.events(EXPERT, inputs, task_type="conversational", timeout=_TIMEOUT_S)
    ]
    pieces = [event.text for event in events if isinstance(event, InferText)]
    assert isinstance(events[-1], InferOutputs)
    assert len(pieces) > 3
    assert "".join(pieces) == events[-1].outputs["text"]
    assert "Paris" in "".join(pieces)


async def test_who_leaves_frees_the_model_for_the_next(host: RunningHost) -> None:
    """Given a call that would write thousands of tokens, one that is left ends at its next."""
    before = await host.metric("orchestrion_host_inferences_total", outcome="cancelled")
    # The longest that the schema leaves open: the model cannot end it by itself.
    schema = {"type": "array", "items": {"type": "boolean"}, "minItems": 2000}
    inputs: dict[str, Value] = {"text": "Go on.", "schema": Json(schema), "max_tokens": 6000.0}
    events = host.client.events(EXPERT, inputs, task_type="conversational", timeout=_TIMEOUT_S)
    async with contextlib.aclosing(events):
        async for event in events:
            if isinstance(event, InferText):
                break
    reply = await chat(host, text="Say yes.", schema=Json({"enum": ["yes", "no"]}))
    assert json.loads(reply["text"]) in ("yes", "no")
    await host.when(EXPERT, lambda status: status.running_count == 0)
    assert await host.metric("orchestrion_host_inferences_total", outcome="cancelled") == before + 1
