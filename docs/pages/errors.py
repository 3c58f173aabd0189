"""The page of errors: classes and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from docs.pages.cures import CURES
from docs.pages.tables import table
from orchestrion import errors
from orchestrion._net import transport

_ERRORS: Final = """\
# Errors

Every failure has a **reason**, a name that does not change, and a **class**, which says what to do about it. Over gRPC
the class is the status code, and the status carries `google.rpc.ErrorInfo` with the reason, the domain `{domain}` and
metadata; `INVALID_ARGUMENT` also carries `google.rpc.BadRequest` with the field at fault, and what makes sense to try
again after a time carries `google.rpc.RetryInfo`. Messages are for people and may change; they are cut at {size} bytes.
In Python the class is an exception of `orchestrion.errors` with `reason`, `message`, `metadata`, `field` and
`retry_after_ms`. What goes wrong inside a run is told in its events as an `Error` with the same reasons.

## How a client acts

Act on the class, and on the reason where you know it: a newer server may send reasons that are not listed here, and
their codes still say what to do.

{classes}

## Reasons

"Elsewhere" says that the controller tries a task again, on another host or with another expert, when an attempt at it
fails with this reason; a client sees the reason only when that did not help.

{reasons}
"""

_ACTIONS: Final[Mapping[type[errors.OrchestrionError], str]] = {
    errors.InvalidArgumentError: "Do not repeat it; mend the field that is named.",
    errors.NotFoundError: "Do not repeat it; list what there is.",
    errors.OutOfRangeError: "Ask where the end is, and read from there.",
    errors.FailedPreconditionError: "Change what the message names (start a host, wait for the run), then repeat.",
    errors.AbortedError: "Look at what the other did, then decide.",
    errors.ResourceExhaustedError: "Wait `retry_after_ms` where it is given, or free what is full; then repeat.",
    errors.UnavailableError: "Repeat, waiting longer each time; watch a run again from the last sequence seen.",
    errors.DeadlineExceededError: "Give it more time. The run may have ended with it: look.",
    errors.RunCancelledError: "Somebody wanted this: do not repeat it by itself.",
    errors.UnimplementedError: "Use a newer server, or another call.",
    errors.PermissionDeniedError: "Do not repeat it; ask for the right.",
    errors.UnauthenticatedError: "Get credentials, then repeat.",
    errors.InternalError: "Report it, with the server's log. Repeating may help once.",
}


def errors_page() -> str:
    """Tells classes and reasons."""
    classes = [
        (f"`{kind.__name__}`", f"`{transport.status_code(kind('')).name}`", _text(kind.__doc__), action)
        for kind, action in _ACTIONS.items()
    ]
    reasons = [
        (
            f"`{reason.name}`",
            f"`{reason.error_type.__name__}`",
            f"`{transport.status_code(reason.error('')).name}`",
            "yes" if errors.is_retryable(reason.error("")) else "",
            reason.meaning,
            CURES[reason.name],
        )
        for reason in errors.Reason
    ]
    return _ERRORS.format(
        domain=errors.DOMAIN,
        size=transport.MAX_ERROR_BYTES,
        classes=table(("class", "gRPC code", "meaning", "what to do"), classes),
        reasons=table(("reason", "class", "gRPC code", "elsewhere", "cause", "cure"), reasons),
    )


def _text(docstring: str | None) -> str:
    return " ".join((docstring or "").split())
