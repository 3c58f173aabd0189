"""Runs over HTTP: created, watched, resumed, left alone, approved, cancelled, deleted."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from orchestrion import AsyncClient, Plan, from_json, to_json
from orchestrion.events import Event
from orchestrion.runs import RunState
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.plans import CHAIN, after, wait
from tests.rpc.controller.scripted_host import Gate
from tests.rpc.gateway.server_events import collect, events_of, until

STREAM = {"Accept": "text/event-stream"}
ONE = Plan((wait("task", "hello"),))


def wanted(plan: Plan, **settings: Any) -> dict[str, Any]:
    return {"messages": [{"text": "do it"}], "plan": json.loads(to_json(plan)), **settings}


async def test_a_run_is_created_and_watched_to_its_end(
    http: httpx2.AsyncClient, client: AsyncClient, start_host: StartHost
) -> None:
    await start_host()

    created = await http.post("/api/v1/runs", json=wanted(CHAIN))
    assert created.status_code == 201
    name = created.json()["name"]
    assert created.headers["location"] == f"/api/v1/{name}"
    watched = await http.get(f"/api/v1/{name}/events")
    events = await collect(watched)

    expected = [event async for event in client.runs.watch(name)]
    assert [from_json(json.dumps(event.data), Event) for event in events if event.id] == expected
    assert [event.id for event in events if event.id] == [str(event.sequence) for event in expected]
    assert (events[0].name, events[-1].name) == ("run_started", "run_finished")
    run = (await http.get(f"/api/v1/{name}")).json()
    assert (run["state"], len(run["results"])) == ("RUN_STATE_SUCCEEDED", 3)


async def test_creating_and_watching_can_be_one_call(http: httpx2.AsyncClient, start_host: StartHost) -> None:
    await start_host()
    body = wanted(ONE, options={"detachGraceMs": "0"})

    async with http.stream("POST", "/api/v1/runs", json=body, headers=STREAM) as response:
        assert response.status_code == 200
        events = await collect(response)

    assert (events[0].name, events[-1].name) == ("run_started", "run_finished")
    assert events[-1].data["runFinished"]["state"] == "RUN_STATE_SUCCEEDED"
    # In two calls nobody would be there in time.
    refused = await http.post("/api/v1/runs", json=body)
    assert (refused.status_code, refused.json()["error"]["metadata"]["field"]) == (400, "options.detach_grace_ms")


async def test_a_reader_that_comes_back_gets_each_numbered_event_once(
    http: httpx2.AsyncClient, start_host: StartHost
) -> None:
    gate = Gate()
    await start_host(gate=gate)
    name = (await http.post("/api/v1/runs", json=wanted(CHAIN))).json()["name"]

    async with http.stream("GET", f"/api/v1/{name}/events") as response:
        before = await until(events_of(response), "task_started")
    last = [event.id for event in before if event.id][-1]
    gate.open.set()
    async with http.stream("GET", f"/api/v1/{name}/events", headers={"Last-Event-ID": last}) as response:
        rest = await collect(response)

    numbers = [int(event.id) for event in (*before, *rest) if event.id]
    assert numbers == list(range(1, len(numbers) + 1))
    assert rest[-1].name == "run_finished"
    # Whoever has seen all of them is told not to come again, by either way of saying it.
    again = await http.get(f"/api/v1/{name}/events", headers={"Last-Event-ID": rest[-1].id})
    assert (again.status_code, again.content) == (204, b"")
    assert (await http.get(f"/api/v1/{name}/events", params={"after": rest[-1].id})).status_code == 204
    too_far = await http.get(f"/api/v1/{name}/events", params={"after": 10_000})
    assert (too_far.status_code, too_far.json()["error"]["reason"]) == (400, "SEQUENCE_OUT_OF_RANGE")
    for wrong in ("x", "-1", "1.5", "²"):
        response = await http.get(f"/api/v1/{name}/events", headers={b"Last-Event-ID": wrong.encode()})
        assert response.json()["error"]["metadata"] == {"field": "Last-Event-ID"}


async def test_what_is_not_kept_has_no_id(http: httpx2.AsyncClient, start_host: StartHost) -> None:
    await start_host()
    async with http.stream("POST", "/api/v1/runs", json=wanted(ONE), headers=STREAM) as response:
        events = await collect(response)
    assert {event.name for event in events if not event.id} == {"task_progress"}
    assert [event.data["sequence"] for event in events if event.id] == [event.id for event in events if event.id]


async def test_a_run_that_only_a_vanished_reader_watched_is_cancelled(
    http: httpx2.AsyncClient, client: AsyncClient, start_host: StartHost
) -> None:
    host = await start_host(gate=Gate())
    body = wanted(ONE, options={"detachGraceMs": "0"})

    async with http.stream("POST", "/api/v1/runs", json=body, headers=STREAM) as response:
        seen = await until(events_of(response), "task_started")

    # Nothing was pending that would have shown the gateway that its reader had left.
    await host.cancelled.wait()
    run = await client.runs.cancel(seen[0].data["run"])
    assert (run.state, run.error and run.error.reason) == (RunState.CANCELLED, "CLIENT_LEFT")


async def test_a_run_that_is_to_go_on_does_so_without_a_reader(
    http: httpx2.AsyncClient, client: AsyncClient, start_host: StartHost
) -> None:
    gate = Gate()
    await start_host(gate=gate)
    body = wanted(ONE, options={"onDetach": "ON_DETACH_CONTINUE", "detachGraceMs": "0"})

    name = (await http.post("/api/v1/runs", json=body)).json()["name"]
    await gate.entered.wait()
    gate.open.set()

    last = [event async for event in client.runs.watch(name)][-1]
    assert type(last.payload).__name__ == "RunFinished"
    assert (await client.runs.get(name)).state is RunState.SUCCEEDED


async def test_an_edited_plan_is_approved(http: httpx2.AsyncClient, start_host: StartHost) -> None:
    host = await start_host()
    async with http.stream(
        "POST", "/api/v1/runs", json=wanted(ONE, approval="APPROVAL_REQUIRED"), headers=STREAM
    ) as response:
        events = events_of(response)
        awaited = (await until(events, "approval_awaited"))[-1].data
        assert host.calls == []
        approve = f"/api/v1/{awaited['run']}:approve"
        plan = awaited["approvalAwaited"]["plan"]
        assert from_json(json.dumps(plan), Plan) == ONE

        broken = Plan((wait("task", after("nobody")),))
        refused = await http.post(approve, json={"plan": json.loads(to_json(broken))})
        assert (refused.status_code, refused.json()["error"]["reason"]) == (400, "UNKNOWN_REFERENCE")
        assert refused.json()["error"]["metadata"]["task_id"] == "task"
        elsewhere = await http.post(approve, json={"name": "runs/other"})
        assert elsewhere.json()["error"]["metadata"] == {"field": "name"}

        plan["tasks"][0]["inputs"]["text"] = {"text": "edited"}
        approved = await http.post(approve, json={"plan": plan, "requestId": "one"})
        assert approved.status_code == 200
        rest = await until(events, "run_finished")

    assert [call["text"] for _, call in host.calls] == ["edited"]
    assert rest[-1].data["runFinished"]["state"] == "RUN_STATE_SUCCEEDED"
    # The same call once more has done it already; another comes too late.
    assert (await http.post(approve, json={"plan": plan, "requestId": "one"})).status_code == 200
    late = await http.post(approve)
    assert (late.status_code, late.json()["error"]["reason"]) == (409, "NOT_AWAITING_APPROVAL")


async def test_a_run_is_cancelled_listed_and_deleted(http: httpx2.AsyncClient, start_host: StartHost) -> None:
    gate = Gate()
    host = await start_host(gate=gate)
    names = [(await http.post("/api/v1/runs", json=wanted(ONE))).json()["name"] for _ in range(3)]
    await gate.entered.wait()

    early = await http.delete(f"/api/v1/{names[0]}")
    assert (early.status_code, early.json()["error"]["reason"]) == (409, "RUN_NOT_ENDED")
    for name in names:
        assert (await http.post(f"/api/v1/{name}:cancel")).json()["state"] == "RUN_STATE_CANCELLED"
    await host.cancelled.wait()

    first = (await http.get("/api/v1/runs", params={"page_size": 2})).json()
    second = (await http.get("/api/v1/runs", params={"page_token": first["nextPageToken"]})).json()
    assert [run["name"] for run in (*first["runs"], *second["runs"])] == names[::-1]
    assert "nextPageToken" not in second
    assert (await http.delete(f"/api/v1/{names[0]}")).status_code == 204
    gone = await http.get(f"/api/v1/{names[0]}")
    assert (gone.status_code, gone.json()["error"]["reason"]) == (404, "RUN_NOT_FOUND")
    for call in ("GET", "DELETE"):
        assert (await http.request(call, "/api/v1/runs/NO_NAME")).json()["error"]["reason"] == "INVALID_FIELD"
    assert (await http.get("/api/v1/runs/nobody/events")).json()["error"]["reason"] == "RUN_NOT_FOUND"


async def test_the_deadline_of_a_run_is_that_of_its_call(
    http: httpx2.AsyncClient, client: AsyncClient, start_host: StartHost
) -> None:
    await start_host(gate=Gate())
    async with http.stream(
        "POST", "/api/v1/runs", json=wanted(ONE), headers=STREAM, params={"timeout_s": 0.2}
    ) as response:
        events = await collect(response)
    assert (events[-1].name, events[-1].data["error"]["reason"]) == ("stream_failed", "DEADLINE_EXCEEDED")
    run = await client.runs.cancel(events[0].data["run"])
    assert (run.state, run.error and run.error.reason) == (RunState.CANCELLED, "DEADLINE_EXCEEDED")

    name = (await http.post("/api/v1/runs", json=wanted(ONE), params={"timeout_s": 0.2})).json()["name"]
    events = await collect(await http.get(f"/api/v1/{name}/events"))
    assert events[-1].data["runFinished"]["error"]["reason"] == "DEADLINE_EXCEEDED"
    assert (await http.post("/api/v1/runs", json=wanted(ONE), params={"timeout_s": 0})).status_code == 400
