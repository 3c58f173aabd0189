"""Everything that can go wrong, as one tree of exceptions and one table of reasons, used by servers and SDK alike.

    OrchestrionError
    ├── InvalidArgumentError      the request is wrong: mend the field that it names
    ├── NotFoundError             the thing named is not there
    ├── OutOfRangeError           an offset or sequence number lies past the end
    ├── FailedPreconditionError   the system's state does not allow it: change that first
    ├── AbortedError              somebody else got there first
    ├── ResourceExhaustedError    something is full: wait `retry_after_ms`, or free it
    ├── UnavailableError          the other side is not reachable or lost a worker: try again
    ├── DeadlineExceededError     the time given was not enough
    ├── RunCancelledError         the run was cancelled
    ├── UnimplementedError        this server does not do that
    ├── PermissionDeniedError     not allowed
    ├── UnauthenticatedError      no credentials, or wrong ones
    └── InternalError             a fault of the server or of an expert

An error of a run that its planner refused has `not_done` and `questions`: see `orchestrion.refusals`.

These exceptions know nothing of gRPC: `orchestrion._net.transport` maps them, in both directions.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from orchestrion.refusals import NotDone, Question

DOMAIN: Final = "orchestrion"
"""The `domain` of every `google.rpc.ErrorInfo` that the project sends."""


class OrchestrionError(Exception):
    """Any failure of a call or a run."""

    def __init__(
        self,
        message: str,
        *,
        reason: str = "INTERNAL",
        metadata: Mapping[str, str] | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        """Builds the error; servers write `Reason.NAME.error(…)` instead.

        Args:
            message: One or two sentences: what went wrong and the cure.
            reason: The name of a `Reason`, or what another server sent.
            metadata: What is dynamic in the message; `field` names the input at fault.
            retry_after_ms: When trying again makes sense; None when the error does not say.
        """
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.metadata: Mapping[str, str] = dict(metadata or {})
        self.retry_after_ms = retry_after_ms
        self.not_done: tuple[NotDone, ...] = ()
        """What the planner does not do of the request, where the run ended for that."""
        self.questions: tuple[Question, ...] = ()
        """What the planner asks instead of guessing, where the run ended for that."""

    @property
    def field(self) -> str | None:
        """The input at fault, such as `messages[0].text`; None when no single one is."""
        return self.metadata.get("field")


class InvalidArgumentError(OrchestrionError):
    """The request is wrong; the same request fails again."""


class NotFoundError(OrchestrionError):
    """The thing named is not there."""


class OutOfRangeError(OrchestrionError):
    """An offset or sequence number lies past the end."""


class FailedPreconditionError(OrchestrionError):
    """The state of the system does not allow it."""


class AbortedError(OrchestrionError):
    """Somebody else got there first."""


class ResourceExhaustedError(OrchestrionError):
    """Something is full."""


class UnavailableError(OrchestrionError):
    """The other side is not reachable, or lost what was working on it."""


class DeadlineExceededError(OrchestrionError):
    """The time given was not enough."""


class RunCancelledError(OrchestrionError):
    """The run was cancelled."""


class UnimplementedError(OrchestrionError):
    """This server does not do that."""


class PermissionDeniedError(OrchestrionError):
    """The caller may not do that."""


class UnauthenticatedError(OrchestrionError):
    """The call carries no credentials, or wrong ones."""


class InternalError(OrchestrionError):
    """A fault of the server or of an expert."""


class Reason(enum.Enum):
    """Why something failed: the `reason` of `google.rpc.ErrorInfo`, with the exception that carries it."""

    _value_: tuple[type[OrchestrionError], str]

    REQUEST_EMPTY = InvalidArgumentError, "No message of the user has text or artifacts."
    INVALID_MESSAGE = InvalidArgumentError, "The bytes sent are no message of the method that was called."
    REQUEST_TOO_LARGE = InvalidArgumentError, "A request has more parts than the server takes: tasks, values, items."
    INVALID_FIELD = InvalidArgumentError, "A field of the request has a value that it cannot have."
    PLAN_INVALID = InvalidArgumentError, "A plan breaks a rule that has no reason of its own."
    MODEL_NOT_SUPPORTED = InvalidArgumentError, "No runtime of the host performs the task with such a model."
    UNKNOWN_TASK_TYPE = InvalidArgumentError, "A task has a type that is not among the task types."
    DUPLICATE_TASK_ID = InvalidArgumentError, "Two tasks of a plan have the same id."
    UNKNOWN_INPUT = InvalidArgumentError, "A task has an input that its type does not declare."
    MISSING_INPUT = InvalidArgumentError, "A task lacks an input that its type requires."
    ILL_TYPED_INPUT = InvalidArgumentError, "A task's input is not of the kind that its type declares."
    UNKNOWN_REFERENCE = InvalidArgumentError, "A task refers to a task or an output that does not exist."
    PLAN_CYCLE = InvalidArgumentError, "Tasks of a plan wait for each other in a circle."
    TOO_MANY_CALLS = InvalidArgumentError, "The tasks of a run make more calls of experts than one run may."
    RESULT_TOO_LARGE = InvalidArgumentError, "The outputs of a task are larger than one message may be."
    INVALID_INPUT = InvalidArgumentError, "An expert cannot work with an input: no picture, too large, empty."
    HASH_MISMATCH = InvalidArgumentError, "An upload does not have the SHA-256 that it announced."
    SIZE_MISMATCH = InvalidArgumentError, "An upload does not have the size that it announced."
    ARTIFACT_EMPTY = InvalidArgumentError, "An upload has no content."

    RUN_NOT_FOUND = NotFoundError, "There is no such run."
    ARTIFACT_NOT_FOUND = NotFoundError, "There is no such artifact."
    HOST_NOT_FOUND = NotFoundError, "No such host is listed."
    EXPERT_NOT_FOUND = NotFoundError, "The host has no such expert."
    MODEL_NOT_FOUND = NotFoundError, "The Hub has no such model or revision, or the folder is not there."
    NOT_FOUND = NotFoundError, "Something that the call names is not there; what answered does not say what."

    SEQUENCE_OUT_OF_RANGE = OutOfRangeError, "The run's log does not go that far."
    OFFSET_OUT_OF_RANGE = OutOfRangeError, "The artifact does not go that far."
    OUT_OF_RANGE = OutOfRangeError, "Something does not go as far as the call asks; what answered does not say what."

    REQUEST_BEYOND_PLANNER = (
        FailedPreconditionError,
        "The planner cannot plan all of the request, or asks something first.",
    )
    PLANNER_UNAVAILABLE = (
        FailedPreconditionError,
        "The built-in planner lacks a package or its weights on the controller.",
    )
    PLANNER_REFUSED = FailedPreconditionError, "The language model declined to plan the request."
    PLAN_NOT_REPAIRED = FailedPreconditionError, "The planner wrote an invalid plan, twice."
    LLM_CONTEXT_EXCEEDED = FailedPreconditionError, "The request does not fit in the language model's context."
    LLM_QUOTA_EXHAUSTED = FailedPreconditionError, "The account at the language model's endpoint has no credit left."
    NO_EXPERT = FailedPreconditionError, "No host has an expert for a task."
    EXPERT_TOO_LARGE = FailedPreconditionError, "An expert needs more memory than any device has."
    EXPERT_NOT_LOADED = FailedPreconditionError, "The expert was evicted before the call arrived."
    EXPERT_LOAD_FAILED = FailedPreconditionError, "The expert could not be loaded."
    MODEL_INCOMPLETE = FailedPreconditionError, "A checkpoint lacks weights of what it is to do, such as its head's."
    EXPERT_UNAVAILABLE = FailedPreconditionError, "The expert lacks a package, a file or a device on this host."
    EXPERT_RESERVED = FailedPreconditionError, "The expert has a hard reservation."
    EXPERT_NOT_FETCHED = (
        FailedPreconditionError,
        "The expert's files are not on the host yet; pull them.",
    )
    EXPERT_EXISTS = FailedPreconditionError, "The host has an expert of that id already."
    UNSAFE_MODEL = FailedPreconditionError, "A model has pickled weights or code of its own, which is not allowed."
    HUB_ACCESS_DENIED = FailedPreconditionError, "The Hub wants a token, or the token does not open the model."
    EXPORT_FAILED = FailedPreconditionError, "A model could not be exported, or its outputs differ from the original's."
    LINK_UNUSABLE = (
        FailedPreconditionError,
        "What a link leads to is refused, too large, empty, or has no text to read.",
    )
    RUN_NOT_ENDED = FailedPreconditionError, "The run has not ended yet."
    NOT_AWAITING_APPROVAL = FailedPreconditionError, "The run does not wait for approval, or not any more."
    NOT_CONFIGURED = FailedPreconditionError, "The server lacks a setting that the call needs."
    FAILED_PRECONDITION = (
        FailedPreconditionError,
        "The state of the system does not allow the call; what answered does not say why.",
    )

    HOST_REPLACED = AbortedError, "Another process reports under this host's name."
    ABORTED = AbortedError, "Something else got there first; what answered does not say what."

    TOO_MANY_RUNS = (
        ResourceExhaustedError,
        "The controller has as many runs, or bytes of their requests, as it may, in all or for one caller.",
    )
    RUN_TOO_LARGE = ResourceExhaustedError, "The events of a run have more bytes than one run's may."
    SERVER_BUSY = (
        ResourceExhaustedError,
        "The server has as many calls at once as it may, in all or for one caller; nothing was done.",
    )
    QUEUE_FULL = ResourceExhaustedError, "The expert's queue is full."
    OUT_OF_MEMORY = ResourceExhaustedError, "No device has room for the expert, or a forward pass ran out of memory."
    ARTIFACT_TOO_LARGE = ResourceExhaustedError, "A file is larger than the store takes, or than an expert may make."
    STORAGE_FULL = ResourceExhaustedError, "A disk is full, or the room that files may take."
    MESSAGE_TOO_LARGE = ResourceExhaustedError, "A message or a result is larger than can be sent or taken."
    LLM_RATE_LIMITED = ResourceExhaustedError, "The language model's endpoint asks to wait longer than the run can."
    HUB_RATE_LIMITED = ResourceExhaustedError, "The Hub or a hosted endpoint asks to wait."

    SERVER_UNREACHABLE = UnavailableError, "The server does not answer."
    SERVER_STOPPING = UnavailableError, "The server is shutting down."
    CONTROLLER_RESTARTED = UnavailableError, "The controller was restarted while the run was going."
    STORAGE_UNAVAILABLE = (
        UnavailableError,
        "The controller's database or the folder of its artifacts cannot be used now.",
    )
    LLM_UNAVAILABLE = UnavailableError, "The language model does not answer, or not properly."
    LLM_TIMED_OUT = UnavailableError, "The language model was silent for too long."
    LLM_BROKE_OFF = UnavailableError, "The language model's reply broke off before its end."
    HOST_UNREACHABLE = UnavailableError, "A host does not answer."
    HOST_DRAINING = UnavailableError, "The host is shutting down."
    WORKER_CRASHED = UnavailableError, "The worker process died, or hung and was killed."
    ATTEMPT_STALLED = UnavailableError, "An expert was silent for far longer than its calls take; another is tried."

    LINK_UNREACHABLE = UnavailableError, "The server of a link does not answer the client, or the connection broke."
    HUB_UNREACHABLE = UnavailableError, "The Hub or a hosted endpoint does not answer, or the connection broke."
    DOWNLOAD_CORRUPT = UnavailableError, "A downloaded file does not have the hash that the Hub names; it was deleted."

    DEADLINE_EXCEEDED = DeadlineExceededError, "The time given was not enough."

    CANCELLED = RunCancelledError, "The run was cancelled by a call."
    CLIENT_LEFT = RunCancelledError, "Nobody read the run's events for longer than its grace."
    APPROVAL_TIMED_OUT = RunCancelledError, "Nobody approved the run's plan in time."

    NOT_SERVED_YET = UnimplementedError, "The call is part of the API, and not served by this version."

    PERMISSION_DENIED = PermissionDeniedError, "The caller may not do that."
    UNAUTHENTICATED = UnauthenticatedError, "The call carries no credentials, or wrong ones."

    UPSTREAM_FAILED = FailedPreconditionError, "A task that this one refers to did not succeed."
    EXPERT_FAILED = InternalError, "An expert raised an error of its own."
    INTERNAL = InternalError, "A fault of the server; its log has the details."

    @property
    def error_type(self) -> type[OrchestrionError]:
        """The exception that carries it."""
        error_type: type[OrchestrionError] = self.value[0]
        return error_type

    @property
    def meaning(self) -> str:
        """What it means, in one sentence."""
        meaning: str = self.value[1]
        return meaning

    def error(
        self,
        message: str,
        where: Mapping[str, str] | None = None,
        *,
        retry_after_ms: int | None = None,
        **metadata: str,
    ) -> OrchestrionError:
        """Builds the exception for this reason, ready to raise.

        Args:
            message: One or two sentences: what went wrong and the cure.
            where: Metadata that several errors share, such as the task; the named ones are added to it.
            retry_after_ms: When trying again makes sense.
            **metadata: What is dynamic in the message, by name.
        """
        merged = {**(where or {}), **metadata}
        return self.error_type(message, reason=self.name, metadata=merged, retry_after_ms=retry_after_ms)

    @classmethod
    def rebuild(
        cls, reason: str, message: str, metadata: Mapping[str, str], retry_after_ms: int | None = None
    ) -> OrchestrionError:
        """Builds the exception for a reason that came from elsewhere; an unknown one becomes an InternalError."""
        member = cls.__members__.get(reason)
        error_type = member.error_type if member else InternalError
        return error_type(message, reason=reason, metadata=metadata, retry_after_ms=retry_after_ms)


REFUSALS: Final = frozenset({Reason.REQUEST_BEYOND_PLANNER.name, Reason.PLANNER_REFUSED.name})
"""The reasons of runs that ended because of what their planner does not do or asks; such errors have `not_done`."""


def is_retryable(error: OrchestrionError) -> bool:
    """Whether the same task can succeed on another host, on another expert, or later."""
    return error.reason in _CURABLE_ELSEWHERE or isinstance(error, UnavailableError)


_CURABLE_ELSEWHERE: Final = frozenset(
    reason.name
    for reason in (
        Reason.EXPERT_NOT_FOUND,
        Reason.EXPERT_NOT_LOADED,
        Reason.EXPERT_LOAD_FAILED,
        Reason.MODEL_INCOMPLETE,
        Reason.EXPERT_NOT_FETCHED,
        Reason.EXPERT_UNAVAILABLE,
        Reason.EXPERT_TOO_LARGE,
        Reason.EXPERT_FAILED,
        Reason.QUEUE_FULL,
        Reason.OUT_OF_MEMORY,
    )
)
