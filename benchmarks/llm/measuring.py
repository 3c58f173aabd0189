"""How long prompts are, beside the recorded ones, and what a short context shows of what is on offer."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.llm import libraries
from benchmarks.llm.judging import Judged
from benchmarks.llm.pairs import ANSWER, PLAN, SELECT, Replay
from benchmarks.llm.replaying import replayer, said
from benchmarks.llm.tokens import token_count
from orchestrion_controller.planner.llm.fitting import material
from orchestrion_controller.planner.llm.notation import PlanNames
from orchestrion_controller.planner.llm.tools import tools
from orchestrion_controller.stages import PlanningRequest
from tests.llm_server import Call

SHORT_CONTEXT: Final = 4096
"""Tokens of a context that many local models have; the endpoint says so, and counts nothing itself."""
_FEW_TASK_TYPES: Final = 20
"""How many of all task types it has to have room for."""
_LIKELIEST: Final = 3
"""How many of the likeliest task types have to be described whole in it."""
_MOST_OF_PLAN: Final = {libraries.STARTER: 1600, libraries.ALL: 3000}
_MOST_OF_SCHEMA: Final = 2840
_MOST_OF_ANSWER: Final = 500


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the prompts of one kind are, in tokens, and how long they may be."""

    what: str
    counts: tuple[int, ...]
    recorded: tuple[int, ...] = ()
    """Of the prompts that were recorded."""
    most: int = 0
    """What the median may be; 0 for anything."""

    @property
    def median(self) -> int:
        """The middle one."""
        return round(statistics.median(self.counts))

    @property
    def is_within(self) -> bool:
        """Whether they are short enough."""
        return not self.most or self.median <= self.most


@dataclass(frozen=True, slots=True)
class Room:
    """What first prompts in a short context show of a library."""

    library: str
    task_type_count: int
    """How many task types there are."""
    shown: tuple[int, ...]
    """How many each prompt shows."""
    least: int
    """How many it has to show."""
    cut: Mapping[int, Sequence[str]]
    """By conversation, those of the likeliest task types that are not described whole."""
    needed: int
    """How many task types the plans need that are to be made."""
    needed_shown: int
    """How many of these are shown."""

    @property
    def is_enough(self) -> bool:
        """Whether every prompt shows enough, and the likeliest whole."""
        return min(self.shown) >= self.least and not self.cut


def prompt_tokens(call: Call) -> int:
    """Counts what a model is told, without the schema of its reply."""
    return token_count(said(call))


def schema_tokens(call: Call) -> int:
    """Counts the schema of a reply; 0 where none is sent."""
    schema = call.body.get("response_format", {}).get("json_schema", {}).get("schema")
    return token_count([json.dumps(schema, ensure_ascii=False, separators=(",", ":"))]) if schema else 0


async def lengths(judged: Sequence[Judged]) -> Sequence[Lengths]:
    """Measures the first prompts: of plans with either library, of answers, and of choices."""
    measured = []
    replays = [item.replay for item in judged]
    for library, most in _MOST_OF_PLAN.items():
        async with replayer() as again:
            calls = [await again.question(replay.planning(library)) for replay in distinct(replays, PLAN)]
        recorded = [replay.recorded_tokens for replay in distinct(replays, PLAN) if replay.library == library]
        what = f"plan, {len(libraries.library(library).task_types)} task types"
        measured.append(Lengths(what, tuple(map(prompt_tokens, calls)), tuple(recorded), most))
        measured.append(Lengths(f"{what}: the schema", tuple(map(schema_tokens, calls)), (), _MOST_OF_SCHEMA))
    for stage, what, most in ((ANSWER, "answer", _MOST_OF_ANSWER), (SELECT, "choice", 0)):
        first = [item for item in judged if item.replay.stage == stage and item.came.calls]
        counts = tuple(prompt_tokens(item.came.calls[0]) for item in first)
        measured.append(Lengths(what, counts, tuple(item.replay.recorded_tokens for item in first), most))
    return measured


async def room(replays: Iterable[Replay]) -> Sequence[Room]:
    """Sees what the first prompt of a fresh client shows in a context of `SHORT_CONTEXT` tokens."""
    rooms = []
    planned = distinct(replays, PLAN)
    for library in _MOST_OF_PLAN:
        orders, cut = {}, {}
        on_offer = libraries.library(library).task_types
        needed = [
            (replay.number, task.type)
            for replay in planned
            for task in replay.ending.plan or ()
            if task.type in on_offer
        ]
        for replay in planned:
            request = replay.planning(library)
            # A client of its own, which has seen no count of this endpoint yet.
            async with replayer(SHORT_CONTEXT) as again:
                order = "\n".join(said(await again.question(request), "system"))
            orders[replay.number] = order
            likeliest = material(request, PlanNames.of(request)).by_relevance[:_LIKELIEST]
            if lacking := [name for name in likeliest if not _is_whole(name, request, order)]:
                cut[replay.number] = lacking
        least = len(on_offer) if library == libraries.STARTER else _FEW_TASK_TYPES
        shown = tuple(sum(_is_shown(name, order) for name in on_offer) for order in orders.values())
        needed_shown = sum(_is_shown(name, orders[number]) for number, name in needed)
        rooms.append(Room(library, len(on_offer), shown, least, cut, len(needed), needed_shown))
    return rooms


def distinct(replays: Iterable[Replay], stage: str) -> Sequence[Replay]:
    """Returns a conversation for each request of a stage; many were recorded with several replies."""
    first: dict[str, Replay] = {}
    for replay in replays:
        if replay.stage == stage:
            first.setdefault(replay.request, replay)
    return list(first.values())


def _is_shown(name: str, order: str) -> bool:
    return f"\n- {name}(" in order


def _is_whole(name: str, request: PlanningRequest, order: str) -> bool:
    """Whether a task type stands there with all its inputs and what they mean."""
    tool = tools(request)[name]
    parts = [f"{parameter}: {note}" for parameter, note in tool.notes.items()]
    return tool.description in order or (tool.form in order and all(note.partition(": ")[2] in order for note in parts))
