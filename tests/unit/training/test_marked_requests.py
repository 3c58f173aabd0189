"""The marked requests: each line has its parts, and its marks are whole and name steps and files that are there."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from orchestrion import task_types
from training.planner.libraries import DATA

FILES = sorted((DATA / "requests").glob("*.jsonl"))
MARK = re.compile(r"\{(again|help|hello|\?|f\d+(?:,f\d+)*|r\d+|\d+(?:\.\w+)?) ([^{}]+)\}")
NO_TYPES = {"again", "help", "hello"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_marks_name_what_is_there(file: Path) -> None:
    types = task_types.load()
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        request = json.loads(line)
        where = f"{file.name}:{number}"
        assert "{" not in MARK.sub("", request["text"]), where
        assert all(step.split()[0] in types.keys() | NO_TYPES for step in request["steps"]), where
        for key, _ in MARK.findall(request["text"]):
            if key[0].isdigit():
                assert 1 <= int(key.split(".")[0]) <= len(request["steps"]), where
            elif key[0] == "f":
                assert all(int(name[1:]) <= len(request["files"]) for name in key.split(",")), where


def test_every_language_has_thousands_and_none_twice() -> None:
    texts = Counter(
        (file.name[:2], json.loads(line)["text"]) for file in FILES for line in file.read_text("utf-8").splitlines()
    )
    by_language = Counter(language for language, _ in texts)
    assert set(by_language) == {"de", "en", "es", "fr", "ja", "zh"}
    assert min(by_language.values()) > 2_500
    assert sum(count - 1 for count in texts.values()) < 20
