"""Runs whose plans a language model writes: every way in which its replies can go wrong, as clients see it over gRPC.

The model is scripted, behind real HTTP; the controller is real, and so is gRPC. The host is scripted too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from orchestrion import Approval, AsyncClient
from orchestrion.errors import (
    REFUSALS,
    FailedPreconditionError,
    OrchestrionError,
    ResourceExhaustedError,
    UnavailableError,
)
from orchestrion.events import (
    ApprovalAwaited,
    Event,
    PlanFinished,
    PlanRejected,
    RunFinished,
    Stage,
    StageFinished,
    TaskFinished,
    TaskPlanned,
    TaskStarted,
)
from orchestrion.plans import Parameter, ParameterKind, Plan, Task, TaskType
from orchestrion.runs import RunState
from orchestrion.values import JsonObject
from tests.llm_server import LLMServer, Reply
from tests.rpc.controller.conftest import StartController
from tests.rpc.controller.plans import after, collect, payloads, results, wait
from tests.rpc.controller.scripted_host import ScriptedHost, echo

StartClient = Callable[..., Awaitable[AsyncClient]]


def task(task_id: str, source: str = "", task_type: str = "test-delay", **inputs: Any) -> JsonObject:
    """A task as a language model writes it: its text is its id, or the text of another task."""
    text = {"output": {"taskId": source, "output": "text"}} if source else {"text": task_id}
    return {"id": task_id, "type": task_type, "inputs": {"text": text, **inputs}}


def written(*tasks: JsonObject) -> str:
    return json.dumps({"tasks": tasks, "noTaskReason": ""})


CHAIN = written(task("first"), task("second", "first"), task("third", "second"))
PLAN = Plan((wait("first", "first"), wait("second", after("first")), wait("third", after("second"))))
ANSWER = "All three are done."


@pytest.fixture
async def start_client(start_controller: StartController) -> AsyncIterator[StartClient]:
    """Starts a controller that plans with a language model, and a host with the expert `echo`; returns a client."""
    async with AsyncExitStack() as stack:

        async def start(model: LLMServer, **settings: object) -> AsyncClient:
            await stack.enter_async_context(model)
            settings = {"llm_base_url": model.base_url, "llm_model": "scripted", "llm_retry_count": 0, **settings}
            controller = await start_controller(**settings)
            address = f"127.0.0.1:{controller.grpc_port}"
            host = ScriptedHost("one", address, {"echo": echo})
            stack.push_async_callback(host.stop)
            await host.start()
            return await stack.enter_async_context(AsyncClient(address))

        yield start


async def run(client: AsyncClient, **options: Any) -> list[Event]:
    return await collect(client.run("Do three steps, one after the other.", **options))


async def test_a_chain_of_three_takes_two_calls_whose_tokens_are_counted(start_client: StartClient) -> None:
    model = LLMServer([CHAIN, ANSWER])
    client = await start_client(model)

    events = await run(client)

    assert results(events)["third"].outputs == {"text": "first"}
    assert [call.asks_for_plan for call in model.calls] == [True, False]
    ended = {event.stage: event.payload for event in events if isinstance(event.payload, StageFinished)}
    calls = {stage: finished.llm_call_count for stage, finished in ended.items()}
    assert calls == {Stage.PLAN: 1, Stage.SELECT: 0, Stage.EXECUTE: 0, Stage.RESPOND: 1}
    for stage in (Stage.PLAN, Stage.RESPOND):
        assert ended[stage].prompt_token_count > 0
        assert ended[stage].completion_token_count > 0


@pytest.mark.parametrize(
    "reply",
    [
        CHAIN,
        f"```json\n{CHAIN}\n```",
        f"Here is your plan:\n\n{CHAIN}\n\nAnything else?",
        f"<think>They want three steps.</think>{CHAIN}",
    ],
    ids=["bare", "fenced", "prose around", "thoughts first"],
)
async def test_a_valid_plan_is_found_in_whatever_the_model_wraps_it(start_client: StartClient, reply: str) -> None:
    client = await start_client(LLMServer([reply, ANSWER]))
    events = await run(client)
    assert [finished.plan for finished in payloads(events, PlanFinished)] == [PLAN]
    assert payloads(events, PlanRejected) == []


async def test_of_a_plan_without_end_no_more_is_read_than_a_plan_can_have(start_client: StartClient) -> None:
    endless = '{"tasks": [' + ", ".join(f'{{"id": "t{n}", "type": "test-delay"}}' for n in range(4_000))
    client = await start_client(LLMServer([endless, endless]))

    with pytest.raises(FailedPreconditionError, match="it grew too long: write a shorter one") as caught:
        await run(client)

    assert caught.value.reason == "PLAN_NOT_REPAIRED"


async def test_of_a_reply_without_end_the_plan_is_taken_and_an_answer_without_end_is_none(
    start_client: StartClient, caplog: pytest.LogCaptureFixture
) -> None:
    client = await start_client(LLMServer([CHAIN + "x" * 200_000, "x" * 1_000_001]))

    events = await run(client)

    assert [finished.plan for finished in payloads(events, PlanFinished)] == [PLAN]
    assert all(result.succeeded for result in results(events).values())
    assert "broke off in the middle of its reply: it sent more than 1,000,000 characters" in caplog.text


PROSE = "First I would wait, then wait again."
WRONG = {
    "wrong type": (written(task("first", delay_ms={"text": "soon"})), "ILL_TYPED_INPUT"),
    "cyclic": (written(task("first", "second"), task("second", "first")), "PLAN_CYCLE"),
    "unknown task": (written(task("first"), task("second", "first", "test-dilay")), "UNKNOWN_TASK_TYPE"),
    "unknown reference": (written(task("first", "frist")), "UNKNOWN_REFERENCE"),
    "truncated": (CHAIN[:150], "PLAN_INVALID"),
    "cut by length": (Reply(CHAIN[:150], finish_reason="length"), "PLAN_INVALID"),
    "prose": (PROSE, "PLAN_INVALID"),
    "broken off": (Reply(CHAIN, cut_after=150), "LLM_BROKE_OFF"),
    "connection lost": (Reply(CHAIN, drop_after=150), "LLM_BROKE_OFF"),
    "stalled": (Reply(CHAIN, stall_after=150), "LLM_TIMED_OUT"),
}


@pytest.mark.parametrize(("reply", "reason"), WRONG.values(), ids=WRONG)
async def test_the_second_reply_mends_the_first(start_client: StartClient, reply: str | Reply, reason: str) -> None:
    model = LLMServer([reply, CHAIN, ANSWER])
    client = await start_client(model, llm_idle_timeout_s=1.5)

    events = await run(client)

    assert [rejected.error.reason for rejected in payloads(events, PlanRejected)] == [reason]
    assert [finished.plan for finished in payloads(events, PlanFinished)] == [PLAN]
    assert {task_id: result.succeeded for task_id, result in results(events).items()} == dict.fromkeys(
        ("first", "second", "third"), True
    )
    # What was right in the first reply is not done twice.
    assert sorted(started.task_id for started in payloads(events, TaskStarted)) == ["first", "second", "third"]
    planning = next(
        event.payload for event in events if isinstance(event.payload, StageFinished) and event.stage is Stage.PLAN
    )
    assert planning.llm_call_count == 2
    assert len(model.calls) == 3


@pytest.mark.parametrize(("reply", "reason"), WRONG.values(), ids=WRONG)
async def test_a_second_bad_reply_ends_the_run_with_a_typed_error(
    start_client: StartClient, reply: str | Reply, reason: str
) -> None:
    model = LLMServer([reply, reply])
    client = await start_client(model, llm_idle_timeout_s=1.5)

    with pytest.raises(OrchestrionError) as caught:
        await run(client)

    if reason.startswith("LLM_"):
        assert isinstance(caught.value, UnavailableError)
        assert caught.value.reason == reason
    elif reply == PROSE:
        # Words in place of a plan are what the model has to say.
        assert (caught.value.reason, caught.value.metadata["said"]) == ("PLANNER_REFUSED", PROSE)
    else:
        assert isinstance(caught.value, FailedPreconditionError)
        assert (caught.value.reason, caught.value.metadata["invalid"]) == ("PLAN_NOT_REPAIRED", reason)
    assert len(model.calls) == 2


async def test_a_task_type_that_no_expert_serves_ends_in_its_cure(start_client: StartClient) -> None:
    """Given a model that insists on a task type without an expert, the run says so, and what would bring one."""
    reply = written(task("ask", task_type="visual-question-answering"))
    client = await start_client(LLMServer([reply, reply]))

    with pytest.raises(FailedPreconditionError) as caught:
        await run(client)

    assert caught.value.reason == "REQUEST_BEYOND_PLANNER"
    (part,) = caught.value.not_done
    assert part.command == "orchestrion models search visual-question-answering"
    assert caught.value.message.splitlines() == [
        "Understood: answer a question about a picture (visual-question-answering); no expert for it runs here.",
        "Get it: `orchestrion models search visual-question-answering`",
    ]


BUSY = Reply(status=429, headers={"retry-after": "30"})
FAILURES: dict[str, tuple[Reply | str, dict[str, object], type[OrchestrionError], str]] = {
    "refused": (Reply(refusal="I will not."), {}, FailedPreconditionError, "PLANNER_REFUSED"),
    "filtered": (Reply("", finish_reason="content_filter"), {}, FailedPreconditionError, "PLANNER_REFUSED"),
    "refused in words": ("I'm sorry, I can't help with that.", {}, FailedPreconditionError, "PLANNER_REFUSED"),
    "busy": (BUSY, {}, ResourceExhaustedError, "LLM_RATE_LIMITED"),
    "unpaid": (
        Reply(status=429, error="insufficient_quota"),
        {"llm_retry_count": 5},
        FailedPreconditionError,
        "LLM_QUOTA_EXHAUSTED",
    ),
    "silent": (Reply(CHAIN, delay_ms=60_000), {"llm_timeout_s": 1.0}, UnavailableError, "LLM_TIMED_OUT"),
    "failing": (Reply(status=500), {}, UnavailableError, "LLM_UNAVAILABLE"),
    "too long": (CHAIN, {"llm_context_tokens": 400}, FailedPreconditionError, "LLM_CONTEXT_EXCEEDED"),
    "locked": (Reply(status=401), {}, FailedPreconditionError, "NOT_CONFIGURED"),
}


@pytest.mark.parametrize(("reply", "settings", "error_type", "reason"), FAILURES.values(), ids=FAILURES)
async def test_what_no_repair_can_mend_is_told_by_its_reason(
    start_client: StartClient,
    reply: Reply | str,
    settings: dict[str, object],
    error_type: type[OrchestrionError],
    reason: str,
) -> None:
    client = await start_client(LLMServer([reply, reply]), **settings)
    events: list[Event] = []

    async def read() -> None:
        async for event in client.run("Do three steps."):
            events.append(event)

    with pytest.raises(error_type) as caught:
        await read()
    assert caught.value.reason == reason
    assert caught.value.retry_after_ms == (30_000 if reply is BUSY else None)
    # The run's log tells the same, and there is no answer about nothing.
    (end,) = payloads(events, RunFinished)
    assert end.state is RunState.FAILED
    assert end.error is not None
    assert end.error.reason == reason
    assert [part.reason for part in caught.value.not_done] == ([end.error.message] if reason in REFUSALS else [])
    assert not [event for event in events if event.stage is Stage.RESPOND]


async def test_a_busy_endpoint_is_waited_for(start_client: StartClient) -> None:
    model = LLMServer([Reply(status=429, headers={"retry-after": "0.05"}), CHAIN, ANSWER])
    client = await start_client(model, llm_retry_count=1)
    assert results(await run(client))["third"].succeeded
    assert len(model.calls) == 3


async def test_a_wait_beyond_the_runs_deadline_is_not_begun(start_client: StartClient) -> None:
    model = LLMServer([BUSY, CHAIN, ANSWER])
    client = await start_client(model, llm_retry_count=1)
    with pytest.raises(ResourceExhaustedError) as caught:
        await run(client, timeout=20)
    # Not DEADLINE_EXCEEDED, after twenty seconds in vain: at once, and with the time to come back at.
    assert (caught.value.reason, caught.value.retry_after_ms) == ("LLM_RATE_LIMITED", 30_000)
    assert len(model.calls) == 1


async def test_an_endpoint_without_schemas_is_asked_for_less_and_once_only(start_client: StartClient) -> None:
    model = LLMServer([CHAIN, ANSWER, CHAIN, ANSWER], refuses=["json_schema", "json_object", "stream_options"])
    client = await start_client(model)
    for _ in range(2):
        assert results(await run(client))["third"].succeeded
    formats = [call.format for call in model.calls if call.asks_for_plan]
    assert formats[-2:] == ["", ""]
    assert formats.count("json_schema") <= 2
    assert formats.count("json_object") == 1


async def test_only_what_a_live_host_performs_is_on_offer(start_client: StartClient) -> None:
    model = LLMServer([written(task("first")), ANSWER])
    client = await start_client(model)
    await run(client)
    schema = model.calls[0].body["response_format"]["json_schema"]["schema"]
    offered = [form["properties"]["type"]["enum"] for form in schema["properties"]["tasks"]["items"]["anyOf"]]
    assert offered == [["test-delay"]]


async def test_task_types_that_a_caller_gives_stay_as_given(start_client: StartClient) -> None:
    model = LLMServer(
        [json.dumps({"tasks": [{"id": "look", "type": "weather", "inputs": {"city": {"text": "Rome"}}}]})]
    )
    client = await start_client(model)
    weather = TaskType(
        "weather",
        "Tells the weather of a city.",
        (
            Parameter("city", ParameterKind.TEXT, "The city."),
            Parameter("unit", ParameterKind.TEXT, optional=True, choices=("celsius", "kelvin")),
        ),
        (Parameter("text", ParameterKind.TEXT),),
    )

    events = await collect(client.plan("What is the weather in Rome?", task_types=[weather], planner="llm"))

    (finished,) = payloads(events, PlanFinished)
    assert finished.plan == Plan((Task("look", "weather", {"city": "Rome"}),))
    schema = model.calls[0].body["response_format"]["json_schema"]["schema"]
    (form,) = schema["properties"]["tasks"]["items"]["anyOf"]
    assert form["properties"]["type"]["enum"] == ["weather"]
    assert list(form["properties"]["inputs"]["properties"]) == ["city", "unit"]
    # No host performs it, and no choice is taken away for that.
    assert '"enum": ["celsius", "kelvin"]' in json.dumps(schema)


BRANCHES = written(
    *(
        task(f"{branch}-{step}", f"{branch}-{step - 1}" if step > 1 else "")
        for branch in ("left", "middle", "right")
        for step in (1, 2)
    )
)


async def test_the_first_expert_works_before_half_of_the_plan_is_written(start_client: StartClient) -> None:
    """A model that writes 40 tokens a second stops at the half, and goes on only when the first task has ended."""
    half = len(BRANCHES) // 2
    model = LLMServer([Reply(BRANCHES, tokens_per_second=40, pause_after=half), ANSWER])
    client = await start_client(model)

    events: list[Event] = []
    async with asyncio.timeout(60):
        async for event in client.run("Do two steps in each of three branches."):
            events.append(event)
            if isinstance(event.payload, TaskFinished):
                model.resume()

    kinds = [(type(event.payload), event.payload) for event in events]
    places = {
        kind: [index for index, (output, _) in enumerate(kinds) if output is kind]
        for kind in (TaskPlanned, TaskStarted, PlanFinished)
    }
    planned_before = [index for index in places[TaskPlanned] if index < places[TaskStarted][0]]
    assert len(planned_before) <= 3 < len(places[TaskPlanned])
    assert places[TaskStarted][0] < places[PlanFinished][0]
    assert {task_id: result.succeeded for task_id, result in results(events).items()} == {
        f"{branch}-{step}": True for branch in ("left", "middle", "right") for step in (1, 2)
    }


async def test_without_early_dispatch_nothing_starts_before_the_plan_is_whole(start_client: StartClient) -> None:
    client = await start_client(LLMServer([Reply(BRANCHES, tokens_per_second=400), ANSWER]), early_dispatch=False)
    events = await collect(client.run("Do two steps in each of three branches."))
    kinds = [type(event.payload) for event in events]
    assert kinds.index(PlanFinished) < kinds.index(TaskStarted)
    assert len(results(events)) == 6


async def test_a_plan_is_approved_when_it_is_whole_and_valid(start_client: StartClient) -> None:
    """Given a first reply that breaks a rule, nothing starts before the mended plan is approved, here edited.

    The second call, for the answer, then tells of the edited plan alone.
    """
    misspelt = written(task("first"), task("second", "first", "test-dilay"))
    model = LLMServer([misspelt, CHAIN, ANSWER])
    client = await start_client(model)
    edited = PLAN.with_inputs("first", text="mine").without("third")

    events: list[Event] = []
    async for event in client.run("Do three steps.", approval=Approval.REQUIRED):
        events.append(event)
        if isinstance(event.payload, ApprovalAwaited):
            assert event.payload.plan == PLAN
            assert not payloads(events, TaskStarted)
            await client.runs.approve(event.run, edited)

    assert len(payloads(events, PlanRejected)) == 1
    assert {task_id: result.outputs for task_id, result in results(events).items()} == {
        "first": {"text": "mine"}, "second": {"text": "mine"},
    }  # fmt: skip
    answering = json.dumps(model.calls[-1].body)
    assert "mine" in answering
    assert "third" not in answering
