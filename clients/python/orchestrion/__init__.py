"""Talks to an Orchestrion controller: the SDK, the command line and the names and values both sides share.

    import orchestrion

    with orchestrion.Client() as client:
        answer = client.ask("Read the text in this picture aloud.", ["sign.jpg"])
        print(answer.text, client.artifacts.download(answer.artifacts[0], "."))

`Client` is for programs without an event loop, `AsyncClient` for asyncio; their `hosts.connect` gives a `HostClient` or
an `AsyncHostClient` for one host's experts and models. `embedded` and `async_embedded` start private servers for one
program. `orchestrion.testing` has a controller for the tests of programs that use these.

Names are loaded when they are first used, so that what does not need gRPC does not wait for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrion._async.client import AsyncClient
    from orchestrion._async.host_client import AsyncHostClient
    from orchestrion._codec.codec import from_json, to_json
    from orchestrion._processes.platform import async_embedded, embedded
    from orchestrion._sync.client import Client
    from orchestrion._sync.host_client import HostClient
    from orchestrion.answers import Answer
    from orchestrion.content import Attachment, Content, Sound
    from orchestrion.errors import (
        AbortedError,
        DeadlineExceededError,
        FailedPreconditionError,
        InternalError,
        InvalidArgumentError,
        NotFoundError,
        OrchestrionError,
        OutOfRangeError,
        PermissionDeniedError,
        Reason,
        ResourceExhaustedError,
        RunCancelledError,
        UnauthenticatedError,
        UnavailableError,
        UnimplementedError,
    )
    from orchestrion.events import Event
    from orchestrion.experts import Assignment, Expert, Host, ListedExpert, ListedTaskType, SelectionPolicy
    from orchestrion.listings import Catalogue, HostRemoved, Page
    from orchestrion.models import HubModel, ModelProgress
    from orchestrion.plans import Plan, Task, TaskResult, TaskState, TaskType
    from orchestrion.runs import Approval, Artifact, Message, OnDetach, Role, Run, RunState
    from orchestrion.settings import (
        ExecuteSettings,
        ModelSettings,
        PlanSettings,
        Request,
        RespondSettings,
        RunSettings,
        SelectSettings,
    )
    from orchestrion.snapshots import RunSnapshot
    from orchestrion.values import ArtifactRef, Json, OutputRef

__all__ = [
    "AbortedError",
    "Answer",
    "Approval",
    "Artifact",
    "ArtifactRef",
    "Assignment",
    "AsyncClient",
    "AsyncHostClient",
    "Attachment",
    "Catalogue",
    "Client",
    "Content",
    "DeadlineExceededError",
    "Event",
    "ExecuteSettings",
    "Expert",
    "FailedPreconditionError",
    "Host",
    "HostClient",
    "HostRemoved",
    "HubModel",
    "InternalError",
    "InvalidArgumentError",
    "Json",
    "ListedExpert",
    "ListedTaskType",
    "Message",
    "ModelProgress",
    "ModelSettings",
    "NotFoundError",
    "OnDetach",
    "OrchestrionError",
    "OutOfRangeError",
    "OutputRef",
    "Page",
    "PermissionDeniedError",
    "Plan",
    "PlanSettings",
    "Reason",
    "Request",
    "ResourceExhaustedError",
    "RespondSettings",
    "Role",
    "Run",
    "RunCancelledError",
    "RunSettings",
    "RunSnapshot",
    "RunState",
    "SelectSettings",
    "SelectionPolicy",
    "Sound",
    "Task",
    "TaskResult",
    "TaskState",
    "TaskType",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "async_embedded",
    "embedded",
    "from_json",
    "to_json",
]

_MODULES: Final = {
    "_async.client": ("AsyncClient",),
    "_async.host_client": ("AsyncHostClient",),
    "_codec.codec": (
        "from_json",
        "to_json",
    ),
    "_processes.platform": (
        "async_embedded",
        "embedded",
    ),
    "_sync.client": ("Client",),
    "_sync.host_client": ("HostClient",),
    "answers": ("Answer",),
    "content": (
        "Attachment",
        "Content",
        "Sound",
    ),
    "errors": (
        "AbortedError",
        "DeadlineExceededError",
        "FailedPreconditionError",
        "InternalError",
        "InvalidArgumentError",
        "NotFoundError",
        "OrchestrionError",
        "OutOfRangeError",
        "PermissionDeniedError",
        "Reason",
        "ResourceExhaustedError",
        "RunCancelledError",
        "UnauthenticatedError",
        "UnavailableError",
        "UnimplementedError",
    ),
    "events": ("Event",),
    "experts": (
        "Assignment",
        "Expert",
        "Host",
        "ListedExpert",
        "ListedTaskType",
        "SelectionPolicy",
    ),
    "listings": (
        "Catalogue",
        "HostRemoved",
        "Page",
    ),
    "models": (
        "HubModel",
        "ModelProgress",
    ),
    "plans": (
        "Plan",
        "Task",
        "TaskResult",
        "TaskState",
        "TaskType",
    ),
    "runs": (
        "Approval",
        "Artifact",
        "Message",
        "OnDetach",
        "Role",
        "Run",
        "RunState",
    ),
    "settings": (
        "ExecuteSettings",
        "ModelSettings",
        "PlanSettings",
        "Request",
        "RespondSettings",
        "RunSettings",
        "SelectSettings",
    ),
    "snapshots": ("RunSnapshot",),
    "values": (
        "ArtifactRef",
        "Json",
        "OutputRef",
    ),
}
_MODULE_OF: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """Loads a public name when it is first used."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Lists the public names."""
    return sorted({*globals(), *__all__})
