"""What people say after a turn: the rate of what is planned as it should be, with the weights that are there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrion_controller.planner.builtin.reading.encoder import WEIGHTS
from tests import rates
from tests.unit.controller.planner.wordings import FOLDER, fault, load


@pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not trained yet")
async def test_most_followups_are_planned_as_they_are_meant(record_property: Callable[[str, object], None]) -> None:
    cases = load(FOLDER / "followups.jsonl")
    faults = [f"{case}: {reason}" for case in cases if (reason := await fault(case))]
    print(rates.report(record_property, "planner, followups", len(cases) - len(faults), len(cases)))
    assert len(faults) <= 0.2 * len(cases), "\n".join(faults)
