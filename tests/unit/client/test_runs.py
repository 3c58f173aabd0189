"""Runs as the clients see them: requests out, events in, failures, leaving early."""

from __future__ import annotations

import inspect
import socket
from contextlib import aclosing, closing
from typing import Any

import pytest

from orchestrion import AsyncClient, Client, Message, OnDetach, Plan, Role, Task, TaskResult, TaskState
from orchestrion.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    OrchestrionError,
    Reason,
    RunCancelledError,
    UnavailableError,
)
from orchestrion.events import (
    AnswerFinished,
    AnswerText,
    Event,
    PlanFinished,
    RunFinished,
    RunStarted,
    Stage,
    TaskFinished,
)
from orchestrion.experts import TaskTypeState
from orchestrion.plans import Error
from orchestrion.runs import RunKind, RunState
from tests.unit.client.scripted import RUN, Script

PLAN = Plan((Task("read", "image-to-text", {"image": "x"}),))
RESULT = TaskResult("read", TaskState.SUCCEEDED, {"text": "EXIT"})
WORDS = "a\ttab, \"quotes\", 'more', back\\slash, <|endoftext|>, שלום, 请读这张图片, 🎺"


def succeed(script: Script, artifacts: tuple[str, ...] = ()) -> None:
    script.payloads = [
        (Stage.UNSPECIFIED, RunStarted(RunKind.FULL)),
        (Stage.PLAN, PlanFinished(PLAN)),
        (Stage.EXECUTE, TaskFinished(RESULT)),
        (Stage.RESPOND, AnswerText("EX")),
        (Stage.RESPOND, AnswerText("IT")),
        (Stage.RESPOND, AnswerFinished("EXIT", artifacts)),
        (Stage.UNSPECIFIED, RunFinished(RunState.SUCCEEDED)),
    ]


def fail(script: Script) -> None:
    error = Reason.REQUEST_BEYOND_PLANNER.error("Nobody can do that.", field="messages")
    script.payloads = [
        (Stage.UNSPECIFIED, RunStarted(RunKind.FULL)),
        (Stage.UNSPECIFIED, RunFinished(RunState.FAILED, Error.of(error))),
    ]
    script.failure = error


def test_both_clients_have_the_same_calls() -> None:
    def calls(client: object) -> dict[str, tuple[str, ...]]:
        names = [name for name in dir(client) if not name.startswith("_")]
        resources = {name: getattr(client, name) for name in names}
        own = {name: item for name, item in resources.items() if callable(item)}
        nested = {
            f"{name}.{call}": getattr(resource, call)
            for name, resource in resources.items()
            if type(resource).__module__.startswith("orchestrion._")
            for call in dir(resource)
            if not call.startswith("_")
        }
        return {name: tuple(inspect.signature(item).parameters) for name, item in {**own, **nested}.items()}

    assert calls(Client("x:1")) == calls(AsyncClient("x:1"))
    assert {"ask", "runs.get", "artifacts.upload", "hosts.connect", "experts.list", "task_types.list"} <= set(
        calls(AsyncClient("x:1"))
    )


def test_events_come_typed_and_in_order(client: Client, script: Script) -> None:
    succeed(script)
    events = list(client.run(WORDS))
    assert [(event.sequence, event.stage, event.payload) for event in events] == [
        (number, *pair) for number, pair in enumerate(script.payloads, 1)
    ]
    assert {event.run for event in events} == {RUN}
    assert script.requests[0].messages[0].text == WORDS


async def test_events_come_typed_and_in_order_to_asyncio(async_client: AsyncClient, script: Script) -> None:
    succeed(script)
    assert [event.payload async for event in async_client.run(WORDS)] == [payload for _, payload in script.payloads]


def test_every_setting_reaches_the_server(client: Client, script: Script) -> None:
    succeed(script)
    kept = script.add(b"picture")
    messages = [Message("before", Role.SYSTEM), Message("now", artifacts=(kept,))]
    list(
        client.run(
            messages,
            [b"more"],
            timeout=30,
            plan=PLAN,
            planner="llm",
            responder="builtin",
            previous_run="runs/abc",
            on_detach=OnDetach.CONTINUE,
            detach_grace_ms=0,
            request_id="once",
        )
    )
    (request,) = script.requests
    assert [message.text for message in request.messages] == ["before", "now"]
    assert request.messages[0].role == Role.SYSTEM
    assert list(request.messages[1].artifacts) == [kept, *(name for name in script.content if name != kept)]
    assert request.plan.tasks[0].id == "read"
    assert (request.planner, request.responder, request.previous_run) == ("llm", "builtin", "runs/abc")
    assert request.options.on_detach == OnDetach.CONTINUE
    assert request.options.HasField("detach_grace_ms")
    assert request.options.request_id == "once"
    assert script.deadlines[0] == pytest.approx(30, abs=5)


