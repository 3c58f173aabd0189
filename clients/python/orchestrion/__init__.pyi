"""The public names of the package, in the modules that define them; read when the package is imported."""

from ._async.client import AsyncClient
from ._async.host_client import AsyncHostClient
from ._codec.codec import from_json, to_json
from ._processes.platform import async_embedded, embedded
from ._sync.client import Client
from ._sync.host_client import HostClient
from .answers import Answer
from .content import Attachment, Content, Sound
from .errors import (
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
from .events import Event
from .experts import Assignment, Expert, Host, ListedExpert, ListedTaskType, SelectionPolicy
from .links import Link
from .listings import Catalogue, HostRemoved, Page
from .models import HubModel, ModelProgress
from .plans import Plan, Task, TaskResult, TaskState, TaskType
from .refusals import NotDone, Question, QuestionChoice
from .runs import Approval, Artifact, Message, OnDetach, Role, Run, RunState
from .settings import (
    ExecuteSettings,
    ModelSettings,
    PlanSettings,
    Request,
    RespondSettings,
    RunSettings,
    SelectSettings,
)
from .snapshots import RunSnapshot
from .values import ArtifactRef, Json, OutputRef

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
    "Link",
    "ListedExpert",
    "ListedTaskType",
    "Message",
    "ModelProgress",
    "ModelSettings",
    "NotDone",
    "NotFoundError",
    "OnDetach",
    "OrchestrionError",
    "OutOfRangeError",
    "OutputRef",
    "Page",
    "PermissionDeniedError",
    "Plan",
    "PlanSettings",
    "Question",
    "QuestionChoice",
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
