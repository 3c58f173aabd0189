"""Captions made of classes: one where it is sure, several where it is not."""

from __future__ import annotations

import pytest

from orchestrion_host.worker.engines.image import class_captions


@pytest.mark.parametrize(
    ("ranked", "caption"),
    [
        ([("Egyptian cat", 0.8), ("tabby, tabby cat", 0.1)], "an Egyptian cat"),
        ([("tabby, tabby cat", 0.65), ("tiger cat", 0.3)], "probably a tabby"),
        (
            [("tiger cat", 0.4), ("Egyptian cat", 0.34), ("tabby, tabby cat", 0.17)],
            "probably a tiger cat, an Egyptian cat or a tabby",
        ),
        ([("tiger cat", 0.5), ("Egyptian cat", 0.3), ("tabby", 0.1)], "probably a tiger cat or an Egyptian cat"),
        ([("maze", 0.11), ("racket, racquet", 0.09), ("dome", 0.02)], "perhaps a maze or a racket"),
        ([("espresso", 0.9)], "espresso"),
    ],
)
def test_a_caption_is_as_sure_as_the_classes(ranked: list[tuple[str, float]], caption: str) -> None:
    assert class_captions.describe(ranked) == caption
