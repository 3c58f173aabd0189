"""The requests to the stages, as plain dataclasses; the servicers build them from messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from orchestrion.experts import Assignment, SelectionPolicy
from orchestrion.plans import Plan, TaskResult, TaskType
from orchestrion.refusals import NotDone
from orchestrion.runs import Artifact, Message

PlanCheck: TypeAlias = Callable[[Plan], Awaitable[Plan]]
"""Checks an edited plan and returns it, its attachments resolved; the error of a bad one names the place."""

Approval: TypeAlias = Callable[[Plan, PlanCheck], Awaitable[Plan]]
"""Waits until somebody approves a plan, or another one that passes the check, and returns the plan to carry out."""


@dataclass(frozen=True, slots=True)
class FullRequest:
    """A request for all four stages."""

    messages: tuple[Message, ...]
    attachments: tuple[Artifact, ...]
    task_types: Mapping[str, TaskType]
    """The caller's own task types; empty means those of the server."""
    plan: Plan | None = None
    """A plan to follow instead of planning."""
    planner: str = ""
    responder: str = ""
    previous_run: str = ""
    policy: SelectionPolicy = SelectionPolicy.RANK
    licenses: tuple[str, ...] = ()
    """The licences that experts may have; none allows all."""
    assignments: Mapping[str, Assignment] = field(default_factory=dict)
    """Those already made for tasks of the plan, by task id."""


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A request for a plan alone."""

    messages: tuple[Message, ...]
    attachments: tuple[Artifact, ...]
    task_types: Mapping[str, TaskType]
    planner: str = ""
    previous_run: str = ""


@dataclass(frozen=True, slots=True)
class SelectRequest:
    """A request for assignments alone."""

    plan: Plan
    task_types: Mapping[str, TaskType]
    policy: SelectionPolicy = SelectionPolicy.RANK
    licenses: tuple[str, ...] = ()
    """The licences that experts may have; none allows all."""


@dataclass(frozen=True, slots=True)
class ExecuteRequest:
    """A request to run a plan."""

    plan: Plan
    task_types: Mapping[str, TaskType]
    attachments: tuple[Artifact, ...] = ()
    assignments: Mapping[str, Assignment] = field(default_factory=dict)
    """Those already made, by task id."""
    results: Mapping[str, TaskResult] = field(default_factory=dict)
    """Those already there, by task id; only ones that succeeded count."""
    policy: SelectionPolicy = SelectionPolicy.RANK
    licenses: tuple[str, ...] = ()
    """The licences that experts may have; none allows all."""


@dataclass(frozen=True, slots=True)
class RespondRequest:
    """A request for an answer alone."""

    messages: tuple[Message, ...]
    attachments: tuple[Artifact, ...]
    plan: Plan
    results: Mapping[str, TaskResult]
    task_types: Mapping[str, TaskType]
    responder: str = ""
    not_done: tuple[NotDone, ...] = ()
    """What was asked for and the plan does not do; the answer says so."""
