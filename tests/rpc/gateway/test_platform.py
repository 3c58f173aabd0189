"""Plans, hosts, models and what is on offer over HTTP; and the page that describes all calls."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from google.protobuf import empty_pb2

from orchestrion import AsyncClient, Plan, to_json
from orchestrion._codec import codec
from orchestrion.experts import Expert, ExpertState, ExpertStatus, Host, HostState
from orchestrion.models import HubModel, ListedModel, ModelProgress, Profile
from orchestrion.v1 import events_pb2, experts_pb2
from orchestrion.v1 import model_host_service_pb2 as pb
from orchestrion_serving.interceptors import Context
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.plans import CHAIN, after, wait
from tests.rpc.controller.scripted_host import ScriptedHost, echo
from tests.rpc.gateway.server_events import collect, events_of, until
from tests.unit.controller.planner.reading.libraries import TOOLS

EXPERT = Expert("echo", "scripted", "engine", task_types=("test-delay",))
STREAM = {"Accept": "text/event-stream"}


class CatalogueHost(ScriptedHost):
    """A scripted host that also answers what is asked about experts and models."""

    def __init__(self, name: str, controller: str) -> None:
        super().__init__(name, controller, {"echo": echo})
        self.pulls = 0
        self.added: pb.AddModelRequest | None = None
        self.removed: list[str] = []
        self.pull_ended = asyncio.Event()
        self.loading, self.load_ended = asyncio.Event(), asyncio.Event()

    async def GetHost(self, request: pb.GetHostRequest, context: Context) -> experts_pb2.Host:
        return codec.encode(Host(self.name, "", HostState.READY, version="of the host itself"))

    async def LoadExpert(self, request: pb.LoadExpertRequest, context: Context) -> experts_pb2.ExpertStatus:
        if request.expert_id == "endless":
            self.loading.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.load_ended.set()
        return codec.encode(ExpertStatus(request.expert_id, ExpertState.LOADED, "cpu", 7))

    async def UnloadExpert(self, request: pb.UnloadExpertRequest, context: Context) -> experts_pb2.ExpertStatus:
        return codec.encode(ExpertStatus(request.expert_id, ExpertState.LOADABLE))

    async def PinExpert(self, request: pb.PinExpertRequest, context: Context) -> experts_pb2.ExpertStatus:
        return codec.encode(ExpertStatus(request.expert_id, ExpertState.LOADED, pinned=request.pinned))

    async def ListModels(self, request: pb.ListModelsRequest, context: Context) -> pb.ListModelsResponse:
        return pb.ListModelsResponse(
            models=[codec.encode(ListedModel(EXPERT, ExpertState.LOADED))],
            profiles=[codec.encode(Profile(request.profile or "small", "A machine.", ("echo",)))],
        )

    async def SearchModels(self, request: pb.SearchModelsRequest, context: Context) -> pb.SearchModelsResponse:
        return pb.SearchModelsResponse(models=[codec.encode(HubModel(f"{request.task_type}/{request.text}"))])

    async def AddModel(self, request: pb.AddModelRequest, context: Context) -> experts_pb2.Expert:
        self.added = request
        return codec.encode(replace(EXPERT, id=request.expert_id, model=request.model))

    async def RemoveModel(self, request: pb.RemoveModelRequest, context: Context) -> empty_pb2.Empty:
        self.removed.append(request.expert_id)
        return empty_pb2.Empty()

    async def ExportModel(self, request: pb.ExportModelRequest, context: Context) -> AsyncIterator[pb.ModelProgress]:
        yield codec.encode(ModelProgress("exporting"))
        name = f"{request.expert_id}-{request.task_type}-onnx"
        yield codec.encode(ModelProgress("done", expert=replace(EXPERT, id=name)))

    async def RefreshModels(
        self, request: pb.RefreshModelsRequest, context: Context
    ) -> AsyncIterator[pb.ModelProgress]:
        for name in request.expert_ids or ("all",):
            yield codec.encode(ModelProgress("refreshed", expert=replace(EXPERT, id=name)))

    async def PullModel(self, request: pb.PullModelRequest, context: Context) -> AsyncIterator[pb.ModelProgress]:
        self.pulls += 1
        try:
            yield codec.encode(ModelProgress("fetching", 5, 10))
            if request.expert_id == "endless":
                await asyncio.Event().wait()
            yield codec.encode(ModelProgress("done", 10, 10, EXPERT))
        finally:
            self.pull_ended.set()


@pytest.fixture
async def host(address: str) -> AsyncIterator[CatalogueHost]:
    host = CatalogueHost("one", address)
    await host.start()
    yield host
    await host.stop()


def body_of(plan: Plan) -> dict[str, Any]:
    return {"plan": json.loads(to_json(plan))}


async def test_a_request_is_planned_and_a_plan_checked(http: httpx2.AsyncClient, host: CatalogueHost) -> None:
    library = [json.loads(to_json(tool)) for tool in TOOLS]
    wanted = {"messages": [{"text": "Read 'good morning' aloud."}], "taskTypes": library, "planner": "builtin"}
    planned = await http.post("/api/v1/plans", json=wanted, timeout=60)
    assert planned.status_code == 200
    (task,) = planned.json()["plan"]["tasks"]
    assert (task["type"], task["inputs"]["text"]) == ("text-to-audio", {"text": "good morning"})
    assert (await http.get(f"/api/v1/{planned.json()['run']}")).json()["kind"] == "RUN_KIND_PLAN"
    async with http.stream("POST", "/api/v1/plans", json=wanted, headers=STREAM) as response:
        events = await collect(response)
    assert {"task_planned", "plan_finished"} <= {event.name for event in events}

    checked = (await http.post("/api/v1/plans:check", json=body_of(CHAIN))).json()
    assert [item["taskId"] for item in checked["assignments"]] == ["first", "second", "third"]
    wrong = await http.post("/api/v1/plans:check", json=body_of(Plan((wait("task", after("nobody")),))))
    assert (wrong.status_code, wrong.json()["error"]["reason"]) == (400, "UNKNOWN_REFERENCE")
    assert wrong.json()["error"]["metadata"]["task_id"] == "task"
    assert host.calls == []


async def test_what_the_planner_does_not_do_is_told_with_the_error(
    http: httpx2.AsyncClient, host: CatalogueHost
) -> None:
    refused = await http.post(
        "/api/v1/plans", json={"messages": [{"text": "Mail the moon to Tom."}], "planner": "builtin"}, timeout=60
    )
    error = refused.json()["error"]
    assert (refused.status_code, error["reason"]) == (409, "REQUEST_BEYOND_PLANNER")
    assert error["notDone"] or error["questions"]


async def test_hosts_are_listed_and_watched_as_they_come_and_go(
    http: httpx2.AsyncClient, host: CatalogueHost, client: AsyncClient, start_host: StartHost
) -> None:
    assert [listed["name"] for listed in (await http.get("/api/v1/hosts")).json()["hosts"]] == ["hosts/one"]
    async with http.stream("GET", "/api/v1/hosts:watch") as response:
        changes = events_of(response)
        assert (await until(changes, "host"))[-1].data["name"] == "hosts/one"
        two = await start_host("two")
        while (await until(changes, "host"))[-1].data["name"] != "hosts/two":
            pass
        await two.report(draining=True)
        while (change := (await until(changes, "host"))[-1].data)["name"] != "hosts/two":
            pass
        assert change["state"] == "HOST_STATE_DRAINING"
    experts = (await http.get("/api/v1/experts", params={"task_type": "test-delay"})).json()["experts"]
    assert [expert["expert"]["id"] for expert in experts] == ["echo"]
    assert (await http.get("/api/v1/experts", params={"task_type": "other"})).json() == {"experts": []}
    offered = (await http.get("/api/v1/task-types")).json()["taskTypes"]
    assert [item["taskType"]["name"] for item in offered] == ["test-delay"]


async def test_experts_of_a_host_are_loaded_pinned_and_unloaded(http: httpx2.AsyncClient, host: CatalogueHost) -> None:
    path = "/api/v1/hosts/one/experts/echo"
    assert (await http.post(f"{path}:load")).json()["state"] == "EXPERT_STATE_LOADED"
    assert (await http.post(f"{path}:pin")).json()["pinned"] is True
    assert "pinned" not in (await http.post(f"{path}:unpin")).json()
    assert (await http.post(f"{path}:unload")).json()["state"] == "EXPERT_STATE_LOADABLE"
    assert (await http.get("/api/v1/hosts/one")).json()["version"] == "of the host itself"


async def test_a_call_whose_caller_leaves_is_ended(http: httpx2.AsyncClient, host: CatalogueHost) -> None:
    call = asyncio.create_task(http.post("/api/v1/hosts/one/experts/endless:load"))
    await host.loading.wait()
    call.cancel()
    await host.load_ended.wait()
    assert (await http.get("/api/v1/hosts")).status_code == 200


async def test_models_are_listed_searched_and_pulled(http: httpx2.AsyncClient, host: CatalogueHost) -> None:
    catalogue = (await http.get("/api/v1/hosts/one/models", params={"profile": "standard"})).json()
    assert [model["expert"]["id"] for model in catalogue["models"]] == ["echo"]
    assert [profile["name"] for profile in catalogue["profiles"]] == ["standard"]
    found_on_hub = await http.get("/api/v1/hosts/one/models:search", params={"task_type": "a", "text": "b"})
    assert found_on_hub.json() == {"models": [{"id": "a/b"}]}

    async with http.stream("POST", "/api/v1/hosts/one/models/echo:pull") as response:
        steps = await collect(response)
    assert [step.name for step in steps] == ["model_progress"] * 2
    assert [step.data.get("doneBytes") for step in steps] == ["5", "10"]
    assert steps[-1].data["expert"]["id"] == "echo"
    # Who leaves ends the work.
    host.pull_ended.clear()
    async with http.stream("POST", "/api/v1/hosts/one/models/endless:pull") as response:
        await until(events_of(response), "model_progress")
    await host.pull_ended.wait()


async def test_models_are_added_and_removed(http: httpx2.AsyncClient, host: CatalogueHost) -> None:
    models = "/api/v1/hosts/one/models"
    wanted = {"model": "a/b", "revision": "c", "taskTypes": ["d"], "expertId": "e", "allowRemoteCode": True}

    added = await http.post(f"{models}:add", json=wanted)

    assert (added.status_code, added.json()["id"], added.json()["model"]) == (201, "e", "a/b")
    assert host.added == pb.AddModelRequest(
        model="a/b", revision="c", task_types=["d"], expert_id="e", allow_remote_code=True
    )
    for wrong in ({}, {"expertId": "e"}, {"model": 1}, {"model": "a", "colour": "blue"}):
        refused = await http.post(f"{models}:add", json=wrong)
        assert (refused.status_code, refused.json()["error"]["reason"]) == (400, "INVALID_FIELD")

    assert (await http.delete(f"{models}/echo")).status_code == 204
    assert host.removed == ["echo"]
    nowhere = await http.delete("/api/v1/hosts/nobody/models/echo")
    assert (nowhere.status_code, nowhere.json()["error"]["reason"]) == (404, "HOST_NOT_FOUND")


async def test_models_are_exported_and_brought_up_to_date(http: httpx2.AsyncClient, host: CatalogueHost) -> None:
    models = "/api/v1/hosts/one/models"

    async def experts(call: str, **parameters: Any) -> list[str]:
        async with http.stream("POST", f"{models}{call}", params=parameters) as response:
            steps = await collect(response)
        assert {step.name for step in steps} == {"model_progress"}
        return [step.data["expert"]["id"] for step in steps if "expert" in step.data]

    assert await experts("/echo:export", task_type="a") == ["echo-a-onnx"]
    assert await experts(":refresh", expert=["a", "b"]) == ["a", "b"]
    assert await experts(":refresh") == ["all"]


async def test_the_page_of_the_calls_loads_nothing_from_elsewhere(http: httpx2.AsyncClient) -> None:
    page = await http.get("/docs")
    addresses = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)""", page.text)
    assert len(addresses) >= 4
    for address in addresses:
        assert address.startswith("/")
        answer = await http.get(address)
        assert (answer.status_code, bool(answer.content)) == (200, True)
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert not re.search(r"https?://", page.text)


async def test_every_call_is_described_with_the_messages_of_the_api(http: httpx2.AsyncClient) -> None:
    described = (await http.get("/api/v1/openapi.json")).json()
    assert "/api/v1/runs/{run}/events" in described["paths"]
    schemas = described["components"]["schemas"]
    assert not re.search(r"https?://", json.dumps(described))
    fields = {field.json_name for field in events_pb2.PlanFinished.DESCRIPTOR.fields}
    assert set(schemas["PlanFinished"]["properties"]) == fields
    assert schemas["Run"]["properties"]["lastSequence"] == {"type": "string", "format": "int64"}
    assert schemas["Run"]["properties"]["createTime"] == {"type": "string", "format": "date-time"}
    assert schemas["Task"]["properties"]["inputs"]["additionalProperties"] == {"$ref": "#/components/schemas/Value"}
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)):
        assert name in schemas
    for path, operations in described["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["description"], path
            assert "default" in operation["responses"], path
