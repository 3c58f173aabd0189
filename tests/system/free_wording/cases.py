"""The requests of this folder and what a fair judge expects of each, read from `requests/*.yaml`.

Fields of a request:

* `ask`, `files`: the words as a person typed them, and the attachments, names of `tests/media/library.py`.
* `after`: the turn before it, with `ask` and `files`, whose run it continues.
* `tasks`, `may`: task types that the plan must have, and those that it may have besides; others nobody asked for.
* `inputs`, `outputs`: by `type.parameter`, what the values must be (`expectations.py`): a value or conditions for all
  of them, or a list with one entry for each, in the order of the plan.
* `gives`: files that the answer must name: their `kind` and, by measure (`tests/media/measures.py`), how large each
  must be; with `of`, as a multiple of the same measure of that file.
* `answer`: regular expressions that the answer's words must match, whatever the case of letters.
* `beyond`: the starter set cannot do it: REQUEST_BEYOND_PLANNER is the only right outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parent / "requests"


@dataclass(frozen=True, slots=True)
class Turn:
    """What a person sends at once."""

    ask: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One request and what must come of it; the fields are explained above."""

    area: str
    turn: Turn
    after: Turn | None = None
    tasks: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    gives: tuple[Mapping[str, Any], ...] = ()
    answer: tuple[str, ...] = ()
    beyond: bool = False


def load() -> list[Case]:
    """Reads all requests, in the order of their files."""
    return [
        _case(path.stem.split("_", 1)[1], entry)
        for path in sorted(FOLDER.glob("*.yaml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def _case(area: str, entry: dict[str, Any]) -> Case:
    turn = _turn(entry)
    after = _turn(entry.pop("after")) if "after" in entry else None
    for name in ("tasks", "may"):
        entry[name] = frozenset(entry.get(name, ()))
    for name in ("gives", "answer"):
        entry[name] = tuple(entry.get(name, ()))
    return Case(area, turn, after, **entry)


def _turn(entry: dict[str, Any]) -> Turn:
    return Turn(entry.pop("ask").strip(), tuple(entry.pop("files", ())))