def test_ask_returns_the_answer(client: Client, script: Script) -> None:
    succeed(script, (script.add(b"sound"),))
    answer = client.ask("Read it.")
    assert (answer.run, answer.text, answer.plan, answer.results) == (RUN, "EXIT", PLAN, (RESULT,))
    assert answer.artifacts == tuple(script.artifacts)
    assert answer.result("read") is RESULT or answer.result("read") == RESULT
    assert answer.result("other") is None
    assert script.deadlines == [None]


def test_failed_run_ends_with_its_last_event_and_then_its_reason(client: Client, script: Script) -> None:
    fail(script)
    seen: list[Event] = []
    with pytest.raises(FailedPreconditionError, match="Nobody can do that") as caught:
        seen.extend(client.run("?"))
    assert [type(event.payload) for event in seen] == [RunStarted, RunFinished]
    assert (caught.value.reason, caught.value.field) == ("REQUEST_BEYOND_PLANNER", "messages")
    with pytest.raises(FailedPreconditionError):
        client.ask("?")


async def test_failed_run_raises_in_asyncio(async_client: AsyncClient, script: Script) -> None:
    fail(script)
    with pytest.raises(FailedPreconditionError, match="Nobody can do that"):
        await async_client.ask("?")


def test_cancelled_run_is_no_answer(client: Client, script: Script) -> None:
    script.payloads = [(Stage.UNSPECIFIED, RunFinished(RunState.CANCELLED))]
    with pytest.raises(RunCancelledError):
        client.ask("?")


def test_stream_that_ends_too_soon_is_no_answer(client: Client, script: Script) -> None:
    script.payloads = [(Stage.UNSPECIFIED, RunStarted(RunKind.FULL))]
    with pytest.raises(OrchestrionError, match="too soon"):
        client.ask("?")


def test_leaving_the_loop_cancels_the_call(client: Client, script: Script) -> None:
    succeed(script)
    script.endless = True
    for _ in client.run("?"):
        break
    assert script.cancelled.wait(10)


def test_closing_cancels_the_call(client: Client, script: Script) -> None:
    succeed(script)
    script.endless = True
    with closing(client.run("?")) as events:
        next(events)
        assert not script.cancelled.is_set()
    assert script.cancelled.wait(10)


async def test_closing_cancels_the_call_in_asyncio(async_client: AsyncClient, script: Script) -> None:
    succeed(script)
    script.endless = True
    async with aclosing(async_client.run("?")) as events:
        await anext(events)
    assert script.cancelled.wait(10)


def test_stages_alone(client: Client, script: Script) -> None:
    script.payloads = [(Stage.UNSPECIFIED, RunFinished(RunState.SUCCEEDED))]
    name = script.add(b"picture")
    streams: list[Any] = [
        client.plan("Read it.", [name], planner="builtin"),
        client.select(PLAN),
        client.execute(PLAN, [name], results=[RESULT]),
        client.respond("Read it.", PLAN, [RESULT], responder="llm"),
        client.runs.watch(RUN, 7),
    ]
    for stream in streams:
        assert [type(event.payload) for event in stream] == [RunFinished]
    plan, select, execute, respond, watch = script.requests
    assert (plan.planner, list(plan.messages[0].artifacts)) == ("builtin", [name])
    assert select.plan.tasks[0].type == "image-to-text"
    assert (list(execute.attachments), execute.results[0].task_id) == ([name], "read")
    assert (respond.responder, respond.results[0].outputs["text"].text) == ("llm", "EXIT")
    assert (watch.name, watch.after_sequence) == (RUN, 7)


