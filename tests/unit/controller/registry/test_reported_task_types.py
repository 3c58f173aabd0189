"""Task types that hosts report with their experts: in force while a host has them, and never two of one name."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest

from orchestrion import task_types
from orchestrion.experts import ExpertState, TaskTypeState
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.registry.registry import Registry
from tests.unit.controller.replicas import TYPE, expert, report, status

TEXT = Parameter("text", ParameterKind.TEXT)
STATISTICS = TaskType("text-statistics", "Counts words.", (TEXT,), (Parameter("words", ParameterKind.NUMBER),))
OTHER = TaskType("text-statistics", "Counts letters.", (TEXT,), (Parameter("letters", ParameterKind.NUMBER),))
COUNTER = expert("counter", task_types=(STATISTICS.name,))


@pytest.fixture
async def registry(metrics: ControllerMetrics) -> AsyncIterator[Registry]:
    registry = Registry(10_000, metrics, task_types.load())
    yield registry
    registry.close()


def offering_hosts(registry: Registry) -> list[str]:
    return [replica.host.name for replica in registry.replicas(STATISTICS.name)]


async def test_a_reported_task_type_is_planned_with_while_an_expert_of_it_can_be_had(registry: Registry) -> None:
    assert STATISTICS.name not in registry.definitions
    registry.report(report("hosts/a", COUNTER, task_types=(STATISTICS,)), "stream")

    assert registry.definitions[STATISTICS.name] == STATISTICS
    assert STATISTICS.name in registry.task_types()
    (listed,) = registry.listed_task_types()
    assert (listed.task_type, listed.state) == (STATISTICS, TaskTypeState.READY)
    assert (listed.experts, listed.reported_by) == (("counter",), ("hosts/a",))


async def test_a_task_type_whose_hosts_are_gone_is_on_offer_no_more_but_stays_defined_for_runs_that_have_it(
    registry: Registry,
) -> None:
    registry.report(report("hosts/a", COUNTER, draining=True, task_types=(STATISTICS,)), "stream")
    registry.disconnect("hosts/a", "stream")

    assert registry.listed_task_types() == ()
    assert registry.task_types() == frozenset()
    assert registry.definitions[STATISTICS.name] == STATISTICS

    registry.report(report("hosts/b", COUNTER, task_types=(OTHER,)), None)
    assert registry.definitions[STATISTICS.name] == OTHER


async def test_a_definition_that_contradicts_another_hosts_is_refused_and_its_host_gets_no_such_tasks(
    registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    registry.report(report("hosts/b", COUNTER, task_types=(STATISTICS,)), None)
    with caplog.at_level(logging.WARNING):
        registry.report(report("hosts/a", COUNTER, expert(), task_types=(OTHER,)), None)
        registry.report(report("hosts/a", COUNTER, expert(), task_types=(OTHER,)), None)

    assert [record.getMessage() for record in caplog.records] == [
        "hosts/a: its task type text-statistics contradicts that of hosts/b and is refused; it gets no such tasks"
    ]
    assert registry.definitions[STATISTICS.name] == STATISTICS
    assert offering_hosts(registry) == ["hosts/b"]
    assert [replica.host.name for replica in registry.replicas(TYPE)] == ["hosts/a"]

    # The other host is brought up to date: now both say the same.
    registry.report(report("hosts/b", COUNTER, digest="new", task_types=(OTHER,)), None)
    assert registry.definitions[STATISTICS.name] == OTHER
    assert sorted(offering_hosts(registry)) == ["hosts/a", "hosts/b"]
    assert registry.listed_task_types()[-1].reported_by == ("hosts/a", "hosts/b")


async def test_a_definition_that_contradicts_the_servers_own_is_refused(registry: Registry) -> None:
    own = registry.definitions[TYPE]
    registry.report(report("hosts/a", task_types=(TaskType(TYPE, "Something else.", (TEXT,), (TEXT,)),)), None)

    assert registry.definitions[TYPE] == own
    assert list(registry.replicas(TYPE)) == []
    assert registry.task_types() == frozenset()
    assert registry.listed_task_types() == ()


@pytest.mark.parametrize(
    ("state", "fetches", "expected"),
    [
        (ExpertState.LOADED, False, TaskTypeState.READY),
        (ExpertState.LOADABLE, False, TaskTypeState.OBTAINABLE),
        (ExpertState.TO_BE_FETCHED, True, TaskTypeState.OBTAINABLE),
        (ExpertState.TO_BE_FETCHED, False, TaskTypeState.UNAVAILABLE),
        (ExpertState.UNAVAILABLE, False, TaskTypeState.UNAVAILABLE),
    ],
)
async def test_how_soon_a_task_type_can_be_had_is_told_by_its_best_expert(
    registry: Registry, state: ExpertState, fetches: bool, expected: TaskTypeState
) -> None:
    registry.report(
        report(
            "hosts/a",
            expert(),
            expert("worse"),
            statuses=(status(state=state), status("worse", ExpertState.UNAVAILABLE)),
            fetches=fetches,
        ),
        None,
    )
    (listed,) = registry.listed_task_types()

    assert (listed.task_type.name, listed.state, listed.reported_by) == (TYPE, expected, ())
    assert listed.experts == ("ocr", "worse")
