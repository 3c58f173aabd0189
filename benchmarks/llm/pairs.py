"""The recorded conversations with a language model: what it was asked, what it says, and how that is to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.llm import libraries
from benchmarks.llm.endings import Ending, Wording
from benchmarks.llm.values import Turn
from orchestrion.refusals import NotDone
from orchestrion.runs import Message
from orchestrion_controller.stages import PastTurn, PlanningRequest, RespondingRequest

FOLDER: Final = Path(__file__).parent

PLAN: Final = "plan"
ANSWER: Final = "answer"
SELECT: Final = "select"
STAGES: Final = (PLAN, SELECT, ANSWER)
RECORDED: Final = "recorded"
"""The words of that day."""
TODAY: Final = "today"
"""The same in the notation of today, or what a model that is told what it is told now says instead."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One recorded conversation, in one of its forms."""

    number: int
    stage: str
    """`plan`, `answer` or `select`."""
    form: str
    """`recorded` or `today`."""
    about: str
    """What is special about it."""
    recorded_tokens: int
    """Tokens of the prompt that was recorded."""
    replies: tuple[str, ...]
    """What the model says, call by call."""
    ending: Ending
    prompt: Wording
    """What the first prompt says."""
    row: Mapping[str, Any]
    """The data of its request."""

    @property
    def turn(self) -> Turn:
        """The words and files of its last turn."""
        return Turn.of(self.row)

    @property
    def library(self) -> str:
        """What is on offer."""
        return str(self.row.get("library", libraries.STARTER))

    def planning(self, library: str = "") -> PlanningRequest:
        """Makes the request of a planner; `library` offers something else than was on offer."""
        turn, offered = self.turn, libraries.library(library or self.library)
        return PlanningRequest(
            (_message(turn),),
            turn.attached,
            offered.task_types,
            self._history(),
            offered.offered,
            replaced=False,
            defined=libraries.defined(),
            limits=offered.limits,
            answered_by_model=True,
        )

    def responding(self) -> RespondingRequest:
        """Makes the request of a responder."""
        turn, offered = self.turn, libraries.library(self.library)
        plan, results = turn.plan(self.row), turn.results(self.row)
        parts = tuple(NotDone(words, why) for words, why in self.row.get("not_done", ()))
        return RespondingRequest(
            (_message(turn),),
            plan,
            results,
            offered.task_types,
            turn.artifacts,
            self._history(),
            parts,
            turn.attached,
            offered.offered,
        )

    def _history(self) -> tuple[PastTurn, ...]:
        return tuple(map(_past, self.row.get("earlier", ())))


def load(folder: Path = FOLDER) -> Sequence[Replay]:
    """Reads all conversations.

    Raises:
        ValueError: One is written wrongly; the message names it.
    """
    replays: list[Replay] = []
    for stage, name in ((PLAN, "plans"), (SELECT, "choices"), (ANSWER, "answers")):
        data = yaml.load((folder / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)
        for row in data["pairs"]:
            try:
                replays += _replays(stage, row | data.get("requests", {}).get(row.get("request"), {}), data)
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise ValueError(f"{name}.yaml: conversation {row.get('n')} is written wrongly: {error!r}") from error
    return sorted(replays, key=lambda replay: (STAGES.index(replay.stage), replay.number))


def _replays(stage: str, row: Mapping[str, Any], data: Mapping[str, Any]) -> Sequence[Replay]:
    forms = {RECORDED: row.get("recorded"), TODAY: row.get("today") or row.get("reply")}
    return [
        Replay(
            row["n"],
            stage,
            form,
            row.get("about", ""),
            row["tokens"],
            (replies,) if isinstance(replies, str) else tuple(replies),
            Ending.of(_ends(row, form), Turn.of(row), data.get("plans", {})),
            Wording.of(row.get("prompt", {})),
            row,
        )
        for form, replies in forms.items()
        if replies
    ]


def _ends(row: Mapping[str, Any], form: str) -> Mapping[str, Any]:
    ends: Mapping[str, Any] = row.get("recorded_ends", row["ends"]) if form == RECORDED else row["ends"]
    return ends


def _message(turn: Turn) -> Message:
    return Message(turn.said, artifacts=tuple(file.name for file in turn.attached))


def _past(row: Mapping[str, Any]) -> PastTurn:
    turn = Turn.of(row)
    plan, results = turn.plan(row), turn.results(row)
    return PastTurn((_message(turn),), plan, results, row.get("answer", ""), turn.artifacts)
