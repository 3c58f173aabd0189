"""Shares of the classes of sentiment, made from VADER's scores."""

from __future__ import annotations

import pytest

from orchestrion_host.worker.engines.text.vader import shares


@pytest.mark.parametrize(
    ("compound", "words", "label"),
    [
        (0.05, (0.1, 0.9, 0.0), "positive"),
        (0.049, (0.1, 0.9, 0.0), "neutral"),
        (-0.049, (0.0, 0.9, 0.1), "neutral"),
        (-0.05, (0.0, 0.9, 0.1), "negative"),
        (1.0, (1.0, 0.0, 0.0), "positive"),
        (0.0, (0.0, 0.0, 0.0), "neutral"),
        (-0.9, (0.3, 0.3, 0.4), "negative"),
    ],
)
def test_the_published_thresholds_decide_and_the_shares_agree(
    compound: float, words: tuple[float, float, float], label: str
) -> None:
    result = shares(compound, *words)
    assert next(iter(result)) == label
    assert result[label] == max(result.values())
    assert sum(result.values()) == pytest.approx(1)
    assert min(result.values()) >= 0


def test_a_stronger_score_has_a_larger_share() -> None:
    result = [shares(compound, 0.5, 0.5, 0.0)["positive"] for compound in (0.1, 0.4, 0.8, 1.0)]
    assert result == sorted(result)
    assert result[-1] == 1
