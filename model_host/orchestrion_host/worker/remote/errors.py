"""What goes wrong on the way to an endpoint, as the project's errors; keys and addresses with keys never show."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import httpx2
from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError

from orchestrion.errors import OrchestrionError, Reason

_MOST_WORDS_OF_THEIRS: Final = 200
_DEFAULT_RETRY_MS: Final = 1000


@contextlib.contextmanager
def converted(expert_id: str) -> Iterator[None]:
    """Turns the client's exceptions into typed errors.

    Raises:
        FailedPreconditionError: HUB_ACCESS_DENIED: the endpoint wants a key, or another one.
        ResourceExhaustedError: HUB_RATE_LIMITED, with the time to wait where the endpoint tells it.
        UnavailableError: HUB_UNREACHABLE: no answer, in time or at all, or a fault of the endpoint.
        InternalError: EXPERT_FAILED: the endpoint refuses the request as such.
    """
    try:
        yield
    except InferenceTimeoutError as error:
        text = f"The endpoint of {expert_id} did not answer in time; options.timeout_s sets how long it may take."
        raise Reason.HUB_UNREACHABLE.error(text, expert=expert_id) from error
    except HfHubHTTPError as error:
        raise _of_status(expert_id, error) from error
    except httpx2.HTTPError as error:
        text = f"The endpoint of {expert_id} cannot be reached: {type(error).__name__}."
        raise Reason.HUB_UNREACHABLE.error(text, expert=expert_id) from error


def _of_status(expert_id: str, error: HfHubHTTPError) -> OrchestrionError:
    status = error.response.status_code
    where = {"expert": expert_id, "status": str(status)}
    if status in (401, 403):
        text = f"The endpoint of {expert_id} wants a key, or does not take the one it got (HTTP {status})."
        return Reason.HUB_ACCESS_DENIED.error(text, where)
    if status == 429:
        text = f"The endpoint of {expert_id} asks to wait."
        return Reason.HUB_RATE_LIMITED.error(text, where, retry_after_ms=_retry_after_ms(error))
    if status == 404:
        return Reason.MODEL_NOT_FOUND.error(f"The endpoint of {expert_id} has no such model (HTTP 404).", where)
    if status >= 500:
        text = f"The endpoint of {expert_id} failed (HTTP {status})."
        return Reason.HUB_UNREACHABLE.error(text, where)
    said = " ".join(str(error.server_message or "").split())[:_MOST_WORDS_OF_THEIRS]
    return Reason.EXPERT_FAILED.error(f"The endpoint of {expert_id} refuses the request (HTTP {status}): {said}", where)


def _retry_after_ms(error: HfHubHTTPError) -> int:
    seconds = error.response.headers.get("retry-after", "")
    return round(float(seconds) * 1000) if seconds.replace(".", "", 1).isdigit() else _DEFAULT_RETRY_MS
