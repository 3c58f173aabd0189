"""Whatever detectors know by name can be asked for, in every language that has a word for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import pytest

from orchestrion.events import PlanFinished
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.planner.builtin.reading.encoder import WEIGHTS
from orchestrion_controller.planner.on_demand import BuiltinPlanner
from tests import rates
from tests.unit.controller.planner import example_requests

EVERY: Final = 4
"""One thing of so many is asked for in each language, others in each."""
NO_THINGS: Final = frozenset({"animal", "face", "food", "fruit", "furniture", "main subject", "object", "vehicle"})
"""What detectors group, or are asked for otherwise."""
ABSENT: Final = ("visual-question-answering", "zero-shot-object-detection")
"""Who has these may be answered by them; the detector is what a bare machine has."""
REQUESTS: Final = {
    "en": "Count the {} in this photo.",
    "de": "Wie viele {} sind auf diesem Bild?",
    "fr": "Compte les {} sur la photo.",
    "es": "¿Cuántos {} hay en esta imagen?",
    "zh": "数一数照片里的{}。",
    "ja": "この写真に{}はいくつありますか？",
}


def cases() -> Iterator[tuple[str, str]]:
    things = [name for name in words_of("de").listed_things if name not in NO_THINGS]
    for number, (language, request) in enumerate(REQUESTS.items()):
        for name in things[number % EVERY :: EVERY]:
            yield request.format(words_of(language).thing_forms(name)[-1]), name


@pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not trained yet")
async def test_what_a_language_has_words_for_is_looked_for_by_name(
    record_property: Callable[[str, object], None],
) -> None:
    planner = BuiltinPlanner()
    wrong = []
    for text, name in cases():
        outcome = await example_requests.outcome(planner, text, ("a.jpg",), without=ABSENT)
        planned = outcome.plan.tasks if isinstance(outcome, PlanFinished) and not outcome.not_done else ()
        labels = [task.inputs.get("labels") for task in planned]
        looked_for = [label for item in labels if isinstance(item, tuple) for label in item]
        if looked_for not in ([name], [words_of("en").thing_forms(name)[-1]]):
            wrong.append(f"{text} {looked_for}")
    total = len([*cases()])
    print(rates.report(record_property, "planner, things asked for", total - len(wrong), total))
    assert len(wrong) <= 0.05 * total, "\n".join(wrong)
