"""The calls that start a run: all four stages, or one of them alone. No I/O."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import IntEnum
from typing import Any, TypeAlias, TypedDict, Unpack

from orchestrion import names
from orchestrion._codec.codec import encode
from orchestrion._net.calls import Call, call, read_event
from orchestrion.errors import Reason
from orchestrion.events import Event
from orchestrion.experts import Assignment, SelectionPolicy
from orchestrion.plans import Plan, TaskResult, TaskType
from orchestrion.runs import Approval, Message, OnDetach, RunOptions
from orchestrion.v1 import (
    execute_service_pb2,
    plan_service_pb2,
    respond_service_pb2,
    run_service_pb2,
    select_service_pb2,
)

Request: TypeAlias = str | Message | Sequence[Message]
"""What is asked: the words alone, one message, or a conversation whose last message is the user's."""


class Detachment(TypedDict, total=False):
    """How a run treats a client that leaves; every call that starts a run takes these."""

    on_detach: OnDetach
    """CANCEL (the server's default) or CONTINUE."""
    detach_grace_ms: int | None
    """How long a run without a reader lives under CANCEL, 0 to 3,600,000; None for the server's 10,000."""
    request_id: str
    """Makes the call safe to repeat: a second one with the same id joins the first one's run. Empty for a new one."""


class PlanSettings(Detachment, total=False):
    """What `plan` takes beside the request."""

    planner: str
    """`builtin` or `llm`; empty for the server's default."""
    previous_run: str
    """The run whose messages, results and artifacts this one continues."""
    task_types: Sequence[TaskType]
    """The task types that may be planned; none for those of the server."""


class Choosing(TypedDict, total=False):
    """How experts are chosen, for every call that does so."""

    policy: SelectionPolicy
    """How experts are chosen: RANK (the server's default), or LLM, by the language model among the best few."""
    licenses: Sequence[str]
    """The licences that experts may have, such as `MIT`, `BSD-*`, `permissive` or `commercial`; none allows all."""


class RunSettings(PlanSettings, Choosing, total=False):
    """What `run` and `ask` take beside the request."""

    plan: Plan | None
    """A plan to follow instead of planning."""
    responder: str
    """`builtin` or `llm`; empty for the server's default."""
    approval: Approval
    """REQUIRED has the run wait for `approve_plan` before anything is selected or executed."""
    approval_timeout_ms: int | None
    """How long it waits, 1 to 604,800,000; None for the server's default, an hour."""


class SelectSettings(Detachment, Choosing, total=False):
    """What `select` takes beside the plan."""

    task_types: Sequence[TaskType]
    """The task types that the plan is checked against; none for those of the server."""


class ExecuteSettings(SelectSettings, total=False):
    """What `execute` takes beside the plan and its attachments."""

    assignments: Sequence[Assignment]
    """Assignments already made; the other tasks are assigned first."""
    results: Sequence[TaskResult]
    """Results already there; their tasks are not run again."""


class RespondSettings(Detachment, total=False):
    """What `respond` takes beside the request, the plan and its results."""

    responder: str
    """`builtin` or `llm`; empty for the server's default."""
    task_types: Sequence[TaskType]
    """The task types that the plan uses; none for those of the server."""


def conversation(request: Request, attachments: Iterable[str] = ()) -> tuple[Message, ...]:
    """Makes the messages of a request; the artifacts named are attached to the last one.

    Raises:
        InvalidArgumentError: There is no message.
    """
    if isinstance(request, str):
        request = Message(request)
    messages = [request] if isinstance(request, Message) else list(request)
    if not messages:
        raise Reason.REQUEST_EMPTY.error("A conversation needs at least one message.", field="messages")
    messages[-1] = replace(messages[-1], artifacts=(*messages[-1].artifacts, *attachments))
    return tuple(messages)


def numbered(attachments: Iterable[str]) -> Mapping[str, str]:
    """Returns what a plan calls `attachments/{n}`: the artifacts in their order."""
    return {f"attachments/{number}": name for number, name in enumerate(attachments, 1)}


def new_request_id() -> str:
    """Makes an id by which a copy of a call is known as one."""
    return uuid.uuid4().hex


