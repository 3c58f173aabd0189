"""A task type that a host brings: on offer, planned with, checked against, executed and answered, as any other."""

from __future__ import annotations

from collections.abc import Mapping

import grpc
import pytest

from orchestrion import AsyncClient
from orchestrion._codec import codec
from orchestrion.errors import FailedPreconditionError, InvalidArgumentError
from orchestrion.experts import ListedTaskType, TaskTypeState
from orchestrion.plans import Parameter, ParameterKind, Plan, Task, TaskType
from orchestrion.v1 import registry_service_pb2 as pb
from orchestrion.v1.registry_service_pb2_grpc import RegistryServiceStub
from orchestrion.values import Value
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.plans import collect, results

STATISTICS = TaskType(
    "text-statistics",
    "Counts the words of a text.",
    (Parameter("text", ParameterKind.TEXT),),
    (Parameter("words", ParameterKind.NUMBER),),
    cues=("how many words", "count the words"),
    answer_template="{text} has {words} words.",
)
PLAN = Plan((Task("count", "text-statistics", {"text": "One two three."}),))


async def count(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
    return {"words": float(len(str(inputs["text"]).split()))}


async def listed(address: str) -> list[ListedTaskType]:
    async with grpc.aio.insecure_channel(address) as channel:
        answer = await RegistryServiceStub(channel).ListTaskTypes(pb.ListTaskTypesRequest())
    return [codec.decode(item, ListedTaskType) for item in answer.task_types]


@pytest.fixture
async def counting_host(start_host: StartHost) -> None:
    host = await start_host("one", counter=count)
    host.facts["counter"] = {"task_types": ("text-statistics",)}
    host.task_types = (STATISTICS,)
    await host.report()


async def test_what_is_on_offer_is_listed_with_its_experts(start_host: StartHost, address: str) -> None:
    assert await listed(address) == []
    host = await start_host("one")
    assert [(item.task_type.name, item.experts, item.reported_by) for item in await listed(address)] == [
        ("test-delay", ("echo",), ())
    ]

    host.facts["echo"] = {"task_types": ("test-delay", "text-statistics")}
    host.task_types = (STATISTICS,)
    await host.report()

    _, result = await listed(address)
    assert result == ListedTaskType(STATISTICS, TaskTypeState.READY, ("echo",), ("hosts/one",))


@pytest.mark.usefixtures("counting_host")
async def test_a_plan_with_it_is_carried_out_and_told_by_its_own_template(client: AsyncClient) -> None:
    answer = await client.ask("How long is it?", plan=PLAN)

    assert answer.text == "“One two three.” has 3 words."


@pytest.mark.usefixtures("counting_host")
async def test_the_built_in_planner_plans_with_it_and_still_refuses_what_it_does_not_understand(
    client: AsyncClient,
) -> None:
    answer = await client.ask('Count the words of "One two three four."')
    assert answer.plan is not None
    assert [task.type for task in answer.plan.tasks] == ["text-statistics"]

    with pytest.raises(FailedPreconditionError):
        await client.ask('Count the words of "One two three four." and mail it to Tom.')


@pytest.mark.usefixtures("counting_host")
async def test_a_plan_that_breaks_its_definition_is_refused(client: AsyncClient) -> None:
    plan = Plan((Task("count", "text-statistics", {"txt": "One two three."}),))
    with pytest.raises(InvalidArgumentError) as caught:
        await collect(client.execute(plan))
    assert "txt" in caught.value.message


async def test_without_its_host_the_task_type_is_unknown(client: AsyncClient) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await collect(client.execute(PLAN))
    assert caught.value.reason == "UNKNOWN_TASK_TYPE"


@pytest.mark.usefixtures("counting_host")
async def test_it_executes(client: AsyncClient) -> None:
    events = await collect(client.execute(PLAN))
    assert results(events)["count"].outputs == {"words": 3.0}
