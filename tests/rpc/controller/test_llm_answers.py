"""Runs that a language model answers: what it is shown of them, as it comes over gRPC. Model and host are scripted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from orchestrion import AsyncClient
from orchestrion.errors import UnavailableError
from orchestrion.plans import Plan
from tests.llm_server import LLMServer, Reply
from tests.rpc.controller.conftest import StartController
from tests.rpc.controller.plans import wait
from tests.rpc.controller.scripted_host import ScriptedHost, echo

StartClient = Callable[..., Awaitable[AsyncClient]]
NOTHING = Plan((), "A greeting.")


@pytest.fixture
async def start_client(start_controller: StartController) -> AsyncIterator[StartClient]:
    """Starts a controller that plans and answers with a language model, and a host; returns a client."""
    async with AsyncExitStack() as stack:

        async def start(model: LLMServer, **settings: object) -> AsyncClient:
            await stack.enter_async_context(model)
            controller = await start_controller(llm_base_url=model.base_url, llm_model="scripted", **settings)
            address = f"127.0.0.1:{controller.grpc_port}"
            host = ScriptedHost("one", address, {"echo": echo})
            stack.push_async_callback(host.stop)
            await host.start()
            return await stack.enter_async_context(AsyncClient(address))

        yield start


async def test_files_are_counted_as_they_were_attached_and_abilities_are_told(
    start_client: StartClient, tmp_path: Path
) -> None:
    names = ["zebra.txt", "apple.txt", "mango.txt", "berry.txt", "cherry.txt"]
    for name in names:
        (tmp_path / name).write_text(f"I am {name}.", "utf-8")
    model = LLMServer(["Hello! The third is [[file 3]]."])
    client = await start_client(model)
    answer = await client.ask("Hello!", [tmp_path / name for name in names], plan=NOTHING)
    assert answer.text == "Hello! The third is mango.txt."
    shown = model.calls[-1].body["messages"][-1]["content"].splitlines()
    files = shown[shown.index("files:") + 1 :][: len(names)]
    assert files == [f'[[file {n}]] "{name}", text/plain, attached' for n, name in enumerate(names, start=1)]
    assert "can be done here:" in shown


async def test_a_follow_up_is_answered_with_what_was_said_before(start_client: StartClient) -> None:
    model = LLMServer(["I am well.", "Better still."])
    client = await start_client(model)
    first = await client.ask("How are you?", plan=NOTHING)
    await client.ask("And now?", previous_run=first.run, plan=NOTHING)
    roles = [(message["role"], message["content"].partition("\n")[0]) for message in model.calls[-1].body["messages"]]
    assert roles[1:] == [("user", "How are you?"), ("assistant", "I am well."), ("user", "And now?")]


ONE = Plan((wait("task", "forty-two"),))
FAILURES = {
    "an error": (Reply(status=500), "LLM_UNAVAILABLE"),
    "too many requests": (Reply(status=429, headers={"retry-after": "3600"}), "LLM_RATE_LIMITED"),
    "a connection that resets in the middle": (Reply("The text is something long.", drop_after=12), "LLM_BROKE_OFF"),
    "silence": (Reply("Late.", delay_ms=60_000), "LLM_TIMED_OUT"),
}


@pytest.mark.parametrize("kind", FAILURES)
async def test_a_language_model_that_fails_at_the_answer_does_not_fail_a_run_whose_tasks_succeeded(
    start_client: StartClient, kind: str
) -> None:
    reply, reason = FAILURES[kind]
    client = await start_client(LLMServer([reply] * 3), llm_timeout_s=0.3, llm_retry_count=0)
    answer = await client.ask("What does it say?", plan=ONE)
    assert f"({reason}); this is the built-in answer." in answer.text.partition("\n")[0]
    assert "forty-two" in answer.text


async def test_where_no_task_succeeded_the_failure_of_the_language_model_is_the_outcome(
    start_client: StartClient,
) -> None:
    client = await start_client(LLMServer([Reply(status=500)] * 3), llm_retry_count=0)
    with pytest.raises(UnavailableError) as failure:
        await client.ask("Hello!", plan=NOTHING)
    assert failure.value.reason == "LLM_UNAVAILABLE"