def run(
    messages: Sequence[Message],
    *,
    plan: Plan | None = None,
    planner: str = "",
    responder: str = "",
    policy: SelectionPolicy = SelectionPolicy.UNSPECIFIED,
    licenses: Sequence[str] = (),
    approval: Approval = Approval.UNSPECIFIED,
    approval_timeout_ms: int | None = None,
    previous_run: str = "",
    task_types: Sequence[TaskType] = (),
    **detachment: Unpack[Detachment],
) -> Call[Event]:
    """Carries a request through all four stages."""
    request = run_service_pb2.RunRequest(
        messages=_all(messages),
        task_types=_all(task_types),
        plan=None if plan is None else encode(plan),
        planner=planner,
        responder=responder,
        policy=_number(policy),
        licenses=licenses,
        approval=_number(approval),
        approval_timeout_ms=approval_timeout_ms,
        previous_run=_previous(previous_run),
        options=_options(detachment),
    )
    return call(run_service_pb2.DESCRIPTOR, "Run", request, read_event)


def plan(
    messages: Sequence[Message],
    *,
    planner: str = "",
    previous_run: str = "",
    task_types: Sequence[TaskType] = (),
    **detachment: Unpack[Detachment],
) -> Call[Event]:
    """Turns a request into a plan."""
    request = plan_service_pb2.PlanRequest(
        messages=_all(messages),
        task_types=_all(task_types),
        planner=planner,
        previous_run=_previous(previous_run),
        options=_options(detachment),
    )
    return call(plan_service_pb2.DESCRIPTOR, "Plan", request, read_event)


def select(
    plan: Plan,
    *,
    policy: SelectionPolicy = SelectionPolicy.UNSPECIFIED,
    licenses: Sequence[str] = (),
    task_types: Sequence[TaskType] = (),
    **detachment: Unpack[Detachment],
) -> Call[Event]:
    """Chooses an expert for every task of a plan."""
    request = select_service_pb2.SelectRequest(
        plan=encode(plan),
        policy=_number(policy),
        licenses=licenses,
        task_types=_all(task_types),
        options=_options(detachment),
    )
    return call(select_service_pb2.DESCRIPTOR, "Select", request, read_event)


def execute(
    plan: Plan,
    attachments: Sequence[str],
    *,
    assignments: Sequence[Assignment] = (),
    results: Sequence[TaskResult] = (),
    policy: SelectionPolicy = SelectionPolicy.UNSPECIFIED,
    licenses: Sequence[str] = (),
    task_types: Sequence[TaskType] = (),
    **detachment: Unpack[Detachment],
) -> Call[Event]:
    """Runs a plan; `attachments/{n}` in it means the n-th artifact named."""
    request = execute_service_pb2.ExecuteRequest(
        plan=encode(plan),
        assignments=_all(assignments),
        results=_all(results),
        policy=_number(policy),
        licenses=licenses,
        task_types=_all(task_types),
        attachments=attachments,
        options=_options(detachment),
    )
    return call(execute_service_pb2.DESCRIPTOR, "Execute", request, read_event)


def respond(
    messages: Sequence[Message],
    plan: Plan,
    results: Sequence[TaskResult],
    *,
    responder: str = "",
    task_types: Sequence[TaskType] = (),
    **detachment: Unpack[Detachment],
) -> Call[Event]:
    """Answers a request from results."""
    request = respond_service_pb2.RespondRequest(
        messages=_all(messages),
        plan=encode(plan),
        results=_all(results),
        responder=responder,
        task_types=_all(task_types),
        options=_options(detachment),
    )
    return call(respond_service_pb2.DESCRIPTOR, "Respond", request, read_event)


def _options(detachment: Detachment) -> Any:
    # Every call has an id, so that the client itself may send it again when the connection breaks.
    options = RunOptions(**detachment)
    return encode(replace(options, request_id=options.request_id or new_request_id()))


def _all(items: Iterable[Any]) -> list[Any]:
    return [encode(item) for item in items]


def _number(member: IntEnum) -> Any:
    # The stubs have enum types of their own for the same numbers.
    return int(member)


def _previous(run_name: str) -> str:
    return run_name and names.check_run(run_name, "previous_run")
