"""A language model that fails or is left at any of its stages: what becomes of the run, as clients see it over gRPC.

Docs: "When a language model fails" in operations.md. Each stage has an endpoint of its own, behind real HTTP.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

import pytest

from orchestrion import AsyncClient
from orchestrion.errors import OrchestrionError
from orchestrion.events import AnswerFinished, Event, RunFinished, Stage, StageFinished, StageOutcome, TaskAssigned
from orchestrion.experts import SelectionPolicy
from orchestrion.runs import RunState
from orchestrion_controller import languages
from orchestrion_controller.server import Controller
from tests.raw_endpoint import Break, RawEndpoint, Script, streamed, whole
from tests.rpc.controller.conftest import StartController
from tests.rpc.controller.plans import payloads, results
from tests.rpc.controller.scripted_host import ScriptedHost, echo

TASK = {"id": "task", "type": "test-delay", "inputs": {"text": {"text": "forty-two"}}}
SOUND: dict[str, Script] = {
    "planner": streamed(json.dumps({"tasks": [TASK], "noTaskReason": ""})),
    "selector": streamed(json.dumps({"choices": {"task": {"reason": "better", "expert": "b"}}})),
    "responder": streamed("It says forty-two."),
}
STAGES = {"planner": Stage.PLAN, "selector": Stage.SELECT, "responder": Stage.RESPOND}
RETRIES = 1


@dataclass(frozen=True)
class Fault:
    """What an endpoint does to every call."""

    script: Script
    reason: str
    calls: int = 1 + RETRIES
    """How often it is asked for an answer or a choice; for a plan, once more where a reply broke off."""
    plan_calls: int = 0
    """How often it is asked for a plan; 0 for as often as for an answer."""


FAULTS = {
    "hangs before a reply": Fault(Break.HOLD, "LLM_TIMED_OUT", calls=1),
    "hangs after its headers": Fault(streamed(Break.HOLD), "LLM_TIMED_OUT", calls=1),
    "hangs in the middle": Fault(streamed("{", Break.HOLD), "LLM_TIMED_OUT", calls=1, plan_calls=2),
    "resets before a reply": Fault(Break.RESET, "LLM_UNAVAILABLE"),
    "resets in the middle": Fault(streamed("{", Break.RESET), "LLM_BROKE_OFF", calls=1, plan_calls=2),
    "closes in the middle": Fault(streamed("{", Break.CLOSE), "LLM_BROKE_OFF", calls=1, plan_calls=2),
    "asks to come back in an hour": Fault(
        whole({"error": {"message": "busy"}}, 429, **{"retry-after": "3600"}), "LLM_RATE_LIMITED", calls=1
    ),
    "asks to come back at once, each time": Fault(
        whole({"error": {"message": "busy"}}, 429, **{"retry-after": "0"}), "LLM_RATE_LIMITED"
    ),
    "fails": Fault(whole({"error": {"message": "out of order"}}, 500), "LLM_UNAVAILABLE"),
}


@dataclass
class Platform:
    """A controller whose language models follow scripts, and a host with two experts."""

    controller: Controller
    client: AsyncClient
    models: dict[str, RawEndpoint]


StartPlatform = Callable[..., Awaitable[Platform]]


@pytest.fixture
async def start_platform(start_controller: StartController) -> AsyncIterator[StartPlatform]:
    async with AsyncExitStack() as stack:
        # What the first text of a process has to load would count against deadlines.
        languages.prepare()

        async def start(timeout_s: float = 0.15, **scripts: Script) -> Platform:
            models = {
                name: await stack.enter_async_context(RawEndpoint(script))
                for name, script in {**SOUND, **scripts}.items()
            }
            addresses = {f"{name}_llm_base_url": model.base_url for name, model in models.items()}
            controller = await start_controller(
                llm_model="scripted",
                llm_base_url=models["planner"].base_url,
                llm_timeout_s=timeout_s,
                llm_idle_timeout_s=timeout_s,
                llm_retry_count=RETRIES,
                **addresses,
            )
            address = f"127.0.0.1:{controller.grpc_port}"
            host = ScriptedHost("one", address, {"a": echo, "b": echo})
            stack.push_async_callback(host.stop)
            await host.start()
            return Platform(controller, await stack.enter_async_context(AsyncClient(address)), models)

        yield start


async def run(platform: Platform, events: list[Event]) -> None:
    async for event in platform.client.run("What does it say?", policy=SelectionPolicy.LLM):
        events.append(event)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_at_the_plan_it_fails_the_run_by_name_after_as_many_tries_as_the_settings_say(
    start_platform: StartPlatform, fault: Fault
) -> None:
    platform = await start_platform(planner=fault.script)
    events: list[Event] = []
    with pytest.raises(OrchestrionError) as failure:
        await run(platform, events)
    assert failure.value.reason == fault.reason
    (end,) = payloads(events, RunFinished)
    assert (end.state, end.error and end.error.reason) == (RunState.FAILED, fault.reason)
    assert len(platform.models["planner"].bodies) == (fault.plan_calls or fault.calls)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_at_the_choice_rank_chooses_and_says_why(start_platform: StartPlatform, fault: Fault) -> None:
    platform = await start_platform(selector=fault.script)
    events: list[Event] = []
    await run(platform, events)
    (assigned,) = payloads(events, TaskAssigned)
    assert f"the language model did not answer ({fault.reason})" in assigned.assignment.reason
    assert results(events)["task"].succeeded
    assert len(platform.models["selector"].bodies) == fault.calls


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_at_the_answer_the_built_in_answer_is_given_and_says_so(
    start_platform: StartPlatform, fault: Fault
) -> None:
    platform = await start_platform(responder=fault.script)
    events: list[Event] = []
    await run(platform, events)
    (answer,) = payloads(events, AnswerFinished)
    assert f"({fault.reason}); this is the built-in answer." in answer.text.partition("\n")[0]
    assert "forty-two" in answer.text
    assert len(platform.models["responder"].bodies) == fault.calls


async def by_a_call(platform: Platform, run: str) -> None:
    await platform.client.runs.cancel(run)


async def by_leaving(platform: Platform, run: str) -> None:
    """The reader that began it goes away."""


async def by_the_deadline(platform: Platform, run: str) -> None:
    async for _event in platform.client.runs.watch(run):
        pass


ENDS = {"CANCELLED": by_a_call, "CLIENT_LEFT": by_leaving, "DEADLINE_EXCEEDED": by_the_deadline}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("reason", "end"), ENDS.items(), ids=ENDS)
async def test_a_run_that_ends_while_its_language_model_writes_leaves_the_model_at_once(
    start_platform: StartPlatform, stage: str, reason: str, end: Callable[[Platform, str], Awaitable[None]]
) -> None:
    platform = await start_platform(timeout_s=60, **{stage: streamed("{", Break.HOLD)})
    model = platform.models[stage]
    timeout = 1.5 if end is by_the_deadline else None
    started = platform.client.run("What does it say?", policy=SelectionPolicy.LLM, detach_grace_ms=0, timeout=timeout)
    async with aclosing(started) as events:
        name = (await anext(events)).run
        await asyncio.wait_for(model.was_called.wait(), 10)
        await end(platform, name)

    # Long before it would be given up for its silence.
    await asyncio.wait_for(model.left.wait(), 10)
    log = [event async for event in platform.client.runs.watch(name)]
    (ended,) = payloads(log, RunFinished)
    assert (ended.state, ended.error and ended.error.reason) == (RunState.CANCELLED, reason)
    finished = {event.stage: event.payload for event in log if isinstance(event.payload, StageFinished)}
    assert finished[STAGES[stage]].outcome is StageOutcome.CANCELLED
