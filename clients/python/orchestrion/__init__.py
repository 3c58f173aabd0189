"""Talks to an Orchestrion controller: the SDK, the command line and the names and values both sides share.

    import orchestrion

    with orchestrion.Client() as client:
        answer = client.ask("Read the text in this picture aloud.", ["sign.jpg"])
        print(answer.text, client.artifacts.download(answer.artifacts[0], "."))

`Client` is for programs without an event loop, `AsyncClient` for asyncio; their `hosts.connect` gives a `HostClient` or
an `AsyncHostClient` for one host's experts and models. `embedded` and `async_embedded` start private servers for a
program of its own.
`orchestrion.testing` has a controller for the tests of programs that use these.

Names are loaded when they are first used, so that what needs none of gRPC does not wait for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from orchestrion._async.client import AsyncClient as AsyncClient
    from orchestrion._async.host_client import AsyncHostClient as AsyncHostClient
    from orchestrion._processes.platform import async_embedded as async_embedded
    from orchestrion._processes.platform import embedded as embedded
    from orchestrion._sync.client import Client as Client
    from orchestrion._sync.host_client import HostClient as HostClient
    from orchestrion.answers import Answer as Answer
    from orchestrion.content import Sound as Sound
    from orchestrion.errors import AbortedError as AbortedError
    from orchestrion.errors import DeadlineExceededError as DeadlineExceededError
    from orchestrion.errors import FailedPreconditionError as FailedPreconditionError
    from orchestrion.errors import InternalError as InternalError
    from orchestrion.errors import InvalidArgumentError as InvalidArgumentError
    from orchestrion.errors import NotFoundError as NotFoundError
    from orchestrion.errors import OrchestrionError as OrchestrionError
    from orchestrion.errors import OutOfRangeError as OutOfRangeError
    from orchestrion.errors import PermissionDeniedError as PermissionDeniedError
    from orchestrion.errors import Reason as Reason
    from orchestrion.errors import ResourceExhaustedError as ResourceExhaustedError
    from orchestrion.errors import RunCancelledError as RunCancelledError
    from orchestrion.errors import UnauthenticatedError as UnauthenticatedError
    from orchestrion.errors import UnavailableError as UnavailableError
    from orchestrion.errors import UnimplementedError as UnimplementedError
    from orchestrion.events import Event as Event
    from orchestrion.experts import Expert as Expert
    from orchestrion.models import ModelProgress as ModelProgress
    from orchestrion.plans import Plan as Plan
    from orchestrion.plans import Task as Task
    from orchestrion.plans import TaskResult as TaskResult
    from orchestrion.plans import TaskState as TaskState
    from orchestrion.runs import Approval as Approval
    from orchestrion.runs import Artifact as Artifact
    from orchestrion.runs import Message as Message
    from orchestrion.runs import OnDetach as OnDetach
    from orchestrion.runs import Role as Role
    from orchestrion.runs import Run as Run
    from orchestrion.runs import RunState as RunState
    from orchestrion.snapshots import RunSnapshot as RunSnapshot
    from orchestrion.snapshots import apply as apply
    from orchestrion.values import ArtifactRef as ArtifactRef
    from orchestrion.values import Json as Json
    from orchestrion.values import OutputRef as OutputRef

_MODULES: Final = {
    "_async.client": ("AsyncClient",),
    "_async.host_client": ("AsyncHostClient",),
    "content": ("Sound",),
    "_processes.platform": ("async_embedded", "embedded"),
    "_sync.client": ("Client",),
    "_sync.host_client": ("HostClient",),
    "answers": ("Answer",),
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
    "experts": ("Expert",),
    "models": ("ModelProgress",),
    "plans": ("Plan", "Task", "TaskResult", "TaskState"),
    "runs": ("Approval", "Artifact", "Message", "OnDetach", "Role", "Run", "RunState"),
    "snapshots": ("RunSnapshot", "apply"),
    "values": ("ArtifactRef", "Json", "OutputRef"),
}
_MODULE_OF: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first used."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Lists the public names."""
    return sorted({*globals(), *_MODULE_OF})
