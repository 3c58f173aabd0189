"""Long work in slices: how many steps come between two turns of others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from orchestrion import task_types
from orchestrion.errors import InvalidArgumentError
from orchestrion.plans import Plan, Task
from orchestrion.values import OutputRef
from orchestrion_controller.plans import graph
from orchestrion_controller.plans.rules import PlanChecker, check_in_slices
from orchestrion_controller.plans.shapes import Shapes
from orchestrion_controller.slices import Slices

TYPES = task_types.load()
MOST_STEPS = 2_000


def delay(task_id: str, *texts: Any) -> Task:
    return Task(task_id, "test-delay", {"text": texts})


async def steps_between_turns(work: Awaitable[Any], steps: Callable[[], int]) -> list[int]:
    """Does a piece of work, and counts what it did since the last turn at each turn that others had."""
    counts, before = [], 0
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.sleep(0)
        now = steps()
        counts.append(now - before)
        before = now
    await task
    return counts


async def test_others_have_a_turn_where_a_slice_has_as_many_steps_as_it_may() -> None:
    done = 0

    async def work() -> None:
        nonlocal done
        slices = Slices()
        for steps in (1_999, 1, 1, 5_000, 2_000, 1_000, 1_000, 1):
            await slices.take(steps)
            done += steps

    counts = await steps_between_turns(work(), lambda: done)
    assert [count for count in counts if count] == [2_000, 1, 5_000, 2_000, 2_000, 1]


async def test_the_largest_plan_is_checked_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = 0
    add = PlanChecker.add

    def counted(checker: PlanChecker, task: Task) -> Task:
        nonlocal checked
        checked += graph.step_count(task)
        return add(checker, task)

    monkeypatch.setattr(PlanChecker, "add", counted)
    # Every task but the first refers to all before it that there is room for.
    tasks = [delay("t0", "x")]
    tasks += [delay(f"t{n}", *(OutputRef(f"t{n - 1}", "text", 0) for _ in range(9))) for n in range(1, 1_000)]
    counts = await steps_between_turns(check_in_slices(Plan(tuple(tasks)), TYPES), lambda: checked)
    assert sum(counts) == sum(map(graph.step_count, tasks))
    assert max(counts) <= MOST_STEPS


def settled(tasks: list[Task], monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the shapes of a task are looked at while a plan is checked."""
    looks = 0
    settle = Shapes._settle

    def counted(shapes: Shapes, task_id: str) -> Any:
        nonlocal looks
        looks += 1
        return settle(shapes, task_id)

    monkeypatch.setattr(Shapes, "_settle", counted)
    checker = PlanChecker(TYPES)
    for task in tasks:
        checker.add(task)
    return looks


def test_a_task_is_looked_at_once_however_much_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [delay(f"s{n}", "x") for n in range(300)]
    takers = [delay(f"t{n}", *(OutputRef(source.id, "text", 0) for source in sources)) for n in range(10)]
    look_count = 0
    dependencies = graph.dependencies

    def counted(task: Task) -> tuple[str, ...]:
        nonlocal look_count
        look_count += 1
        return dependencies(task)

    monkeypatch.setattr(graph, "dependencies", counted)
    assert settled([*takers, *sources], monkeypatch) == 310
    assert look_count == 310


async def test_the_first_of_many_faults_is_told_without_looking_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    search_count = 0
    find_cycle = graph.find_cycle

    def counted(tasks: Any) -> Any:
        nonlocal search_count
        search_count += 1
        return find_cycle(tasks)

    monkeypatch.setattr(graph, "find_cycle", counted)
    pairs = Plan(tuple(delay(f"t{n}", OutputRef(f"t{n ^ 1}", "text")) for n in range(1_000)))
    with pytest.raises(InvalidArgumentError, match="`t0` → `t1` → `t0`"):
        await check_in_slices(pairs, TYPES)
    assert search_count == 1
