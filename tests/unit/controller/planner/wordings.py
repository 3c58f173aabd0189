"""What people write and what must come of it, read from `data/*.jsonl`, one case a line.

Fields of a case:

* `text`, `files`: the words and the attachments, a letter each (`plan_notation`).
* `after`: the turn before it, with `text`, `files` and `results`: each task's principal output, `{"file": 1}` for a
  file that it made.
* `plan`: the plan, a line a task; or
* `refusal`: that it is refused, perhaps with a `reason` and with `words` that the message has; or
* `talk`: that no task is planned, with how the reason for that begins.
* `why`: what the case is for, where the words do not show it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from orchestrion.errors import OrchestrionError
from orchestrion.values import Value
from orchestrion_controller.stages import PastTurn
from tests.unit.controller.planner.plan_notation import made, plan_of, request_for, turn_of, written

FOLDER: Final = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said before, and what its tasks gave."""

    text: str
    files: str = ""
    results: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One request and what must come of it; the fields are explained above."""

    text: str
    files: str = ""
    after: Turn | None = None
    plan: Sequence[str] | None = None
    refusal: Mapping[str, str] | None = None
    talk: str | None = None
    why: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if sum(outcome is not None for outcome in (self.plan, self.refusal, self.talk)) != 1:
            raise ValueError(f"{self.text!r} needs one of plan, refusal and talk")

    def __str__(self) -> str:
        return f"{self.text!r}" + (f" on {self.files}" if self.files else "") + (" later" if self.after else "")


def load(path: Path) -> list[Case]:
    """Reads the cases of a file."""
    return [_case(json.loads(line)) for line in path.read_text("utf-8").splitlines()]


async def fault(case: Case) -> str:
    """Plans a request; returns what is wrong with what came of it, nothing when it is right."""
    history: tuple[PastTurn, ...] = ()
    if case.after is not None:
        results = [_value(result) for result in case.after.results]
        history = (await turn_of(request_for(case.after.text, case.after.files), *results),)
    try:
        plan = await plan_of(request_for(case.text, case.files, history))
    except OrchestrionError as error:
        if case.refusal is None:
            return f"refused: {error}"
        if case.refusal.get("reason", error.reason) != error.reason:
            return f"refused as {error.reason}, not as {case.refusal['reason']}"
        words = case.refusal.get("words", "")
        return "" if words in error.message else f"the refusal does not say {words!r}: {error.message}"
    if case.refusal is not None:
        return f"not refused, but planned: {written(plan)}"
    if case.talk is None:
        return "" if written(plan) == case.plan else f"planned: {written(plan)}"
    if plan.tasks:
        return f"planned, though it asks for nothing: {written(plan)}"
    return "" if plan.no_task_reason.startswith(case.talk) else f"answered: {plan.no_task_reason!r}"


def _case(entry: dict[str, Any]) -> Case:
    after = entry.pop("after", None)
    return Case(**entry, after=Turn(**after) if after else None)


def _value(result: Any) -> Value:
    if isinstance(result, dict):
        return made(result["file"])
    value: Value = tuple(result) if isinstance(result, list) else result
    return value
