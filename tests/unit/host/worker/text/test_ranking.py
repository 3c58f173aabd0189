"""Choosing rows: the central ones first, those that repeat others not."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrion_host.worker.text import ranking


def unit(*rows: tuple[float, ...]) -> ranking.Numbers:
    array = np.array(rows)
    vectors: ranking.Numbers = array / np.linalg.norm(array, axis=1, keepdims=True)
    return vectors


def test_the_row_that_most_others_are_like_is_the_most_central() -> None:
    rows = unit((1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1))
    result = ranking.centrality(rows, 0.25)
    assert int(np.argmax(result)) == 1
    assert result[1] == pytest.approx(1)
    assert result[3] == pytest.approx(0)


def test_what_is_hardly_alike_does_not_count() -> None:
    rows = unit((1, 0.2), (0.2, 1), (1, 0.1))
    assert ranking.centrality(rows, 0.9)[1] == 0
    assert ranking.centrality(rows, 0.1)[1] > 0


def test_many_rows_are_compared_block_by_block_with_the_same_result() -> None:
    rows = np.random.default_rng(1).normal(size=(1100, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = rows @ rows.T
    expected = np.where(cosines >= 0.3, cosines, 0).sum(axis=1) - 1
    assert ranking.centrality(rows, 0.3) == pytest.approx(expected / expected.max())


def test_nothing_alike_and_nothing_at_all() -> None:
    assert ranking.centrality(np.eye(3), 0.2).tolist() == [0, 0, 0]
    assert ranking.choose([], np.zeros((0, 3)), 2, 0.5) == []


def test_a_repetition_gives_way_to_something_else() -> None:
    rows = unit((1, 0), (1, 0.01), (0, 1))
    assert ranking.choose([1.0, 0.9, 0.6], rows, 2, 0.5) == [0, 2]
    assert ranking.choose([1.0, 0.9, 0.6], rows, 2, 0.0) == [0, 1]


def test_the_chosen_come_in_their_order_and_no_more_than_there_are() -> None:
    assert ranking.choose([0.1, 0.5, 0.9], np.eye(3), 2, 0.5) == [1, 2]
    assert ranking.choose([0.1, 0.5, 0.9], np.eye(3), 9, 0.5) == [0, 1, 2]
