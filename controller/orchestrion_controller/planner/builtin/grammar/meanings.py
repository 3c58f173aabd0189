"""What phrases of the planner's lexicon stand for: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from orchestrion.plans import ParameterKind

Choice: TypeAlias = tuple[str, str | float]
"""A parameter's name and a value for it."""


@dataclass(frozen=True, slots=True)
class Noun:
    """A word for an attachment."""

    kind: ParameterKind | None
    """None for any."""
    is_many: bool


@dataclass(frozen=True, slots=True)
class Sense:
    """What words ask for: a task type, and which of its ways where the words tell."""

    task_type: str
    mode: Choice | None = None
    """A parameter with choices, and the choice."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number given for a parameter: the parameter's value is `offset` plus `factor` times the number."""

    parameter: str
    factor: float = 1
    offset: float = 0


@dataclass(frozen=True, slots=True)
class Dimension:
    """What a factor can be of ("twice as loud"), and how the factor becomes the parameter's value."""

    parameter: str
    scale: str = "factor"
    """`factor`: the value is the factor. `decibels`, `semitones`: so many of them as the factor makes."""
    is_falling: bool = False
    """Whether the word tells that there is less of it: "slower"."""
    is_more: bool = False
    """Whether the word compares ("faster"), so that a share is added: 50 % faster is 1.5 times as fast."""
