"""The marked requests: each line has its parts, and its marks are whole and name steps and files that are there."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.training import marks
from training.planner.libraries import DATA

FILES = sorted(DATA.rglob("requests/*.jsonl"))
BUILT_IN = ("de", "en", "es", "fr", "ja", "zh")
"""The languages that the planner is measured in; further ones may begin with less."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(DATA)))
def test_marks_name_what_is_there(file: Path) -> None:
    marks.check(file)


def test_every_built_in_language_has_thousands_and_none_twice() -> None:
    texts = Counter(
        (file.name[:2], json.loads(line)["text"]) for file in FILES for line in file.read_text("utf-8").splitlines()
    )
    by_language = Counter(language for language, _ in texts)
    assert all(by_language[language] > 2_500 for language in BUILT_IN)
    assert sum(count - 1 for count in texts.values()) < 20
