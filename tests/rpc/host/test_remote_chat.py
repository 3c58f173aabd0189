"""The language model as an expert, at endpoints as they are: whole texts, or errors with the endpoints' words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrion.errors import FailedPreconditionError, OrchestrionError
from orchestrion.inference import InferOutputs, InferText
from orchestrion.values import Value
from tests.raw_endpoint import DONE, STOP, Answer, Break, RawEndpoint, chunk, event, message, streamed, whole
from tests.rpc.host.hosts import RunningHost, running_host

KEY = "sk-secret-key"
TASKS = ["translation", "text2text-generation", "text-classification"]


@asynccontextmanager
async def expert_at(folder: Path, base_url: str, **options: Any) -> AsyncIterator[RunningHost]:
    """A host whose expert `llm` asks an endpoint."""
    catalogue = folder / "catalogue"
    catalogue.mkdir()
    chosen = {"base_url": base_url, "model": "scripted", "timeout_s": 5.0, **options}
    facts = {"id": "llm", "runtime": "remote", "model": "llm", "description": "Elsewhere.", "instances": 4}
    (catalogue / "entry.yaml").write_text(yaml.safe_dump({**facts, "task_types": TASKS, "options": chosen}))
    async with running_host(folder / "home", catalogue_paths=(catalogue,)) as host:
        yield host


async def translated(host: RunningHost, text: str = "The train", **inputs: Value) -> str:
    result = await host.client.infer_with("llm", {"text": text, "language": "de", **inputs}, task_type="translation")
    return str(result.outputs["text"])


def limited(body: dict[str, Any]) -> Answer:
    """A model that writes a word for each token, 3,000 in all, and says where its limit cut it."""
    written = next((item["content"] for item in body["messages"] if item["role"] == "assistant"), "")
    left = 3000 - len(written.split())
    size = min(left, body["max_tokens"])
    numbers = range(3000 - left, 3000 - left + size)
    return streamed(" ".join(f"w{number}" for number in numbers) + " ", finish="length" if size < left else "stop")


WHOLE: dict[str, Any] = {
    "a stream": streamed("Der ", "Zug"),
    "an endpoint that does not stream": whole(message("Der Zug")),
    "thoughts in tags": streamed("<think>der or die?</think>Der Zug"),
    "thoughts in a field": streamed(chunk({"reasoning_content": "der or die?"}), "Der Zug"),
    "thoughts that nothing opened": streamed("der or die?\n</think>\n\nDer Zug"),
    "parts": streamed(chunk({"content": [{"type": "text", "text": "Der Zug"}]})),
    "a whole answer before the connection breaks": Answer((chunk({"content": "Der Zug"}), STOP, Break.RESET)),
    "keep-alive": Answer((b": hello\n\n", event(": keepalive"), chunk({"content": "Der Zug"}), STOP, DONE)),
    "a refusal of max_tokens": lambda body: (
        whole({"error": {"message": "Use 'max_completion_tokens' instead.", "param": "max_tokens"}}, 400)
        if "max_tokens" in body
        else streamed("Der Zug")
    ),
    "a refusal of temperatures": lambda body: (
        whole({"error": {"message": "Unsupported value.", "param": "temperature"}}, 400)
        if "temperature" in body
        else streamed("Der Zug")
    ),
    "no system role": lambda body: (
        whole({"error": "System role not supported"}, 500)
        if body["messages"][0]["role"] == "system"
        else streamed("Der Zug")
    ),
    "a cut that is mended": lambda body: (
        streamed("Zug")
        if any(item["role"] == "assistant" for item in body["messages"])
        else streamed("Der ", finish="length")
    ),
}

FAILURES: dict[str, tuple[Any, str, str]] = {
    "an error in HTTP 200": (whole({"error": "No models loaded"}), "HUB_UNREACHABLE", "No models loaded"),
    "an error among the events": (streamed(event({"error": {"message": "Oh."}})), "HUB_UNREACHABLE", "Oh."),
    "an error in the middle": (streamed("Der", event({"error": "Oh."})), "HUB_UNREACHABLE", "broke off in the middle"),
    "a page": (whole("<html><h1>Bad Gateway</h1></html>", 502, "text/html"), "HUB_UNREACHABLE", "Bad Gateway"),
    "a wrong key": (whole({"error": {"message": f"Wrong {KEY}."}}, 401), "HUB_ACCESS_DENIED", "Wrong ….",),
    "an empty account": (whole({"error": {"message": "Pay.", "code": 402}}), "LLM_QUOTA_EXHAUSTED", "Pay."),
    "no such model": (whole({"error": {"message": "No m.", "code": "model_not_found"}}), "MODEL_NOT_FOUND", "No m."),
    "too long": (whole({"error": "maximum context length is 8 tokens"}, 400), "LLM_CONTEXT_EXCEEDED", "8 tokens"),
    "a bad request": (whole({"detail": "No such thing."}, 400), "EXPERT_FAILED", "No such thing."),
    "too much to do": (whole({"error": {"message": "Wait.", "code": 429}}), "HUB_RATE_LIMITED", "Wait."),
    "broken off": (Answer((chunk({"content": "Der"}), Break.CLOSE)), "HUB_UNREACHABLE", "broke off"),
    "a refusal": (streamed(chunk({"refusal": "I would rather not."})), "EXPERT_FAILED", "I would rather not."),
    "a filter": (streamed("Der", finish="content_filter"), "EXPERT_FAILED", "filter"),
    "nothing": (streamed(""), "EXPERT_FAILED", "wrote nothing"),
    "thoughts alone": (streamed(chunk({"reasoning": "hm"}), finish="length"), "EXPERT_FAILED", "raise max_tokens"),
    "a cut that is not mended": (streamed("Der", finish="length"), "EXPERT_FAILED", "was cut off"),
}  # fmt: skip


async def test_texts_are_whole_and_without_thoughts_whatever_the_endpoint(tmp_path: Path) -> None:
    now: list[Any] = []
    async with (
        RawEndpoint(lambda body: now[0](body) if callable(now[0]) else now[0]) as endpoint,
        expert_at(tmp_path, endpoint.base_url) as host,
    ):
        for shape, answer in WHOLE.items():
            now[:] = [answer]
            assert (shape, await translated(host)) == (shape, "Der Zug")


async def test_what_is_no_text_is_an_error_with_the_endpoints_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    now: list[Answer] = []
    async with RawEndpoint(lambda _: now[0]) as endpoint, expert_at(tmp_path, endpoint.base_url) as host:
        for shape, (answer, reason, words) in FAILURES.items():
            now[:] = [answer]
            with pytest.raises(OrchestrionError) as caught:
                await translated(host)
            assert (shape, caught.value.reason) == (shape, reason)
            assert words in caught.value.message
            assert KEY not in caught.value.message


async def test_a_long_text_has_room_and_a_limit_that_is_asked_for_is_one(tmp_path: Path) -> None:
    async with RawEndpoint(limited) as endpoint, expert_at(tmp_path, endpoint.base_url) as host:
        assert len((await translated(host, "word " * 3000)).split()) == 3000
        assert len(endpoint.bodies) == 1
        inputs: dict[str, Value] = {"text": "Count.", "max_tokens": 5.0}
        counted = await host.client.infer_with("llm", inputs, task_type="text2text-generation")
        assert counted.outputs == {"text": "w0 w1 w2 w3 w4"}
        assert len(endpoint.bodies) == 2
    # A text that the operator's limit cuts goes on once, and is no success where that is not enough.
    (tmp_path / "again").mkdir()
    async with (
        RawEndpoint(limited) as endpoint,
        expert_at(tmp_path / "again", endpoint.base_url, max_tokens=1600) as host,
    ):
        assert len((await translated(host)).split()) == 3000
        assert len(endpoint.bodies) == 2


async def test_a_call_that_nobody_waits_for_ends_while_the_endpoint_is_silent(tmp_path: Path) -> None:
    silent = Answer((chunk({"content": "Der "}), Break.HOLD))
    async with RawEndpoint(silent) as endpoint, expert_at(tmp_path, endpoint.base_url, timeout_s=100.0) as host:
        inputs: dict[str, Value] = {"text": "The train", "language": "de"}
        async for payload in host.client.events("llm", inputs, task_type="translation"):
            assert not isinstance(payload, InferOutputs)
            if isinstance(payload, InferText):
                break
        await endpoint.left.wait()


@pytest.mark.parametrize(
    ("url", "key", "wrong"),
    [
        ("localhost:1234/v1", "", "options.base_url: 'localhost:1234/v1' has no scheme"),
        ("http://127.0.0.1:9/v1/chat/completions", "", "options.base_url: "),
        ("http://127.0.0.1:9/v1", "sk-abc\n", "OPENAI_API_KEY: the key has white space"),
    ],
)
async def test_an_address_that_cannot_be_is_told_with_its_setting(
    url: str, key: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    async with expert_at(tmp_path, url) as host:
        with pytest.raises(FailedPreconditionError, match=r"could not|cannot|llm") as caught:
            await translated(host)
    assert wrong in caught.value.message


async def test_no_proxy_stands_before_an_endpoint_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    async with RawEndpoint(streamed("Der Zug")) as endpoint, expert_at(tmp_path, endpoint.base_url) as host:
        assert await translated(host) == "Der Zug"
