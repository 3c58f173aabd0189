"""The logs of real runs, event by event: every view of a run says the same, and so does GetRun at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce

from orchestrion import Approval, AsyncClient, Plan
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import ApprovalAwaited, AttemptFailed, Event, PlanRejected, TaskRevoked, TaskStarted
from orchestrion.runs import RunState
from orchestrion.snapshots import RunSnapshot, apply
from orchestrion.values import OutputRef, Value
from tests.llm_server import LLMServer, Reply
from tests.rpc.controller.conftest import StartController, StartHost
from tests.rpc.controller.plans import DIAMOND, after, collect, payloads, wait
from tests.rpc.controller.scripted_host import Gate, ScriptedHost
from tests.rpc.controller.test_llm_planning import ANSWER, task, written
from tests.run_views import check_views


async def check(client: AsyncClient, seen: list[Event]) -> RunSnapshot:
    """Checks the views of what a client saw, progress included, and of what the log keeps; returns the run."""
    run = reduce(apply, seen, RunSnapshot())
    kept = await collect(client.runs.watch(run.name))
    check_views(seen)
    check_views(kept)
    got = await client.runs.get(run.name)
    # The row of a run has times of its own: when it was made, and when its end was written.
    assert replace(run.as_run(), create_time=got.create_time, end_time=got.end_time) == got
    return run


class FailsFirst:
    """The expert that fails once for each text, then returns it."""

    def __init__(self) -> None:
        self.seen: set[Value] = set()

    async def __call__(self, inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        if inputs["text"] not in self.seen:
            self.seen.add(inputs["text"])
            raise Reason.WORKER_CRASHED.error("The worker died.")
        return {"text": inputs["text"]}


async def test_a_run_with_branches_items_and_attempts_that_fail(client: AsyncClient, start_host: StartHost) -> None:
    await start_host(flaky=FailsFirst())
    plan = Plan((*DIAMOND.tasks, wait("each", ("a", "b", "c")), wait("last", OutputRef("each", "text", 1))))
    run = await check(client, await collect(client.run("do it", plan=plan)))
    assert run.tasks["each"].item_count == 3
    assert {attempt for task in run.tasks.values() for attempt in task.attempts.values()} == {1, 2}
    assert len(run.results) == 6


async def test_a_run_whose_plan_is_edited_before_it_is_approved(client: AsyncClient, start_host: StartHost) -> None:
    await start_host()
    seen: list[Event] = []
    async for event in client.run("do it", plan=DIAMOND, approval=Approval.REQUIRED):
        seen.append(event)
        if isinstance(event.payload, ApprovalAwaited):
            await client.runs.approve(event.run, Plan((wait("top", "mine"), wait("other", after("top")))))
    run = await check(client, seen)
    assert [(result.task_id, result.outputs["text"]) for result in run.results] == [("top", "mine"), ("other", "mine")]


async def test_a_run_that_is_cancelled_and_one_that_fails(client: AsyncClient, start_host: StartHost) -> None:
    seen: list[Event] = []
    with contextlib.suppress(OrchestrionError):
        async for event in client.run("do it", plan=DIAMOND):
            seen.append(event)
    assert (await check(client, seen)).error is not None

    await start_host(gate=Gate())
    seen = []
    with contextlib.suppress(OrchestrionError):
        async for event in client.run("do it", plan=DIAMOND):
            seen.append(event)
            if isinstance(event.payload, TaskStarted):
                await client.runs.cancel(event.run)
    assert (await check(client, seen)).state is RunState.CANCELLED


async def test_a_run_whose_plan_is_repaired_while_its_tasks_run(start_controller: StartController) -> None:
    """Given a first reply that breaks a rule once its first tasks have started, and a second with other tasks."""
    first = written(task("first"), task("second", "first"), task("third", "second", "test-dilay"))
    mended = written(task("first", delay_ms={"number": 1}), task("second", "first"), task("fourth", "second"))
    reply = Reply(first, tokens_per_second=40, pause_after=first.index("third"))
    async with LLMServer([reply, mended, ANSWER]) as model:
        controller = await start_controller(llm_base_url=model.base_url, llm_model="scripted", llm_retry_count=0)
        address = f"127.0.0.1:{controller.grpc_port}"
        host = ScriptedHost("one", address, {"flaky": FailsFirst()})
        async with contextlib.AsyncExitStack() as stack, AsyncClient(address) as client:
            stack.push_async_callback(host.stop)
            await host.start()
            seen = []
            async for event in client.run("Do three steps, one after the other."):
                seen.append(event)
                if isinstance(event.payload, AttemptFailed):
                    model.resume()
            run = await check(client, seen)
    assert (len(payloads(seen, PlanRejected)), len(payloads(seen, TaskRevoked))) == (1, 1)
    assert sorted(run.tasks) == ["first", "fourth", "second"]
