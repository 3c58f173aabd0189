"""The RPCs that start a run: all four stages, or one of them alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Unpack

from orchestrion import names
from orchestrion._codec.codec import encode, encode_enum
from orchestrion._rpcs import methods
from orchestrion._rpcs.rpc import StreamRpc
from orchestrion._rpcs.runs import read_event
from orchestrion.errors import Reason
from orchestrion.events import Event
from orchestrion.experts import Assignment, SelectionPolicy
from orchestrion.plans import Plan, TaskResult, TaskType
from orchestrion.runs import Approval, Message, RunOptions
from orchestrion.settings import Detachment, Request
from orchestrion.v1 import (
    execute_service_pb2,
    plan_service_pb2,
    respond_service_pb2,
    run_service_pb2,
    runs_pb2,
    select_service_pb2,
)


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


def run(
    messages: Sequence[Message],
    *,
    plan: Plan | None = None,
    assignments: Sequence[Assignment] = (),
    planner: str = "",
    responder: str = "",
    policy: SelectionPolicy = SelectionPolicy.UNSPECIFIED,
    licenses: Sequence[str] = (),
    approval: Approval = Approval.UNSPECIFIED,
    approval_timeout_ms: int | None = None,
    previous_run: str = "",
    task_types: Sequence[TaskType] = (),
    **detachment: Unpack[Detachment],
) -> StreamRpc[Event]:
    """Carries a request through all four stages."""
    request = run_service_pb2.RunRequest(
        messages=map(encode, messages),
        task_types=map(encode, task_types),
        plan=None if plan is None else encode(plan),
        assignments=map(encode, assignments),
        planner=planner,
        responder=responder,
        policy=encode_enum(policy),
        licenses=licenses,
        approval=encode_enum(approval),
        approval_timeout_ms=approval_timeout_ms,
        previous_run=_previous(previous_run),
        options=_options(detachment),
    )
    return methods.RUN.rpc(request, read_event)


def plan(
    messages: Sequence[Message],
    *,
    planner: str = "",
    previous_run: str = "",
    task_types: Sequence[TaskType] = (),
    **detachment: Unpack[Detachment],
) -> StreamRpc[Event]:
    """Turns a request into a plan."""
    request = plan_service_pb2.PlanRequest(
        messages=map(encode, messages),
        task_types=map(encode, task_types),
        planner=planner,
        previous_run=_previous(previous_run),
        options=_options(detachment),
    )
    return methods.PLAN.rpc(request, read_event)


def select(
    plan: Plan,
    *,
    policy: SelectionPolicy = SelectionPolicy.UNSPECIFIED,
    licenses: Sequence[str] = (),
    task_types: Sequence[TaskType] = (),
    **detachment: Unpack[Detachment],
) -> StreamRpc[Event]:
    """Chooses an expert for every task of a plan."""
    request = select_service_pb2.SelectRequest(
        plan=encode(plan),
        policy=encode_enum(policy),
        licenses=licenses,
        task_types=map(encode, task_types),
        options=_options(detachment),
    )
    return methods.SELECT.rpc(request, read_event)


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
) -> StreamRpc[Event]:
    """Runs a plan; `attachments/{n}` in it means the n-th artifact named."""
    request = execute_service_pb2.ExecuteRequest(
        plan=encode(plan),
        assignments=map(encode, assignments),
        results=map(encode, results),
        policy=encode_enum(policy),
        licenses=licenses,
        task_types=map(encode, task_types),
        attachments=attachments,
        options=_options(detachment),
    )
    return methods.EXECUTE.rpc(request, read_event)


def respond(
    messages: Sequence[Message],
    plan: Plan,
    results: Sequence[TaskResult],
    *,
    responder: str = "",
    task_types: Sequence[TaskType] = (),
    **detachment: Unpack[Detachment],
) -> StreamRpc[Event]:
    """Answers a request from results."""
    request = respond_service_pb2.RespondRequest(
        messages=map(encode, messages),
        plan=encode(plan),
        results=map(encode, results),
        responder=responder,
        task_types=map(encode, task_types),
        options=_options(detachment),
    )
    return methods.RESPOND.rpc(request, read_event)


def _options(detachment: Detachment) -> runs_pb2.RunOptions:
    # Every RPC that starts a run has an id, so that the client itself may send it again when the connection breaks.
    options = RunOptions(**detachment)
    return encode(replace(options, request_id=options.request_id or names.new_request_id()))


def _previous(run_name: str) -> str:
    return run_name and names.check_run(run_name, "previous_run")
