"""What the calls of the clients take by name: settings of runs, of stages alone, and of models to be added.

A dictionary of one of these types can be kept, changed and passed on: `client.ask(request, **settings)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypedDict

from orchestrion.experts import Assignment, SelectionPolicy
from orchestrion.plans import Plan, TaskResult, TaskType
from orchestrion.runs import Approval, Message, OnDetach

Request: TypeAlias = str | Message | Sequence[Message]
"""What is asked: the words alone, one message, or a conversation whose last message is the user's."""


class ClientSettings(TypedDict, total=False):
    """What a client takes beside its address."""

    timeout: float
    """The deadline of every call that does not stream, in seconds."""
    idle_timeout: float
    """How long an upload or a download may go without a byte, in seconds."""
    reconnect: float
    """How long the server may be away without a break before the error is raised, in seconds; 0 never tries again."""
    wait_when_full: bool
    """Whether a run that is refused because there are too many waits, within its timeout."""


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
    """`builtin`, `llm` or the name of a plug-in; empty for the server's default."""
    previous_run: str
    """The run whose messages, results and artifacts this one continues."""
    task_types: Sequence[TaskType]
    """The task types that may be planned; none for those of the server."""


class SelectionCriteria(TypedDict, total=False):
    """How experts are chosen, for every call that does so."""

    policy: SelectionPolicy
    """How experts are chosen: RANK (the server's default), or LLM, by the language model among the best few."""
    licenses: Sequence[str]
    """The licences that experts may have, such as `MIT`, `BSD-*`, `permissive` or `commercial`; none allows all."""


class RunSettings(PlanSettings, SelectionCriteria, total=False):
    """What `run` and `ask` take beside the request."""

    plan: Plan | None
    """A plan to follow instead of planning."""
    assignments: Sequence[Assignment]
    """Assignments already made for tasks of `plan`; the others are assigned once the plan is whole."""
    responder: str
    """`builtin`, `llm` or the name of a plug-in; empty for the server's default."""
    approval: Approval
    """REQUIRED has the run wait for `runs.approve` before anything is selected or executed."""
    approval_timeout_ms: int | None
    """How long it waits, 1 to 604,800,000; None for the server's default, an hour."""


class SelectSettings(Detachment, SelectionCriteria, total=False):
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
    """`builtin`, `llm` or the name of a plug-in; empty for the server's default."""
    task_types: Sequence[TaskType]
    """The task types that the plan uses; none for those of the server."""


class ModelSettings(TypedDict, total=False):
    """What `models.add` takes beside the model."""

    revision: str
    """The revision on the Hub; empty for the newest, which is then pinned."""
    task_types: Sequence[str]
    """What it performs; none to find that out from its configuration."""
    expert_id: str
    """What the expert is called; empty for a name made from the model's."""
    allow_pickled_weights: bool
    """Whether weights that are only there as pickles are taken; the host must allow it too."""
    allow_remote_code: bool
    """Whether code that the model brings along may run; the host must allow it too."""
