"""Experts of a domain: taken for tasks that name it, and for no other."""

from __future__ import annotations

import pytest

from orchestrion import AsyncClient
from orchestrion.errors import FailedPreconditionError
from orchestrion.events import TaskAssigned
from orchestrion.plans import Parameter, ParameterKind, Plan, TaskType
from orchestrion.values import Value
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.plans import collect, payloads, wait
from tests.rpc.controller.scripted_host import ScriptedHost, echo

TEXT = ParameterKind.TEXT
WAIT = TaskType(
    "test-delay",
    "Waits, for a domain.",
    (Parameter("text", TEXT), Parameter("domain", TEXT, optional=True)),
    (Parameter("text", TEXT),),
)


async def host_of_domains(start_host: StartHost) -> ScriptedHost:
    """Starts a host with two experts of a domain and, last by name, one for general use."""
    host = await start_host("one", cars=echo, faces=echo, general=echo)
    host.domains = {"cars": "cars", "faces": "faces"}
    await host.report()
    return host


@pytest.mark.parametrize(
    ("inputs", "chosen", "candidates"),
    [
        ({"domain": "faces"}, "faces", {"faces", "general"}),
        ({"domain": "cars"}, "cars", {"cars", "general"}),
        ({"domain": "trees"}, "general", {"general"}),
        ({}, "general", {"cars", "faces", "general"}),
    ],
)
async def test_the_expert_of_the_domain_that_the_task_names_performs_it(
    client: AsyncClient, start_host: StartHost, inputs: dict[str, Value], chosen: str, candidates: set[str]
) -> None:
    host = await host_of_domains(start_host)

    events = await collect(client.execute(Plan((wait("task", **inputs),)), task_types=[WAIT]))

    (assigned,) = payloads(events, TaskAssigned)
    assert {candidate.expert_id for candidate in assigned.assignment.candidates} == candidates
    assert [expert_id for expert_id, _ in host.calls] == [chosen]


async def test_a_domain_that_no_expert_serves_is_named_in_the_error(client: AsyncClient, start_host: StartHost) -> None:
    host = await start_host("one", faces=echo)
    host.domains = {"faces": "faces"}
    await host.report()

    with pytest.raises(
        FailedPreconditionError, match="test-delay of the domain 'cars'; see `orchestrion experts`"
    ) as caught:
        await collect(client.execute(Plan((wait("task", domain="cars"),)), task_types=[WAIT]))

    assert caught.value.reason == "NO_EXPERT"
    assert caught.value.metadata["domain"] == "cars"
    assert host.calls == []