async def test_stages_alone_in_asyncio(async_client: AsyncClient, script: Script) -> None:
    script.payloads = [(Stage.UNSPECIFIED, RunFinished(RunState.SUCCEEDED))]
    streams: list[Any] = [
        async_client.plan("Read it."),
        async_client.select(PLAN),
        async_client.execute(PLAN),
        async_client.respond("Read it.", PLAN, [RESULT]),
        async_client.runs.watch(RUN),
    ]
    for stream in streams:
        assert [type(event.payload) async for event in stream] == [RunFinished]


def test_runs(client: Client, script: Script) -> None:
    assert client.runs.get(RUN).state is RunState.RUNNING
    page = client.runs.list(page_size=1)
    assert ([run.name for run in page.items], page.next_page_token) == ([RUN], "more")
    assert client.runs.cancel(RUN).state is RunState.CANCELLED
    client.runs.delete(RUN)
    assert all(deadline is not None and deadline < 31 for deadline in script.deadlines)


async def test_runs_in_asyncio(async_client: AsyncClient) -> None:
    assert (await async_client.runs.get(RUN)).state is RunState.RUNNING
    assert [run.name for run in (await async_client.runs.list()).items] == [RUN]
    assert (await async_client.runs.cancel(RUN)).state is RunState.CANCELLED
    await async_client.runs.delete(RUN)


def test_registry(client: Client, script: Script) -> None:
    (host,) = client.hosts.list()
    assert (host.name, host.devices[0].name) == ("hosts/one", "cpu")
    assert [listed.expert.id for listed in client.experts.list("image-to-text")] == ["rapidocr"]
    assert client.experts.list("text-to-speech") == ()
    (task_type,) = client.task_types.list()
    assert (task_type.task_type.name, task_type.state) == ("image-to-text", TaskTypeState.READY)
    script.host_changes.append("hosts/one")
    with closing(client.hosts.watch()) as changes:
        assert [next(changes).name, next(changes).name] == ["hosts/one", "hosts/one"]


async def test_registry_in_asyncio(async_client: AsyncClient) -> None:
    assert [host.name for host in await async_client.hosts.list()] == ["hosts/one"]
    assert [listed.expert.id for listed in await async_client.experts.list()] == ["rapidocr"]
    async with aclosing(async_client.hosts.watch()) as changes:
        assert (await anext(changes)).name == "hosts/one"


def test_no_server_names_the_address_and_the_cure() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        with Client(address) as client, pytest.raises(UnavailableError, match=f"{address}.*orchestrion up") as caught:
            client.hosts.list()
    assert caught.value.reason == "SERVER_UNREACHABLE"


async def test_no_server_in_asyncio() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with AsyncClient(f"127.0.0.1:{unused.getsockname()[1]}") as client:
            with pytest.raises(UnavailableError, match="orchestrion up"):
                await client.ask("?")


def test_proxy_is_not_asked_for_this_machine(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    for variable in ("no_proxy", "no_grpc_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with Client(address) as client:
        assert client.hosts.list()


def test_address_comes_from_the_environment(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRION_CONTROLLER", address)
    with Client() as client:
        assert client.address == address
        assert client.hosts.list()


@pytest.mark.parametrize("address", ["localhost", "http://localhost:50051"])
def test_bad_address_is_told_at_once(address: str) -> None:
    with pytest.raises(InvalidArgumentError, match="host:port") as caught:
        Client(address)
    assert caught.value.field == "address"


def test_bad_arguments_are_told_before_anything_is_sent(client: Client, script: Script) -> None:
    with pytest.raises(InvalidArgumentError, match="runs/"):
        client.runs.get("abc")
    with pytest.raises(InvalidArgumentError, match="artifacts/"):
        client.artifacts.read("artifacts/abc")
    with pytest.raises(InvalidArgumentError) as caught:
        client.ask([])
    assert caught.value.field == "messages"
    with pytest.raises(InvalidArgumentError, match="surrogates"):
        client.ask("\ud800")
    with pytest.raises(TypeError, match="colour"):
        client.ask("?", colour="blue")  # type: ignore[call-arg]  # The mistake.
    assert script.requests == []


def test_events_of_a_newer_server_are_no_trouble(client: Client, script: Script) -> None:
    succeed(script)
    script.payloads.insert(1, (Stage.PLAN, None))  # type: ignore[arg-type]  # The mistake.
    assert client.ask("?").text == "EXIT"
