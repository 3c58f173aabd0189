"""How much of a run the prompt shows, from all of it down to what the smallest contexts have room for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrion_controller.stages import RespondingRequest

_PAST_CHARACTERS: Final = (1500, 500)
_CHARACTERS: Final = (16_000, 8_000, 4_000, 2_000, 1_000, 500, 250, 100)
_TASKS: Final = (40, 20, 10, 5, 2)


@dataclass(frozen=True, slots=True)
class AnswerPromptExtent:
    """How much of a run the prompt shows. The request itself is always whole."""

    turns: int
    """Earlier turns, the latest ones."""
    past_characters: int | None = None
    """Characters of each earlier answer; None for all."""
    characters: int | None = None
    """Characters of each result; None for all."""
    tasks: int | None = None
    """Tasks with their results, and files; None for all."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What an extent had no room for."""

    shown: int
    """How much of it is shown."""
    count: int
    """How much there is."""
    unit: str
    """What is counted: `characters` or `entries` of an output, characters of earlier `answers`, `turns`, `tasks` or
    `files`.
    """
    task_id: str = ""
    """The task whose output it is; empty for all else."""
    output: str = ""
    """The output as its alias has it: `text`, or `text 2`."""


def extents(request: RespondingRequest) -> list[AnswerPromptExtent]:
    """Lists ever shorter extents: earlier answers are cut, the oldest turns go, then results are cut, then tasks go."""
    turns = len(request.history)
    listed = [AnswerPromptExtent(turns)]
    if turns:
        listed += [AnswerPromptExtent(turns, most) for most in _PAST_CHARACTERS]
        listed += [AnswerPromptExtent(kept, _PAST_CHARACTERS[-1]) for kept in range(turns - 1, -1, -1)]
    listed += [AnswerPromptExtent(0, 0, most) for most in _CHARACTERS]
    return listed + [AnswerPromptExtent(0, 0, _CHARACTERS[-1], tasks) for tasks in _TASKS]
