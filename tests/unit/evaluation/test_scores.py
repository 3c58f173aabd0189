"""Each score against examples worked out by hand, and what must hold of all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion_evaluation.graphs import Argument, ToolGraph
from orchestrion_evaluation.measures import Ratio, bootstrap, f1, mean, precision, quantile, recall
from orchestrion_evaluation.samples import Structure
from orchestrion_evaluation.scores import Overlap, indel_distance, normalised_levenshtein, score
from orchestrion_evaluation.views import measures

READ, TRANSLATE, SPEAK, PAINT = "Image-to-Text", "Translation", "Text-to-Speech", "Text-to-Image"


def graph(*tools: str, edges: tuple[tuple[str, str], ...] = (), arguments: tuple[Argument, ...] = ()) -> ToolGraph:
    return ToolGraph(tools, frozenset(edges), frozenset(arguments))


GOLD = graph(
    READ,
    TRANSLATE,
    SPEAK,
    edges=((READ, TRANSLATE), (TRANSLATE, SPEAK)),
    arguments=(
        Argument(READ, "image", "sign.jpg"),
        Argument(TRANSLATE, "text", READ),
        Argument(TRANSLATE, "text", "French"),
        Argument(SPEAK, "text", TRANSLATE),
    ),
)
SHORT = graph(
    READ,
    SPEAK,
    edges=((READ, SPEAK),),
    arguments=(Argument(READ, "image", "other.jpg"), Argument(SPEAK, "text", READ)),
)


def test_a_plan_that_skips_a_step() -> None:
    scores = score(SHORT, GOLD)
    assert scores.nodes == Overlap(hits=2, predicted=2, gold=3)
    assert scores.edges == Overlap(hits=0, predicted=1, gold=2)
    # (Image-to-Text, image) and (Text-to-Speech, text) of three types; no value is right.
    assert scores.argument_types == Overlap(hits=2, predicted=2, gold=3)
    assert scores.argument_values == Overlap(hits=0, predicted=2, gold=4)
    assert not scores.exact
    assert not scores.same_shape
    # One insertion; 5 tools in both sequences, 3 in the longer one.
    assert scores.edit_distance == pytest.approx(1 / 5)
    assert scores.levenshtein == pytest.approx(1 / 3)


def test_the_right_plan_in_another_order() -> None:
    scores = score(graph(SPEAK, READ, TRANSLATE, edges=tuple(GOLD.edges)), GOLD)
    assert (scores.exact, scores.same_shape, scores.edit_distance) == (True, True, 0.0)


def test_the_right_shape_with_a_wrong_tool() -> None:
    scores = score(graph(READ, TRANSLATE, PAINT, edges=((READ, TRANSLATE), (TRANSLATE, PAINT))), GOLD)
    assert (scores.exact, scores.same_shape) == (False, True)
    assert scores.edit_distance == pytest.approx(2 / 6)
    assert scores.levenshtein == pytest.approx(1 / 3)


def test_no_plan_has_no_hit() -> None:
    scores = score(ToolGraph(), GOLD)
    assert (scores.nodes, scores.edges) == (Overlap(0, 0, 3), Overlap(0, 0, 2))
    assert (scores.exact, scores.edit_distance, scores.levenshtein) == (False, 1.0, 1.0)


def test_a_tool_that_comes_twice_counts_once_but_not_in_exact_graphs() -> None:
    twice = graph(READ, TRANSLATE, TRANSLATE, SPEAK, edges=tuple(GOLD.edges))
    scores = score(twice, GOLD)
    assert scores.nodes == Overlap(3, 3, 3)
    assert not scores.exact


@pytest.mark.parametrize(
    ("first", "second", "indel", "levenshtein"),
    [
        ("", "", 0.0, 0.0),
        ("abc", "abc", 0.0, 0.0),
        ("abc", "", 1.0, 1.0),
        ("abc", "abd", 2 / 6, 1 / 3),
        ("abc", "bca", 2 / 6, 2 / 3),
        # kitten to sitting: two substitutions and one insertion; as insertions and deletions 5 of 13.
        ("kitten", "sitting", 5 / 13, 3 / 7),
    ],
)
def test_edit_distances(first: str, second: str, indel: float, levenshtein: float) -> None:
    assert indel_distance(first, second) == pytest.approx(indel)
    assert normalised_levenshtein(first, second) == pytest.approx(levenshtein)


TEXTS = st.text("abc", max_size=6)


@given(TEXTS, TEXTS)
def test_edit_distances_are_symmetric_and_at_most_1(first: str, second: str) -> None:
    for distance in (indel_distance, normalised_levenshtein):
        assert distance(first, second) == distance(second, first)
        assert 0 <= distance(first, second) <= 1
        assert (distance(first, second) == 0) == (first == second)


def test_measures_add_up_over_the_corpus() -> None:
    overlaps = [Overlap(1, 1, 1), None, Overlap(1, 4, 2)]
    assert f1(overlaps).value == pytest.approx(2 * 2 / (5 + 3))
    assert precision(overlaps).value == pytest.approx(2 / 5)
    assert recall(overlaps).value == pytest.approx(2 / 3)
    assert mean([1, None, 0.5]).value == pytest.approx(0.75)
    assert f1([Overlap(0, 0, 0), None]).value is None


@given(st.lists(st.tuples(st.sets(TEXTS), st.sets(TEXTS)), min_size=1))
def test_f1_is_the_harmonic_mean_of_precision_and_recall(pairs: list[tuple[set[str], set[str]]]) -> None:
    overlaps = [Overlap.of(predicted, gold) for predicted, gold in pairs]
    p, r, f = (measure(overlaps).value for measure in (precision, recall, f1))
    if p and r:
        assert f == pytest.approx(2 * p * r / (p + r))
    else:
        assert not f


def test_quantiles_lie_between_values() -> None:
    assert quantile([1, 2, 3, 4, 5], 0.5) == 3
    assert quantile([10, 20], 0.95) == pytest.approx(19.5)
    assert quantile([7], 0.95) == 7


def test_an_interval_holds_the_value_and_narrows_with_more_samples() -> None:
    few, many = (Ratio((1.0, 0.0) * count, (1.0, 1.0) * count) for count in (20, 2000))
    width = {}
    for name, ratio in (("few", few), ("many", many)):
        estimate = bootstrap({"x": ratio}, resamples=300, seed=1)["x"]
        assert estimate.value == 0.5
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low < 0.5 < estimate.high
        width[name] = estimate.high - estimate.low
    # The standard error of a half of 40 is 0.079, so that 95 % are about 0.31 wide; of 4,000 a tenth of that.
    assert width["few"] == pytest.approx(0.31, abs=0.05)
    assert width["many"] == pytest.approx(0.031, abs=0.01)


def test_the_same_seed_gives_the_same_intervals() -> None:
    hits = {"x": Ratio((1, 0, 0, 1, 1), (1, 1, 2, 1, 1))}
    first, again, other = (bootstrap(hits, resamples=50, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert bootstrap(hits, resamples=0, seed=3)["x"].low is None


def test_nothing_measured_has_no_estimate() -> None:
    estimate = bootstrap({"x": Ratio((0, 0), (0, 0))}, resamples=10, seed=0)["x"]
    assert (estimate.value, estimate.low, estimate.high) == (None, None, None)


def test_views_by_structure() -> None:
    single = graph(READ)
    fork = graph(READ, TRANSLATE, PAINT, edges=((READ, TRANSLATE), (READ, PAINT)))
    other_fork = graph(READ, TRANSLATE, SPEAK, edges=((READ, TRANSLATE), (READ, SPEAK)))
    pairs = [(single, single), (graph(SPEAK), single), (SHORT, GOLD), (other_fork, fork)]
    kinds = [Structure.SINGLE, Structure.SINGLE, Structure.CHAIN, Structure.DAG]
    ratios = measures([score(ours, gold) for ours, gold in pairs], kinds)
    value = {name: ratio.value for name, ratio in ratios.items()}
    assert value["overall.node_f1"] == pytest.approx(2 * (1 + 0 + 2 + 2) / (2 + 2 + 5 + 6))
    assert value["overall.edge_f1"] == pytest.approx(2 * (0 + 1) / (3 + 4))
    assert value["overall.exact_graph"] == pytest.approx(1 / 4)
    assert (value["single.accuracy"], value["single.node_f1"], value["single.edge_f1"]) == (0.5, 0.5, None)
    assert value["chain.edit_distance"] == pytest.approx(1 / 5)
    assert (value["dag.exact_graph"], value["dag.structural_match"]) == (0.0, 1.0)
    assert value["dag.node_f1"] == pytest.approx(4 / 6)
