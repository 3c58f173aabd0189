"""Requests as a whole, as other programs write them down: in proto3 JSON, for one call each.

    request = orchestrion.from_json(text, RunRequest)
    async for event in client.run(request.messages, **request.settings()):
        …

Fields are those of the messages of the same names. Programs that make requests themselves pass the parts to the client.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrion.experts import Assignment, SelectionPolicy
from orchestrion.plans import Plan, TaskType
from orchestrion.runs import Approval, Message, RunOptions
from orchestrion.settings import Detachment, ModelSettings, PlanSettings, RunSettings, SelectSettings


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What `client.run` is asked for."""

    messages: tuple[Message, ...]
    """The conversation; the last message is the user's. Required."""
    task_types: tuple[TaskType, ...] = ()
    """The task types that may be planned; empty means those of the server."""
    plan: Plan | None = None
    """A plan to follow instead of planning. It is checked before anything runs."""
    planner: str = ""
    """The planner: `builtin`, `llm` or the name of a plug-in; empty means the server's default."""
    responder: str = ""
    """The responder: `builtin`, `llm` or the name of a plug-in; empty means the server's default."""
    policy: SelectionPolicy = SelectionPolicy.UNSPECIFIED
    """How experts are chosen. With LLM nothing starts before the plan is whole and every task has its expert."""
    approval: Approval = Approval.UNSPECIFIED
    """Whether the plan must be approved before anything is selected or executed."""
    previous_run: str = ""
    """The run whose messages, results and artifacts this one continues, `runs/{run}`; empty for none. Runs before it
    are brought back too, at most ten in all, and only as far as their logs have 32 MiB together.
    """
    options: RunOptions | None = None
    """How the run treats a client that leaves."""
    approval_timeout_ms: int | None = None
    """How long to wait for approval before the run is cancelled, in milliseconds, 1 to 604,800,000 (a week). None: the
    server's default, an hour. Means nothing without `approval` REQUIRED.
    """
    licenses: tuple[str, ...] = ()
    """The licences that experts may have: SPDX identifiers, patterns such as `BSD-*`, `permissive` (no conditions that
    matter) or `commercial` (commercial use allowed). Empty allows all that the server's own setting allows; experts
    whose licence is not known are left out where anything is named here.
    """
    assignments: tuple[Assignment, ...] = ()
    """Assignments already made for tasks of `plan`, which must be there; none of candidates means the host and expert
    named alone. The other tasks are assigned once the plan is whole. An edited plan that is approved keeps them for
    tasks that it still has.
    """

    def settings(self) -> RunSettings:
        """Returns what `client.run` takes by name."""
        return RunSettings(
            task_types=self.task_types,
            plan=self.plan,
            assignments=self.assignments,
            planner=self.planner,
            responder=self.responder,
            policy=self.policy,
            approval=self.approval,
            previous_run=self.previous_run,
            approval_timeout_ms=self.approval_timeout_ms,
            licenses=self.licenses,
            **_detachment(self.options),
        )


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What `client.plan` is asked for."""

    messages: tuple[Message, ...]
    """The conversation; the last message is the user's. Required."""
    task_types: tuple[TaskType, ...] = ()
    """The task types that may be planned; empty means those of the server. Names must be unique."""
    planner: str = ""
    """The planner: `builtin`, `llm` or the name of a plug-in; empty means the server's default."""
    options: RunOptions | None = None
    """How the run treats a client that leaves."""
    previous_run: str = ""
    """The run whose messages, results and artifacts this one continues, `runs/{run}`; empty for none. Runs before it
    are brought back too, at most ten in all, and only as far as their logs have 32 MiB together.
    """

    def settings(self) -> PlanSettings:
        """Returns what `client.plan` takes by name."""
        return PlanSettings(
            task_types=self.task_types,
            planner=self.planner,
            previous_run=self.previous_run,
            **_detachment(self.options),
        )


@dataclass(frozen=True, slots=True)
class SelectRequest:
    """What `client.select` and `client.check_plan` are asked for."""

    plan: Plan | None
    """The plan. Required."""
    policy: SelectionPolicy = SelectionPolicy.UNSPECIFIED
    """How to choose."""
    task_types: tuple[TaskType, ...] = ()
    """The task types that the plan is checked against; empty means those of the server."""
    options: RunOptions | None = None
    """How the run treats a client that leaves."""
    licenses: tuple[str, ...] = ()
    """The licences that experts may have, as RunRequest.licenses."""

    def settings(self) -> SelectSettings:
        """Returns what `client.select` takes by name."""
        return SelectSettings(
            policy=self.policy,
            task_types=self.task_types,
            licenses=self.licenses,
            **_detachment(self.options),
        )


@dataclass(frozen=True, slots=True)
class ApprovePlanRequest:
    """What `client.runs.approve` is asked for."""

    name: str = ""
    """The run, `runs/{run}`. Required."""
    plan: Plan | None = None
    """The plan to run instead of the one shown; None approves that one."""
    request_id: str = ""
    """Makes the call safe to repeat: a second call with the same id does not fail because the first one was heard. Up
    to 64 characters.
    """


@dataclass(frozen=True, slots=True)
class AddModelRequest:
    """What `host.models.add` is asked for."""

    model: str
    """A Hub id, or an absolute path of a folder or a GGUF file on the host. Behind a Hub id and `:` may stand which of
    its GGUF files is meant: a quantisation, such as `q4_k_m`, or the name of one. Required.
    """
    revision: str = ""
    """The revision on the Hub; empty means the newest, which is then pinned."""
    task_types: tuple[str, ...] = ()
    """The task types; empty means: find out from the configuration."""
    expert_id: str = ""
    """The id of the expert; empty means: made from the model's."""
    allow_pickled_weights: bool = False
    """Whether weights that are only there as pickles are accepted: reading them can run any code. The host's setting
    `allow_pickled_weights` must allow it too.
    """
    allow_remote_code: bool = False
    """Whether code that the model brings along may run. The host's setting `allow_remote_code` must allow it too."""

    def settings(self) -> ModelSettings:
        """Returns what `host.models.add` takes by name."""
        return ModelSettings(
            revision=self.revision,
            task_types=self.task_types,
            expert_id=self.expert_id,
            allow_pickled_weights=self.allow_pickled_weights,
            allow_remote_code=self.allow_remote_code,
        )


def _detachment(options: RunOptions | None) -> Detachment:
    options = options or RunOptions()
    return Detachment(
        on_detach=options.on_detach, detach_grace_ms=options.detach_grace_ms, request_id=options.request_id
    )
