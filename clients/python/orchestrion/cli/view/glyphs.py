"""The signs that the live view draws with, and what stands for them where the terminal has ASCII alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from orchestrion.snapshots import TaskPhase


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs; every sign is one column wide, every part of the tree three."""

    phases: Mapping[TaskPhase, str]
    spinner: str
    """The frames of what goes on."""
    paused: str
    """What stands for it where nothing moves any more."""
    bar: str
    rest: str
    """The part of a bar that is not done."""
    branch: str
    last: str
    through: str
    gap: str
    ellipsis: str
    quotes: tuple[str, str]


UNICODE: Final = Glyphs(
    {
        TaskPhase.PLANNED: "·",
        TaskPhase.ASSIGNED: "○",
        TaskPhase.SUCCEEDED: "✓",
        TaskPhase.FAILED: "✗",
        TaskPhase.SKIPPED: "-",
        TaskPhase.CANCELLED: "■",
    },
    spinner="⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏",
    paused="▸",
    bar="━",
    rest="─",
    branch="├─ ",
    last="└─ ",
    through="│  ",
    gap="   ",
    ellipsis="…",
    quotes=("“", "”"),
)
ASCII: Final = Glyphs(
    {
        TaskPhase.PLANNED: ".",
        TaskPhase.ASSIGNED: "o",
        TaskPhase.SUCCEEDED: "+",
        TaskPhase.FAILED: "x",
        TaskPhase.SKIPPED: "-",
        TaskPhase.CANCELLED: "#",
    },
    spinner="|/-\\",
    paused=">",
    bar="=",
    rest="-",
    branch="|- ",
    last="`- ",
    through="|  ",
    gap="   ",
    ellipsis="~",
    quotes=('"', '"'),
)


def for_encoding(encoding: str) -> Glyphs:
    """Chooses the signs that a terminal of this encoding can show."""
    return UNICODE if encoding.lower().replace("_", "-").startswith("utf") else ASCII
