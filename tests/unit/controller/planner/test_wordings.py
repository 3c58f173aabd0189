"""Free wording in, tasks out: every request of `data/` that was ever planned rightly still is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import rates
from tests.unit.controller.planner.wordings import FOLDER, Case, Turn, fault, load

FILES = sorted(FOLDER.glob("*.jsonl"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_every_wording_is_planned_or_refused_as_it_was(
    path: Path, record_property: Callable[[str, object], None]
) -> None:
    cases = load(path)
    faults = [f"{case}: {reason}" for case in cases if (reason := await fault(case))]
    rate = rates.report(record_property, f"planner wordings, {path.stem}", len(cases) - len(faults), len(cases))
    assert not faults, "\n".join([rate, *faults])


def test_no_case_got_lost() -> None:
    assert sum(len(load(path)) for path in FILES) >= 1302


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (Case("blur this", "i", plan=["sharpen #1"]), "planned: ['blur #1']"),
        (Case("compose a symphony", plan=["blur #1"]), "refused: "),
        (Case("blur this", "i", refusal={}), "not refused"),
        (Case("compose a symphony", refusal={"reason": "MISSING_INPUT"}), "refused as REQUEST_BEYOND_PLANNER"),
        (Case("compose a symphony", refusal={"words": "violin"}), "does not say 'violin'"),
        (Case("blur this", "i", talk="Hello"), "asks for nothing"),
        (Case("hello", talk="Goodbye"), "answered: 'Hello"),
        (Case("now slower", after=Turn("say 'hello'", results=[{"file": 1}]), plan=["blur #91"]), 'planned: ["say'),
    ],
)
async def test_a_wrong_outcome_is_said(case: Case, words: str) -> None:
    assert words in await fault(case)
