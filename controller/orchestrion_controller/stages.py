"""What flows between the stages: requests in, items out. Stages are async generators over these plain dataclasses.

A stage raises an `OrchestrionError` when it fails. Closing its generator, or cancelling the task that reads it, stops
the work behind it: a language model's stream is closed at once.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from orchestrion.events import AnswerFinished, AnswerText, Payload, PlanFinished, PlanRejected, TaskPlanned, TaskRevoked
from orchestrion.plans import Plan, TaskResult, TaskType
from orchestrion.refusals import NotDone
from orchestrion.runs import Artifact, Message
from orchestrion_controller.cures import Cures
from orchestrion_controller.limits import TaskTypeLimits


@dataclass(frozen=True, slots=True)
class Usage:
    """A stage's use of a language model; several add up."""

    llm_call_count: int = 0
    prompt_token_count: int = 0
    completion_token_count: int = 0
    cached_token_count: int = 0
    """How many of the prompts' tokens the endpoint had from an earlier prompt that began alike."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.llm_call_count + other.llm_call_count,
            self.prompt_token_count + other.prompt_token_count,
            self.completion_token_count + other.completion_token_count,
            self.cached_token_count + other.cached_token_count,
        )


StageItem: TypeAlias = Payload | Usage
"""What a stage yields: the payload of an event, or the use of a language model (summed in the stage's last event)."""

PlanItem: TypeAlias = TaskPlanned | PlanRejected | TaskRevoked | PlanFinished | Usage
"""What a planner yields."""

AnswerItem: TypeAlias = AnswerText | AnswerFinished | Usage
"""What a responder yields."""


@dataclass(frozen=True, slots=True)
class PastTurn:
    """An earlier run of the same conversation."""

    messages: tuple[Message, ...]
    plan: Plan | None = None
    results: Mapping[str, TaskResult] = field(default_factory=dict)
    answer: str = ""
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    """Every artifact of the turn by name: attached ones and results."""


@dataclass(frozen=True, slots=True)
class PlanningRequest:
    """The input of a planner."""

    messages: tuple[Message, ...]
    attachments: tuple[Artifact, ...] = ()
    """The artifacts of all messages, in order: `attachments/1` is the first."""
    task_types: Mapping[str, TaskType] = field(default_factory=dict)
    """What a plan may use, by name."""
    history: tuple[PastTurn, ...] = ()
    """Earlier turns, the oldest first."""
    offered: Mapping[str, TaskType] = field(default_factory=dict)
    """The same task types with only the choices that some expert takes now; empty where that is not known."""
    replaced: bool = True
    """Whether the task types are the caller's; else they are the server's own and those that experts of hosts bring."""
    defined: Mapping[str, TaskType] = field(default_factory=dict)
    """Every task type that could be on offer, with all choices, by name; the caller's own where they are replaced."""
    cures: Cures = field(default_factory=Cures)
    """What brings an expert for a task type, or a choice of one, that is defined and not on offer."""
    limits: Mapping[str, TaskTypeLimits] = field(default_factory=dict)
    """What the available experts take beyond choices, by task type; none for the caller's own task types."""
    answered_by_model: bool = False
    """Whether a language model writes the answer from the results; else templates do."""

    @property
    def on_offer(self) -> Mapping[str, TaskType]:
        """The task types that a plan should use: only what is available now, where that is known."""
        return self.offered or self.task_types


@dataclass(frozen=True, slots=True)
class RespondingRequest:
    """The input of a responder."""

    messages: tuple[Message, ...]
    plan: Plan
    results: Mapping[str, TaskResult] = field(default_factory=dict)
    """The results of the plan's tasks, by id."""
    task_types: Mapping[str, TaskType] = field(default_factory=dict)
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    """Every artifact that exists in the run, by name: attached ones, those of earlier turns that it works on, and those
    that it made, in this order.
    """
    history: tuple[PastTurn, ...] = ()
    """Earlier turns, the oldest first."""
    not_done: tuple[NotDone, ...] = ()
    """What the request asks for and the plan does not do; the answer says so."""
    attachments: tuple[Artifact, ...] = ()
    """The artifacts of all messages, in order; one that is attached twice is there twice."""
    offered: Mapping[str, TaskType] = field(default_factory=dict)
    """The task types that could be planned, with only the choices that some expert takes now; empty where that is not
    known.
    """


class Planner(Protocol):
    """Turns a request into a plan.

    A planner may have an attribute `runs_partial`, which is true where it is left out, and a method `prepare`: see the
    functions of these names.
    """

    @property
    def name(self) -> str:
        """The performer in StageStarted, such as `builtin`."""

    def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        """Yields each task as soon as it is valid, and PlanFinished with the whole plan as the last event.

        Raises:
            OrchestrionError: There is no valid plan; its reason says why.
        """


def runs_partial(planner: Planner) -> bool:
    """Whether a plan of this planner is carried out although it does not do all of the request.

    A planner that has `runs_partial = False` must not yield `TaskPlanned` before it knows that the plan does all of it:
    tasks start when they are yielded. For a plan with `not_done` or `questions` it yields `PlanFinished` alone, and the
    run ends with that, unless somebody is asked to approve the plan.
    """
    return bool(getattr(planner, "runs_partial", True))


def prepare(planner: Planner) -> None:
    """Has a planner begin to load what its first request needs; nothing where it has no `prepare`.

    `prepare()` returns at once. A request that comes earlier waits in `plan`, as does one to which nothing came before.
    """
    begin = getattr(planner, "prepare", None)
    if begin is not None:
        begin()


class Responder(Protocol):
    """Turns results into an answer."""

    @property
    def name(self) -> str:
        """The performer in StageStarted, such as `builtin`."""

    def respond(self, request: RespondingRequest) -> AsyncGenerator[AnswerItem, None]:
        """Yields the answer in pieces, and AnswerFinished with the whole of it as the last event.

        Raises:
            OrchestrionError: There is no answer; its reason says why.
        """
