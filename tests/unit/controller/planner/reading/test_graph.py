"""Graphs of steps: the likeliest sources whose kinds fit, in no circle, as many as a step has inputs for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_controller.planner.builtin.reading.features import fits
from orchestrion_controller.planner.builtin.reading.graph import Graph, Wanted, build, chosen, is_in_time
from tests.unit.controller.planner.reading.libraries import CLEAN, COMPARE, LISTEN, SHORTEN, SPEAK, TOOLS, TRANSLATE

SURE, NEVER = 5.0, -5.0


def graph_of(types: tuple[TaskType, ...], links: dict[tuple[int, int], float], roots: dict[int, float]) -> Graph:
    count = len(types)
    scores = np.full((count, count), NEVER, dtype=np.float32)
    for (source, target), score in links.items():
        scores[source, target] = score
    none = np.array([roots.get(number, 0.0) for number in range(count)], dtype=np.float32)
    steps = [Wanted(number, number * 10, 0.9) for number in range(count)]
    return build(steps, types, scores, none)


def test_a_chain_follows_the_likeliest_links_whatever_the_order_of_words() -> None:
    # "Read out a summary of what is said": the last thing that is named comes first.
    graph = graph_of((SPEAK, SHORTEN, LISTEN), {(2, 1): SURE, (1, 0): SURE}, {2: SURE})
    assert [step.tool for step in graph.steps] == [2, 1, 0]
    assert graph.sources == ((), (0,), (1,))


def test_what_does_not_fit_is_no_source_however_likely_it_seems() -> None:
    graph = graph_of((SHORTEN, LISTEN), {(0, 1): SURE, (1, 0): NEVER}, {0: SURE, 1: NEVER})
    assert graph.sources == ((), ())


def test_a_circle_is_broken_where_it_is_least_sure() -> None:
    graph = graph_of((SHORTEN, TRANSLATE), {(0, 1): SURE, (1, 0): 1.0}, {})
    assert [step.tool for step in graph.steps] == [0, 1]
    assert graph.sources == ((), (0,))


def test_a_step_has_as_many_sources_as_inputs() -> None:
    links = {(0, 2): 1.0, (1, 2): 1.0}
    assert graph_of((SHORTEN, TRANSLATE, COMPARE), links, {0: SURE, 1: SURE}).sources[-1] == (0, 1)
    assert len(graph_of((SHORTEN, TRANSLATE, SPEAK), links, {0: SURE, 1: SURE}).sources[-1]) == 1


def test_one_result_may_go_to_several_steps() -> None:
    graph = graph_of((CLEAN, LISTEN, CLEAN), {(0, 1): SURE, (0, 2): SURE}, {0: SURE})
    assert graph.sources == ((), (0,), (0,))


def test_steps_in_time_follow_each_other_as_they_are_asked_for() -> None:
    after = Parameter("after", ParameterKind.TEXT, optional=True)
    alarm = TaskType("set-alarm", "Sets an alarm.", (after,), (Parameter("result", ParameterKind.TEXT),))
    types = (alarm, alarm, alarm)
    assert is_in_time(types)
    assert not is_in_time(TOOLS)
    steps = [Wanted(number, number, 0.9) for number in range(3)]
    nothing = np.zeros((3, 3), dtype=np.float32)
    assert build(steps, types, nothing, nothing[0], in_time=True).sources == ((), (0,), (1,))


def test_the_likeliest_tools_are_chosen_and_never_too_many() -> None:
    odds = np.arange(-5, 25, dtype=np.float32)
    assert chosen(odds, 0.0)[:2] == [29, 28]
    assert len(chosen(odds, 0.0)) == 12
    assert chosen(odds, 100.0) == []


@given(st.lists(st.integers(0, len(TOOLS) - 1), min_size=1, max_size=7), st.integers(0, 2**32 - 1))
def test_any_scores_give_a_graph_whose_pieces_fit(tools: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    count = len(tools)
    links = random.normal(0, 3, (count, count)).astype(np.float32)
    steps = [Wanted(tool, number, 0.5) for number, tool in enumerate(tools)]
    graph = build(steps, TOOLS, links, random.normal(0, 3, count).astype(np.float32))
    assert sorted(step.position for step in graph.steps) == list(range(count))
    for number, sources in enumerate(graph.sources):
        # Each comes after its sources: there is no circle.
        assert all(source < number for source in sources)
        taker = TOOLS[graph.steps[number].tool]
        assert all(fits(TOOLS[graph.steps[source].tool], taker) for source in sources)
        assert len(sources) <= len(taker.inputs)
    assert all(0 <= probability <= 1.0001 for probability in graph.probabilities)
