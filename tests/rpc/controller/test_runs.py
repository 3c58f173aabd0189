"""The life of runs: watching again, leaving, cancelling, deadlines, and what a restart leaves."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing

import httpx2
import pytest

from orchestrion import AsyncClient
from orchestrion.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    ResourceExhaustedError,
    RunCancelledError,
    UnavailableError,
)
from orchestrion.events import Event, HostsAwaited, RunFinished, RunStarted, TaskStarted
from orchestrion.experts import SelectionPolicy
from orchestrion.plans import Plan
from orchestrion.runs import Message, OnDetach, RunState
from orchestrion.values import OutputRef
from orchestrion_controller import languages
from orchestrion_controller.runs import live_run
from orchestrion_controller.runs.live_run import LiveRun
from orchestrion_controller.server import Controller
from orchestrion_controller.servicers import run as run_servicer
from tests.rpc.controller.conftest import StartController, StartHost
from tests.rpc.controller.plans import CHAIN, collect, payloads, results, wait
from tests.rpc.controller.scripted_host import Gate, ScriptedHost, echo

ONE = Plan((wait("task"),))


async def test_a_run_tells_its_whole_life_in_numbered_events(client: AsyncClient, start_host: StartHost) -> None:
    await start_host()

    events = await collect(client.run("do it", plan=CHAIN))

    numbered = [event.sequence for event in events if event.sequence]
    assert numbered == list(range(1, len(numbered) + 1))
    assert isinstance(events[0].payload, RunStarted)
    assert isinstance(events[-1].payload, RunFinished)
    assert events[-1].payload.state is RunState.SUCCEEDED


async def test_a_watch_from_any_sequence_gets_every_later_event_once(
    client: AsyncClient, start_host: StartHost
) -> None:
    await start_host()
    events = [event for event in await collect(client.run("do it", plan=CHAIN)) if event.sequence]

    for after in (0, 1, 7, len(events)):
        assert await collect(client.runs.watch(events[0].run, after)) == events[after:]


async def test_a_watch_past_the_end_or_of_nothing_is_refused(client: AsyncClient, start_host: StartHost) -> None:
    await start_host()
    events = await collect(client.run("do it", plan=ONE))

    with pytest.raises(OutOfRangeError, match="after_sequence"):
        await collect(client.runs.watch(events[0].run, 999))
    with pytest.raises(NotFoundError):
        await collect(client.runs.watch("runs/0000"))
    with pytest.raises(InvalidArgumentError):
        await collect(client.runs.watch("no such form"))


async def test_a_run_whose_client_left_is_cancelled_down_to_the_host(
    client: AsyncClient, start_host: StartHost
) -> None:
    gate = Gate()
    host = await start_host(gate=gate)

    async with aclosing(client.run("do it", plan=ONE, detach_grace_ms=0)) as events:
        run = (await anext(events)).run
        await gate.entered.wait()

    await host.cancelled.wait()
    log = await collect(client.runs.watch(run))
    assert isinstance(log[-1].payload, RunFinished)
    assert log[-1].payload.state is RunState.CANCELLED
    assert log[-1].payload.error is not None
    assert log[-1].payload.error.reason == "CLIENT_LEFT"


async def test_a_client_that_returns_within_the_grace_keeps_its_run_and_misses_nothing(
    client: AsyncClient, start_host: StartHost
) -> None:
    gate = Gate()
    host = await start_host(gate=gate)
    seen: list[Event] = []

    async with aclosing(client.run("do it", plan=ONE, detach_grace_ms=60_000)) as events:
        async for event in events:
            seen.append(event)
            if isinstance(event.payload, TaskStarted):
                break
    await gate.entered.wait()
    gate.open.set()
    seen += await collect(client.runs.watch(seen[0].run, seen[-1].sequence))

    # Progress has no number: it may come between, and is not kept.
    numbers = [event.sequence for event in seen if event.sequence]
    assert numbers == list(range(1, len(numbers) + 1))
    assert isinstance(seen[-1].payload, RunFinished)
    assert seen[-1].payload.state is RunState.SUCCEEDED
    assert not host.cancelled.is_set()


async def test_a_run_that_may_go_on_alone_does(client: AsyncClient, start_host: StartHost) -> None:
    gate = Gate()
    await start_host(gate=gate)

    async with aclosing(client.run("do it", plan=ONE, on_detach=OnDetach.CONTINUE, detach_grace_ms=0)) as events:
        run = (await anext(events)).run
    await gate.entered.wait()
    gate.open.set()

    log = await collect(client.runs.watch(run))
    assert results(log)["task"].succeeded


async def test_cancelling_stops_the_experts_and_tells_every_reader(client: AsyncClient, start_host: StartHost) -> None:
    gate = Gate()
    host = await start_host(gate=gate)
    events = client.run("do it", plan=ONE)
    # An event is sent when it is written; the list of runs may be a commit behind what experts do.
    run = (await anext(events)).run
    reading = asyncio.create_task(collect(events))
    await gate.entered.wait()

    ended = await client.runs.cancel(run)

    assert ended.state is RunState.CANCELLED
    with pytest.raises(RunCancelledError):
        await reading
    await host.cancelled.wait()
    assert (await client.runs.cancel(run)).state is RunState.CANCELLED


async def test_the_deadline_of_the_call_is_the_runs_deadline(client: AsyncClient, start_host: StartHost) -> None:
    gate = Gate()
    host = await start_host(gate=gate)
    # What the first text of a process has to load takes longer than the deadline.
    languages.prepare()

    with pytest.raises(DeadlineExceededError):
        await collect(client.run("do it", plan=ONE, timeout=1))

    await host.cancelled.wait()
    run = (await client.runs.list()).items[0]
    log = await collect(client.runs.watch(run.name))
    assert run.deadline_time is not None
    assert payloads(log, RunFinished)[0].error is not None
    assert payloads(log, RunFinished)[0].error.reason == "DEADLINE_EXCEEDED"  # type: ignore[union-attr]  # None would fail too.


async def test_a_repeated_call_with_one_request_id_joins_the_first_run(
    client: AsyncClient, start_host: StartHost
) -> None:
    host = await start_host()

    first = await collect(client.run("do it", plan=ONE, request_id="once"))
    second = await collect(client.run("do it", plan=ONE, request_id="once"))

    assert first[0].run == second[0].run
    assert len(host.calls) == 1


async def test_a_request_id_is_known_to_the_next_controller_and_free_again_once_its_run_is_deleted(
    client: AsyncClient, start_host: StartHost, start_controller: StartController
) -> None:
    await start_host()
    first = await collect(client.run("do it", plan=ONE, request_id="once"))

    # Given a controller that goes on with the same database, without any host.
    successor = await start_controller(lease_ms=100)
    async with AsyncClient(f"127.0.0.1:{successor.grpc_port}") as later:
        again = await collect(later.run("do it", plan=ONE, request_id="once"))
        assert again == [event for event in first if event.sequence]
        await later.runs.delete(first[0].run)
        with pytest.raises(FailedPreconditionError, match="no model host"):
            await collect(later.run("do it", plan=ONE, request_id="once"))


async def test_two_runs_at_once_mix_nothing(client: AsyncClient, start_host: StartHost) -> None:
    await start_host()

    async def one(text: str) -> list[Event]:
        return await collect(client.run("do it", plan=Plan((wait("a", text), wait("b", (text, text))))))

    logs = await asyncio.gather(*(one(f"run {number}") for number in range(10)))

    assert len({event.run for log in logs for event in log}) == 10
    for number, log in enumerate(logs):
        assert len({event.run for event in log}) == 1
        assert results(log)["a"].outputs == {"text": f"run {number}"}
        assert results(log)["b"].outputs == {"text": (f"run {number}",) * 2}


async def test_runs_are_listed_in_pages_told_whole_and_deleted(client: AsyncClient, start_host: StartHost) -> None:
    await start_host()
    made = [(await collect(client.run("do it", plan=ONE)))[0].run for _ in range(5)]

    page = await client.runs.list(page_size=3)
    rest = await client.runs.list(page_size=3, page_token=page.next_page_token)
    reported = await client.runs.get(made[0])

    assert {run.name for run in (*page.items, *rest.items)} == set(made)
    assert (len(page.items), len(rest.items), rest.next_page_token) == (3, 2, "")
    assert reported.state is RunState.SUCCEEDED
    assert reported.plan == ONE
    assert reported.messages == (Message("do it"),)
    assert reported.answer
    await client.runs.delete(made[0])
    with pytest.raises(NotFoundError):
        await client.runs.get(made[0])


async def test_a_run_that_goes_on_is_not_deleted(client: AsyncClient, start_host: StartHost) -> None:
    gate = Gate()
    await start_host(gate=gate)
    async with aclosing(client.run("do it", plan=ONE, detach_grace_ms=0)) as events:
        run = (await anext(events)).run
        with pytest.raises(FailedPreconditionError, match="cancel it first"):
            await client.runs.delete(run)


async def test_more_runs_than_allowed_are_refused_with_a_time_to_try_again(
    start_controller: StartController,
) -> None:
    controller = await start_controller(max_running_runs=1)
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"gate": Gate()})
        await host.start()
        async with aclosing(client.run("do it", plan=ONE, detach_grace_ms=0)) as events:
            await anext(events)
            with pytest.raises(ResourceExhaustedError) as caught:
                await collect(client.run("do it", plan=ONE))
        assert caught.value.reason == "TOO_MANY_RUNS"
        assert caught.value.retry_after_ms == 1_000
        await host.stop()


async def test_requests_that_say_nothing_or_ask_too_much_name_the_field(client: AsyncClient) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await collect(client.run("  \n "))
    assert (caught.value.reason, caught.value.field) == ("REQUEST_EMPTY", "messages[0].text")
    with pytest.raises(NotFoundError) as missing:
        await collect(client.run(Message("read", artifacts=(f"artifacts/{'0' * 64}",))))
    assert missing.value.field == "messages[0].artifacts"
    with pytest.raises(InvalidArgumentError) as grace:
        await collect(client.run("hello", detach_grace_ms=-1))
    assert grace.value.field == "options.detach_grace_ms"
    with pytest.raises(FailedPreconditionError, match="OPENAI_BASE_URL"):
        await collect(client.run("hello", planner="llm"))
    with pytest.raises(InvalidArgumentError, match="planner"):
        await collect(client.run("hello", planner="magic"))
    with pytest.raises(FailedPreconditionError, match=r"policy: .*OPENAI_BASE_URL") as policy:
        await collect(client.run("hello", policy=SelectionPolicy.LLM))
    assert (policy.value.reason, policy.value.field) == ("NOT_CONFIGURED", "policy")
    with pytest.raises(InvalidArgumentError, match=r"no SPDX identifier") as licenses:
        await collect(client.run("hello", licenses=["any one"]))
    assert licenses.value.field == "licenses"


async def test_what_a_controller_that_stops_leaves_goes_on_in_the_next(
    start_controller: StartController,
) -> None:
    """Given a task that outlasts the grace, the first controller tells its reader so, and the second does it again."""
    first, gate = await start_controller(), Gate()
    async with AsyncClient(f"127.0.0.1:{first.grpc_port}", reconnect=0) as client:
        host = ScriptedHost("one", client.address, {"gate": gate})
        await host.start()
        events = client.run("do it", plan=ONE, on_detach=OnDetach.CONTINUE)
        seen = [await anext(events)]
        while not isinstance(seen[-1].payload, TaskStarted):
            seen.append(await anext(events))
        stopping = asyncio.create_task(first.stop())
        with pytest.raises(UnavailableError) as caught:
            await collect(events)
        await stopping
        await host.stop()
    assert (caught.value.reason, caught.value.retry_after_ms) == ("SERVER_STOPPING", 1_000)

    second = await start_controller()
    gate.open.set()
    async with AsyncClient(f"127.0.0.1:{second.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"gate": gate})
        await host.start()
        rest = await collect(client.runs.watch(seen[0].run, after_sequence=seen[-1].sequence))
        await host.stop()
    numbers = [event.sequence for event in (*seen, *rest) if event.sequence]
    assert numbers == list(range(1, len(numbers) + 1))
    assert isinstance(end := rest[-1].payload, RunFinished)
    assert end.state is RunState.SUCCEEDED


async def test_a_controller_that_stops_takes_no_new_run_and_lets_what_goes_on_end(
    start_controller: StartController,
) -> None:
    first, gate = await start_controller(shutdown_grace_s=20.0), Gate()
    async with AsyncClient(f"127.0.0.1:{first.grpc_port}", reconnect=0) as client:
        host = ScriptedHost("one", client.address, {"gate": gate})
        await host.start()
        async with aclosing(client.run("do it", plan=ONE)) as events:
            async for event in events:
                if isinstance(event.payload, TaskStarted):
                    break
            stopping = asyncio.create_task(first.stop())
            await asyncio.sleep(0)
            with pytest.raises(UnavailableError) as caught:
                await collect(client.run("and this", plan=ONE))
            gate.open.set()
            last = [event async for event in events][-1].payload
        await stopping
        await host.stop()
    assert (caught.value.reason, caught.value.retry_after_ms) == ("SERVER_STOPPING", 1_000)
    assert isinstance(last, RunFinished)
    assert last.state is RunState.SUCCEEDED


async def test_a_controller_whose_hosts_stop_too_leaves_its_runs_at_once(start_controller: StartController) -> None:
    """Given a whole platform that stops, no run fails for want of a host: each goes on when both are back."""
    first = await start_controller(shutdown_grace_s=60.0)
    async with AsyncClient(f"127.0.0.1:{first.grpc_port}", reconnect=0) as client:
        host = ScriptedHost("one", client.address, {"gate": Gate()})
        await host.start()
        events = client.run("do it", plan=ONE, on_detach=OnDetach.CONTINUE)
        while not isinstance((event := await anext(events)).payload, TaskStarted):
            pass
        stopping = asyncio.create_task(first.stop())
        await host.report(draining=True)
        with pytest.raises(UnavailableError, match="goes on with the run later"):
            await collect(events)
        await stopping
        await host.stop()

    second = await start_controller()
    async with AsyncClient(f"127.0.0.1:{second.grpc_port}") as client:
        assert (await client.runs.get(event.run)).state is RunState.RUNNING


async def test_without_resumes_a_controller_that_stops_cancels_what_goes_on(start_controller: StartController) -> None:
    first = await start_controller(max_resumes=0)
    async with AsyncClient(f"127.0.0.1:{first.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"gate": Gate()})
        await host.start()
        async with aclosing(client.run("do it", plan=ONE, detach_grace_ms=0)) as events:
            run = (await anext(events)).run
            await first.stop()
        await host.stop()

    second = await start_controller()
    async with AsyncClient(f"127.0.0.1:{second.grpc_port}") as client:
        reported = await client.runs.get(run)
    assert reported.state is RunState.CANCELLED
    assert reported.error is not None
    assert reported.error.reason == "SERVER_STOPPING"


async def test_a_slow_reader_of_a_run_that_ended_reads_on_where_the_log_is_no_longer_in_memory(
    client: AsyncClient, controller: Controller, start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_run, "_SLOW_AFTER_S", 0.0)
    await start_host()
    plan = Plan(tuple(wait(str(number), "x" * 300_000) for number in range(8)))
    async with aclosing(client.run("do it", plan=plan)) as slow:
        seen = [await anext(slow)]
        whole = await collect(client.runs.watch(seen[0].run))
        held = [one for one in gc.get_objects() if type(one) is LiveRun and one.row.name == seen[0].run]
        while any(run.log.events() for run in held):  # noqa: ASYNC110 -- it tells nobody.
            await asyncio.sleep(0)
        seen += [event async for event in slow]
    assert [event.sequence for event in seen if event.sequence] == list(range(1, whole[-1].sequence + 1))
    assert isinstance(seen[-1].payload, RunFinished)


async def test_a_run_whose_log_grows_too_large_fails_by_the_name_of_the_setting(
    start_controller: StartController,
) -> None:
    controller = await start_controller(max_log_bytes=2_000_000)
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"echo": echo})
        await host.start()
        tasks = [wait("first", "x" * 300_000), *(wait(str(number), OutputRef("first", "text")) for number in range(20))]
        with pytest.raises(ResourceExhaustedError, match="max_log_bytes") as caught:
            await collect(client.run("do it", plan=Plan(tuple(tasks))))
        assert (caught.value.reason, caught.value.metadata["limit"]) == ("RUN_TOO_LARGE", "2000000")
        assert (await client.runs.list()).items[0].state is RunState.FAILED
        await host.stop()


async def test_what_is_too_large_for_a_message_fails_its_run_and_says_so(
    client: AsyncClient, start_host: StartHost
) -> None:
    """Given three tasks whose texts fit one by one, the answer that has all of them cannot be told to anybody."""
    await start_host()
    tasks = [wait("first", "x" * 3_000_000), *(wait(str(number), OutputRef("first", "text")) for number in range(2))]
    with pytest.raises(ResourceExhaustedError, match="a message has at most") as caught:
        await collect(client.run("do it", plan=Plan(tuple(tasks))))
    assert caught.value.reason == "MESSAGE_TOO_LARGE"
    run = await client.runs.get((await client.runs.list()).items[0].name)
    assert run.state is RunState.FAILED
    assert sorted(run.left_out) == [f"results[{index}].outputs" for index in range(3)]
    assert run.plan == Plan(tuple(tasks))


async def test_a_page_of_runs_is_no_larger_than_a_message(
    client: AsyncClient, start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_servicer, "_LARGEST_LIST_BYTES", 700)
    await start_host()
    made = [(await collect(client.run("do it " * 40, plan=ONE)))[0].run for _ in range(5)]
    listed: list[str] = []
    page = await client.runs.list()
    while page.next_page_token:
        assert len(page.items) == 2
        listed += [run.name for run in page.items]
        page = await client.runs.list(page_token=page.next_page_token)
    assert [*listed, *(run.name for run in page.items)] == made[::-1]


async def test_new_runs_wait_for_hosts_that_come_back_after_a_restart(start_controller: StartController) -> None:
    """Given a host that the first controller listed, a run of the second waits for it, and no run of the third."""
    first = await start_controller()
    async with AsyncClient(f"127.0.0.1:{first.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"echo": echo})
        await host.start()
        await host.stop()
    await first.stop()

    second = await start_controller()
    async with AsyncClient(f"127.0.0.1:{second.grpc_port}") as client:
        events = client.run("do it", plan=ONE)
        assert isinstance((await anext(events)).payload, RunStarted)
        assert isinstance(waits := (await anext(events)).payload, HostsAwaited)
        assert waits.hosts == ("hosts/one",)
        status, text = await page(second, "/readyz")
        assert (status, "Runs wait for hosts/one, listed before the restart" in text) == (200, True)
        host = ScriptedHost("one", client.address, {"echo": echo})
        await host.start()
        assert list(results(await collect(events))) == ["task"]
        await host.stop()
    await second.stop()

    third = await start_controller(lease_ms=200)
    async with AsyncClient(f"127.0.0.1:{third.grpc_port}") as client:
        with pytest.raises(FailedPreconditionError, match="host"):
            await collect(client.run("do it", plan=ONE))
    await third.stop()

    # The host did not come back, so nobody waits for it any more.
    fourth = await start_controller(lease_ms=600_000)
    async with AsyncClient(f"127.0.0.1:{fourth.grpc_port}") as client:
        with pytest.raises(FailedPreconditionError, match="host"):
            await collect(client.run("do it", plan=ONE))


async def page(controller: Controller, path: str) -> tuple[int, str]:
    async with httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://{controller.metrics_address}{path}")
    return answer.status_code, answer.text
