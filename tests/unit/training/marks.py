"""Checks of marked requests: whole marks, which name steps and files that are there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from orchestrion import task_types

MARK = re.compile(r"\{(again|help|hello|\?|f\d+(?:,f\d+)*|r\d+|\d+(?:\.\w+)?) ([^{}]+)\}")
NO_TYPES = {"again", "help", "hello"}


def check(file: Path) -> None:
    """Fails where a line of a file breaks the form."""
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
