"""Plans whose tasks wait for each other, given to every method that takes a plan."""

from __future__ import annotations

from contextlib import aclosing

import grpc
import pytest

from orchestrion import Approval, AsyncClient, Plan
from orchestrion._codec import codec
from orchestrion._net.transport import error_of
from orchestrion.errors import InvalidArgumentError
from orchestrion.events import ApprovalAwaited
from orchestrion.runs import RunState
from orchestrion.v1 import (
    execute_service_pb2,
    plans_pb2,
    respond_service_pb2,
    run_service_pb2,
    runs_pb2,
    select_service_pb2,
)
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.plans import wait

SAID = [runs_pb2.Message(role=runs_pb2.ROLE_USER, text="What does it say?")]


def as_it_is(content: bytes) -> bytes:
    return content


def circle(*ids: str) -> plans_pb2.Plan:
    plan = plans_pb2.Plan()
    for task_id, needed in zip(ids, (*ids[1:], ids[0]), strict=True):
        task = plan.tasks.add(id=task_id, type="summarization")
        task.inputs["text"].output.task_id = needed
        task.inputs["text"].output.output = "text"
    return plan


@pytest.mark.parametrize("ids", [("a",), ("a", "b"), ("a", "b", "c")], ids=len)
@pytest.mark.parametrize("method", ["Run", "Select", "Execute", "Respond"])
async def test_a_plan_that_goes_in_a_circle_is_refused_wherever_one_is_taken(
    address: str, method: str, ids: tuple[str, ...]
) -> None:
    plan = circle(*ids)
    done = [plans_pb2.TaskResult(task_id=task_id, state=plans_pb2.TASK_STATE_SUCCEEDED) for task_id in ids]
    request = {
        "Run": run_service_pb2.RunRequest(messages=SAID, plan=plan),
        "Select": select_service_pb2.SelectRequest(plan=plan),
        "Execute": execute_service_pb2.ExecuteRequest(plan=plan),
        "Respond": respond_service_pb2.RespondRequest(messages=SAID, plan=plan, results=done),
    }[method].SerializeToString()
    async with grpc.aio.insecure_channel(address) as channel:
        events = channel.unary_stream(f"/orchestrion.v1.{method}Service/{method}", as_it_is, as_it_is)(request)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async for _ in events:
                pass

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error_of(caught.value).reason == "PLAN_CYCLE"


@pytest.mark.parametrize("ids", [("a",), ("a", "b"), ("a", "b", "c")], ids=len)
async def test_a_plan_that_goes_in_a_circle_is_not_approved_and_the_run_waits_on(
    client: AsyncClient, start_host: StartHost, ids: tuple[str, ...]
) -> None:
    await start_host()
    plan = Plan((wait("task"),))
    async with aclosing(client.run("do it", plan=plan, approval=Approval.REQUIRED)) as events:
        while not isinstance((event := await anext(events)).payload, ApprovalAwaited):
            pass
        with pytest.raises(InvalidArgumentError) as caught:
            await client.runs.approve(event.run, codec.decode(circle(*ids), Plan))
        assert caught.value.reason == "PLAN_CYCLE"
        assert (await client.runs.approve(event.run)).state is RunState.RUNNING
