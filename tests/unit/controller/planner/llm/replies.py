"""Replies of a language model, read as the planner reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from orchestrion import task_types
from orchestrion.errors import OrchestrionError
from orchestrion.plans import Task, TaskType
from orchestrion.refusals import NotDone
from orchestrion.runs import Artifact
from orchestrion.values import JsonData, Value
from orchestrion_controller.planner.llm.notation import ModelHints, PlanNames, PlanReader
from orchestrion_controller.plans.rules import PlanChecker

TYPES: Final = task_types.load()
STATION: Final = Artifact("artifacts/" + "a" * 64, "image/jpeg", "station.jpg", 10)
NOTES: Final = Artifact("artifacts/" + "b" * 64, "text/plain", "notes.txt", 10)
BELL: Final = Artifact("artifacts/" + "c" * 64, "audio/wav", "bell.wav", 10)
SIGN: Final = Artifact("artifacts/" + "d" * 64, "image/png", "sign.png", 10)
LETTER: Final = "Dear Anna, the train is late. " * 20
NAMES: Final = PlanNames(
    (STATION, NOTES, BELL),
    {"earlier.1": SIGN},
    {"earlier.2": "No entry without a permit"},
    {"request.1": LETTER},
)


@dataclass(frozen=True)
class Outcome:
    """What was read of a reply, and what is wrong with it."""

    tasks: tuple[Task, ...]
    faults: tuple[OrchestrionError, ...]
    """What cannot be read, then what breaks the rules of plans."""
    no_task_reason: str = ""
    not_done: tuple[NotDone, ...] = ()
    draft: int = 0
    has_plan: bool = True
    closed: bool = True
    checked: tuple[Task, ...] = field(default=())

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """The reason of each fault, with the id of the task."""
        return [(fault.reason, fault.metadata.get("task_id", "")) for fault in self.faults]


def outcome(
    reply: str,
    names: PlanNames = NAMES,
    types: Mapping[str, TaskType] = TYPES,
    *,
    cut: bool = False,
    pieces: tuple[str, ...] = (),
) -> Outcome:
    """Reads a reply, whole or in pieces, and checks the plan that counts."""
    reader = PlanReader(types, names)
    tasks: list[Task] = []
    draft = 0
    for piece in pieces or (reply,):
        fresh = reader.feed(piece)
        tasks = [*([] if reader.draft != draft else tasks), *fresh]
        draft = reader.draft
    assert tuple(tasks) == reader.tasks
    reader.finish(cut=cut)
    checker = PlanChecker(
        types, names.attachments, {one.name: one for one in names.artifacts.values()}, ModelHints(names)
    )
    faults = list(reader.faults)
    for fault in reader.faults:
        checker.excuse(fault.metadata.get("task_id", ""))
    for task in reader.tasks:
        faults += checker.faults(task)
    if not reader.faults or reader.tasks:
        faults += checker.closing_faults(reader.no_task_reason)
    return Outcome(
        reader.tasks,
        tuple(faults),
        reader.no_task_reason,
        reader.not_done,
        reader.draft,
        reader.has_plan,
        reader.closed,
        checker.tasks,
    )


def plan(*tasks: JsonData, **members: JsonData) -> str:
    """Writes a plan as a language model does."""
    return json.dumps({"tasks": tasks, **members}, ensure_ascii=False)


def task(type_name: str, task_id: str = "it", **inputs: JsonData) -> dict[str, JsonData]:
    """A task as a language model writes it."""
    return {"id": task_id, "type": type_name, "inputs": inputs}


READ: Final = task("image-to-text", "read", image="$1")
FOLDED: Final = task("image-to-text", "all", image=["$1", "$earlier.1"])
"""A task that runs once for each of two pictures."""


def value(written: JsonData, type_name: str = "text-to-speech", name: str = "text", **others: JsonData) -> Value:
    """Reads one input of a plan that keeps the rules."""
    read = outcome(plan(READ, FOLDED, task(type_name, **{**others, name: written})))
    assert [fault.message for fault in read.faults] == []
    return next(one for one in read.tasks if one.id == "it").inputs[name]


def refused(written: JsonData, type_name: str = "text-to-speech", name: str = "text", **others: JsonData) -> str:
    """Returns what the author of an input is told about it."""
    read = outcome(plan(READ, FOLDED, task(type_name, **{**others, name: written})))
    assert [one for _, one in read.reasons] == ["it"]
    assert read.faults[0].field is not None
    assert read.faults[0].field.endswith(f".inputs.{name}")
    return read.faults[0].message
