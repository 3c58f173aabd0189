"""Decodes what the services' requests have in common, with the field at fault in every error."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Final, cast

from orchestrion import names
from orchestrion._codec import codec
from orchestrion.errors import Reason
from orchestrion.experts import Assignment, SelectionPolicy
from orchestrion.plans import Plan, TaskResult, TaskType
from orchestrion.runs import Artifact, Message, Role, RunOptions
from orchestrion.v1 import assignments_pb2, plans_pb2, run_service_pb2, runs_pb2, task_types_pb2
from orchestrion_controller.artifacts.artifacts import OwnedArtifacts
from orchestrion_controller.plans.graph import find_cycle
from orchestrion_controller.selector.licenses import check as check_licenses
from orchestrion_serving.interceptors import Context

_LONGEST_GRACE_MS: Final = 3_600_000
_LONGEST_APPROVAL_MS: Final = 7 * 86_400_000
_LONGEST_REQUEST_ID: Final = 64
_LARGEST_PAGE: Final = 1_000
_DEFAULT_PAGE: Final = 100


def messages(encoded: Iterable[runs_pb2.Message]) -> tuple[Message, ...]:
    """Decodes a conversation, whose last turn is the user's.

    Raises:
        InvalidArgumentError: The user says nothing, or somebody else speaks last.
    """
    turns = tuple(codec.decode(message, Message) for message in encoded)
    if not turns:
        raise Reason.REQUEST_EMPTY.error("messages: there is none; say what you want.", field="messages")
    last = f"messages[{len(turns) - 1}]"
    if turns[-1].role not in (Role.USER, Role.UNSPECIFIED):
        raise Reason.INVALID_FIELD.error(f"{last}.role: the last message must be the user's.", field=f"{last}.role")
    if not turns[-1].text.strip():
        raise Reason.REQUEST_EMPTY.error(f"{last}.text is empty; say what you want.", field=f"{last}.text")
    return turns


async def attachments(turns: Iterable[Message], artifacts: OwnedArtifacts) -> tuple[Artifact, ...]:
    """Describes the artifacts attached to a conversation, in order.

    Raises:
        InvalidArgumentError: A name is none of an artifact.
        NotFoundError: There is no such artifact.
    """
    attached: list[Artifact] = []
    for index, turn in enumerate(turns):
        attached += await artifacts.get_all(turn.artifacts, field=f"messages[{index}].artifacts")
    return tuple(attached)


def task_types(encoded: Iterable[task_types_pb2.TaskType]) -> Mapping[str, TaskType]:
    """Decodes task types, by name.

    Raises:
        InvalidArgumentError: One has no name, or two have the same.
    """
    by_name: dict[str, TaskType] = {}
    for index, message in enumerate(encoded):
        field = f"task_types[{index}].name"
        if not message.name or message.name in by_name:
            raise Reason.INVALID_FIELD.error(
                f"{field}: {message.name!r} is empty or taken; give each its own.", field=field
            )
        by_name[message.name] = codec.decode(message, TaskType)
    return by_name


def plan(message: plans_pb2.Plan) -> Plan:
    """Decodes a plan; its rules are checked later, in the run.

    Raises:
        InvalidArgumentError: A value has no kind; the task and the input are named.
    """
    for index, task in enumerate(message.tasks):
        for name, value in task.inputs.items():
            if value.WhichOneof("kind") is None:
                field = f"plan.tasks[{index}].inputs.{name}"
                text = f"{field}: the value has no kind; set text, number, boolean, json, artifact, list or output."
                raise Reason.ILL_TYPED_INPUT.error(text, field=field, task_id=task.id)
    return codec.decode(message, Plan)


def plan_with_results(message: plans_pb2.Plan) -> Plan:
    """Decodes a plan that has been executed: no stage checks its rules again, and its answer needs an order of tasks.

    Raises:
        InvalidArgumentError: A value has no kind, or tasks wait for each other.
    """
    decoded = plan(message)
    if cycle := find_cycle(decoded.tasks):
        path = " → ".join(f"`{task_id}`" for task_id in (*cycle, cycle[0]))
        text = f"plan: tasks wait for each other in a circle: {path}. Take one of these references out."
        raise Reason.PLAN_CYCLE.error(text, field="plan.tasks", task_id=cycle[0])
    return decoded


def assignments(encoded: Iterable[assignments_pb2.Assignment]) -> Mapping[str, Assignment]:
    """Decodes assignments, by task id."""
    return {message.task_id: codec.decode(message, Assignment) for message in encoded}


def assignments_of(plan: Plan | None, encoded: Iterable[assignments_pb2.Assignment]) -> Mapping[str, Assignment]:
    """Decodes assignments that were made for tasks of a plan, by task id.

    Raises:
        InvalidArgumentError: One is for a task that the plan does not have, or there is no plan.
    """
    decoded = assignments(encoded)
    ids = {task.id for task in plan.tasks} if plan is not None else set()
    for task_id in decoded:
        if task_id not in ids:
            missing = f"the plan has no task {task_id!r}" if plan is not None else "they need a plan"
            raise Reason.PLAN_INVALID.error(f"assignments: {missing}.", field="assignments", task_id=task_id)
    return decoded


def results(encoded: Iterable[plans_pb2.TaskResult]) -> Mapping[str, TaskResult]:
    """Decodes results, by task id."""
    return {message.task_id: codec.decode(message, TaskResult) for message in encoded}


def policy(number: int) -> SelectionPolicy:
    """Decodes how experts are chosen; by rank where the request does not say.

    Raises:
        InvalidArgumentError: There is no policy of that number.
    """
    try:
        return SelectionPolicy(number) or SelectionPolicy.RANK
    except ValueError as error:
        text = f"policy: there is no policy {number}; give SELECTION_POLICY_RANK or SELECTION_POLICY_LLM."
        raise Reason.INVALID_FIELD.error(text, field="policy") from error


def licenses(encoded: Iterable[str]) -> tuple[str, ...]:
    """Decodes the licences that experts may have.

    Raises:
        InvalidArgumentError: One is none.
    """
    allowed = tuple(encoded)
    if wrong := check_licenses(allowed):
        raise Reason.INVALID_FIELD.error(f"licenses: {wrong}.", field="licenses")
    return allowed


def options(message: runs_pb2.RunOptions) -> RunOptions:
    """Decodes how a run treats a client that leaves.

    Raises:
        InvalidArgumentError: A number is out of its range, or the request id is too long.
    """
    options = codec.decode(message, RunOptions)
    if message.HasField("detach_grace_ms") and not 0 <= message.detach_grace_ms <= _LONGEST_GRACE_MS:
        text = f"options.detach_grace_ms: {options.detach_grace_ms} is out of range; give 0 to {_LONGEST_GRACE_MS}."
        raise Reason.INVALID_FIELD.error(text, field="options.detach_grace_ms")
    request_id(options.request_id, "options.request_id")
    return options


def request_id(text: str, field: str) -> str:
    """Returns the caller's idempotency key; empty for none.

    Raises:
        InvalidArgumentError: It is too long.
    """
    if len(text) > _LONGEST_REQUEST_ID:
        raise Reason.INVALID_FIELD.error(f"{field}: longer than {_LONGEST_REQUEST_ID} characters.", field=field)
    return text


def approval_timeout_ms(message: run_service_pb2.RunRequest) -> int | None:
    """Returns how long a run waits for approval, in milliseconds; None for the server's default.

    Raises:
        InvalidArgumentError: It is out of range.
    """
    field, timeout_ms = "approval_timeout_ms", message.approval_timeout_ms
    if not message.HasField("approval_timeout_ms"):
        return None
    if not 1 <= timeout_ms <= _LONGEST_APPROVAL_MS:
        text = f"{field}: {timeout_ms} is out of range; give 1 to {_LONGEST_APPROVAL_MS}, or leave it unset."
        raise Reason.INVALID_FIELD.error(text, field=field)
    return timeout_ms


def previous_run(name: str) -> str:
    """Returns the name of the run that is continued, or an empty text.

    Raises:
        InvalidArgumentError: It is none of a run.
    """
    return names.check_run(name, "previous_run") if name else ""


def deadline_s(context: Context) -> float | None:
    """Returns how long the call may take, in seconds; None without a deadline."""
    # The type stubs leave out that it may be None.
    remaining = cast(float | None, context.time_remaining())
    return None if remaining is None else max(0.0, remaining)


def page_size(requested: int) -> int:
    """Returns the size of a page.

    Raises:
        InvalidArgumentError: It is out of range.
    """
    if not 0 <= requested <= _LARGEST_PAGE:
        text = f"page_size: {requested} is out of range; give 0 to {_LARGEST_PAGE}."
        raise Reason.INVALID_FIELD.error(text, field="page_size")
    return requested or _DEFAULT_PAGE


def page_token(milliseconds: int, name: str) -> str:
    """Encodes the position after which the next page begins."""
    return base64.urlsafe_b64encode(f"{milliseconds}:{name}".encode()).decode()


def read_page_token(token: str) -> tuple[int, str] | None:
    """Reads what `page_token` wrote; None for the first page.

    Raises:
        InvalidArgumentError: This server did not write it.
    """
    if not token:
        return None
    try:
        milliseconds, name = base64.urlsafe_b64decode(token.encode()).decode().split(":", 1)
        return int(milliseconds), name
    except (ValueError, binascii.Error) as error:
        text = "page_token: not one that this server gave; leave it empty for the first page."
        raise Reason.INVALID_FIELD.error(text, field="page_token") from error
