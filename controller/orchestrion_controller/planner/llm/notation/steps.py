"""What the JSON of a reply turns out to be, step by step, as it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from orchestrion.values import JsonData


@dataclass(frozen=True, slots=True)
class Element:
    """What stands for a task, in a list of tasks."""

    data: JsonData


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A task whose text is no JSON."""

    message: str


@dataclass(frozen=True, slots=True)
class Alone:
    """A task that stands in the text by itself."""

    data: JsonData


@dataclass(frozen=True, slots=True)
class Whole:
    """The plan is whole."""

    members: Mapping[str, JsonData]
    """Its object; empty for a bare list of tasks."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The text of the plan goes on as no JSON would; what comes after is prose."""

    message: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The text ends before the plan does."""


@dataclass(frozen=True, slots=True)
class NoPlan:
    """It is no plan."""


Step: TypeAlias = Element | Unreadable | Alone | Whole | Broken | Unfinished | NoPlan
