"""Requests that are larger than they may be: refused at once, by every method that takes something of any size."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest
from google.protobuf.message import Message

from orchestrion._net.transport import channel_options, error_of
from orchestrion.v1 import (
    execute_service_pb2,
    plan_service_pb2,
    plans_pb2,
    respond_service_pb2,
    run_service_pb2,
    runs_pb2,
    select_service_pb2,
    task_types_pb2,
    values_pb2,
)
from orchestrion_controller.server import Controller
from tests.rpc.controller.conftest import StartController

MOST = 50
SAID = [runs_pb2.Message(role=runs_pb2.ROLE_USER, text="Wait.")]


def list_of(count: int) -> values_pb2.Value:
    return values_pb2.Value(list=values_pb2.ListValue(items=[values_pb2.Value(text="x")] * count))


def json_of(count: int) -> values_pb2.Value:
    value = values_pb2.Value()
    value.json.struct_value.fields["rows"].list_value.values.extend([values_pb2.Value().json] * count)
    return value


def plan(value: values_pb2.Value) -> plans_pb2.Plan:
    return plans_pb2.Plan(tasks=[plans_pb2.Task(id="a", type="test-delay", inputs={"text": value})])


def many_results(count: int) -> list[plans_pb2.TaskResult]:
    return [plans_pb2.TaskResult(task_id="a", outputs={"text": list_of(count)})]


# Service and method, the request, and the field that has too much.
TOO_LARGE: dict[str, tuple[str, Message, str]] = {
    "Run, a list": ("RunService/Run", run_service_pb2.RunRequest(messages=SAID, plan=plan(list_of(MOST))), "plan"),
    "Run, JSON": ("RunService/Run", run_service_pb2.RunRequest(messages=SAID, plan=plan(json_of(MOST))), "plan"),
    "Run, messages": ("RunService/Run", run_service_pb2.RunRequest(messages=SAID * (MOST + 1)), "messages"),
    "Run, licences": (
        "RunService/Run",
        run_service_pb2.RunRequest(messages=SAID, licenses=["MIT"] * MOST),
        "licenses",
    ),
    "Plan, task types": (
        "PlanService/Plan",
        plan_service_pb2.PlanRequest(messages=SAID, task_types=[task_types_pb2.TaskType(name="t")] * MOST),
        "task_types",
    ),
    "Select, tasks": (
        "SelectService/Select",
        select_service_pb2.SelectRequest(plan=plans_pb2.Plan(tasks=[plans_pb2.Task(id="a")] * (MOST + 1))),
        "plan",
    ),
    "Execute, a list": ("ExecuteService/Execute", execute_service_pb2.ExecuteRequest(plan=plan(list_of(MOST))), "plan"),
    "Execute, results": (
        "ExecuteService/Execute",
        execute_service_pb2.ExecuteRequest(plan=plan(list_of(1)), results=many_results(MOST)),
        "results",
    ),
    "Respond, results": (
        "RespondService/Respond",
        respond_service_pb2.RespondRequest(messages=SAID, plan=plan(list_of(1)), results=many_results(MOST)),
        "results",
    ),
    "ApprovePlan, a list": (
        "RunService/ApprovePlan",
        run_service_pb2.ApprovePlanRequest(name="runs/x", plan=plan(list_of(MOST))),
        "plan",
    ),
}


@pytest.fixture
async def small(start_controller: StartController) -> Controller:
    return await start_controller(max_request_parts=MOST, max_request_bytes=5_000)


@pytest.fixture
async def channel(small: Controller) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{small.grpc_port}", options=channel_options()) as channel:
        yield channel


async def refusal(channel: grpc.aio.Channel, method: str, content: bytes) -> grpc.aio.AioRpcError:
    path, shape = f"/orchestrion.v1.{method}", "unary_unary" if method.endswith("ApprovePlan") else "unary_stream"
    call = getattr(channel, shape)(path, lambda content: content, lambda content: content)(content)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await (call if shape == "unary_unary" else read_all(call))
    return caught.value


async def read_all(call: AsyncIterator[bytes]) -> None:
    async for _ in call:
        pass


async def test_a_request_of_too_many_parts_is_refused_with_the_setting_and_the_field(
    channel: grpc.aio.Channel,
) -> None:
    for name, (method, request, field) in TOO_LARGE.items():
        failure = await refusal(channel, method, request.SerializeToString())

        error = error_of(failure)
        assert failure.code() is grpc.StatusCode.INVALID_ARGUMENT, name
        assert (error.reason, error.metadata["field"]) == ("REQUEST_TOO_LARGE", field), name
        assert f"more than {MOST} parts" in error.message, name
        assert "max_request_parts" in error.message, name


async def test_a_request_of_as_many_parts_as_allowed_is_read(channel: grpc.aio.Channel) -> None:
    # One part is the message, one the task, one its input, and one each the items.
    request = run_service_pb2.RunRequest(messages=SAID, plan=plan(list_of(MOST - 3)))
    failure = await refusal(channel, "RunService/Run", request.SerializeToString())
    assert error_of(failure).reason == "NO_EXPERT"

    request.plan.tasks[0].inputs["text"].list.items.add().text = "one more"
    failure = await refusal(channel, "RunService/Run", request.SerializeToString())
    assert error_of(failure).reason == "REQUEST_TOO_LARGE"


async def test_a_request_of_too_many_bytes_is_refused_before_it_is_decoded(channel: grpc.aio.Channel) -> None:
    # No message at all: who decodes it says INVALID_MESSAGE.
    failure = await refusal(channel, "RunService/Run", b"\xff" * 5_001)

    error = error_of(failure)
    assert failure.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (error.reason, error.metadata["size_bytes"]) == ("MESSAGE_TOO_LARGE", "5001")
    assert "max_request_bytes allows 5,000" in error.message
    assert error_of(await refusal(channel, "RunService/Run", b"\xff" * 5_000)).reason == "INVALID_MESSAGE"
