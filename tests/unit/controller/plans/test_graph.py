from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.plans import Task
from orchestrion.values import OutputRef
from orchestrion_controller.plans import graph


def task(task_id: str, *needs: str) -> Task:
    return Task(task_id, "any", {"texts": tuple(OutputRef(needed, "text") for needed in needs)})


DIAMOND = (task("join", "left", "right"), task("left", "top"), task("right", "top"), task("top"))


def test_dependencies_are_listed_once_in_order() -> None:
    assert graph.dependencies(task("a", "c", "b", "c")) == ("c", "b")


def test_dependents_and_leaves() -> None:
    assert graph.dependents(DIAMOND)["top"] == ("left", "right")
    assert [leaf.id for leaf in graph.leaves(DIAMOND)] == ["join"]


def test_ready_wants_every_dependency() -> None:
    assert [item.id for item in graph.ready(DIAMOND, {"top"}, {"top"})] == ["left", "right"]
    assert graph.ready(DIAMOND, {"top", "left"}, {"top", "left", "right"}) == ()


def test_order_of_a_diamond() -> None:
    assert [item.id for item in graph.order(DIAMOND)] == ["top", "left", "right", "join"]


def test_cycle_is_told_as_each_waiting_for_the_next() -> None:
    tasks = (task("free"), task("a", "c"), task("b", "a"), task("c", "b"))
    cycle = graph.find_cycle(tasks)
    assert cycle is not None
    by_id = {item.id: item for item in tasks}
    for waiting, needed in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
        assert needed in graph.dependencies(by_id[waiting])
    with pytest.raises(ValueError, match="no order"):
        graph.order(tasks)


@given(st.lists(st.lists(st.integers(0, 8), max_size=3), max_size=9))
def test_either_an_order_or_a_cycle(edges: list[list[int]]) -> None:
    tasks = [task(str(index), *map(str, needs)) for index, needs in enumerate(edges)]
    if graph.find_cycle(tasks) is None:
        place = {item.id: index for index, item in enumerate(graph.order(tasks))}
        assert len(place) == len(tasks)
        assert all(place[need] < place[item.id] for item in tasks for need in graph.dependencies(item) if need in place)


def test_ancestors_are_all_that_a_task_waits_for() -> None:
    ancestors = graph.ancestors((*DIAMOND, task("alone")))
    assert ancestors == {
        "join": {"left", "right", "top"},
        "left": {"top"},
        "right": {"top"},
        "top": set(),
        "alone": set(),
    }


def test_components_are_joined_by_references_alone() -> None:
    tasks = (task("b", "a"), task("alone"), *DIAMOND, task("a"))
    parts = [[item.id for item in part] for part in graph.components(tasks)]
    assert sorted(parts) == [["a", "b"], ["alone"], ["top", "left", "right", "join"]]


@given(st.lists(st.lists(st.integers(0, 8), max_size=2), max_size=9))
def test_components_part_the_tasks_and_cut_no_reference(edges: list[list[int]]) -> None:
    # References go back only, so that there is no cycle.
    tasks = [task(str(index), *(str(need) for need in needs if need < index)) for index, needs in enumerate(edges)]
    parts = graph.components(tasks)
    assert sorted(item.id for part in parts for item in part) == sorted(item.id for item in tasks)
    for part in parts:
        ids = [item.id for item in part]
        assert all(ids.index(need) < ids.index(item.id) for item in part for need in graph.dependencies(item))
        # Every part hangs together: going along references from its first task reaches all of it.
        reached = {ids[0]}
        for _ in ids:
            reached |= {
                other
                for item in part
                for other in (item.id, *graph.dependencies(item))
                if reached.intersection((item.id, *graph.dependencies(item)))
            }
        assert reached == set(ids)
