"""What the Hub's client raises, as errors that say what is wrong and what helps. No token ever gets into a message."""

from __future__ import annotations

import errno
from typing import Final
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import constants, errors, get_token

from orchestrion.errors import OrchestrionError, Reason

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_DEFAULT_WAIT_MS: Final = 60_000


def endpoint() -> str:
    """Returns the Hub's address as messages may show it: without what a URL can carry of credentials."""
    parts = urlsplit(constants.ENDPOINT)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


def explain(error: Exception, model: str, revision: str = "") -> OrchestrionError:
    """Turns what was raised while the Hub was asked about a model into an error of the project's.

    Args:
        error: What was raised.
        model: The model's id; empty for a search.
        revision: The revision asked for; empty for the newest.
    """
    if isinstance(error, OrchestrionError):
        return error
    if isinstance(error, errors.HFValidationError):
        return Reason.INVALID_FIELD.error(f"model: {model!r} is no id of a model on the Hub.", field="model")
    if isinstance(error, errors.OfflineModeIsEnabled):
        text = "The Hub is not asked, since HF_HUB_OFFLINE is set for this host; unset it to reach the Hub."
        return Reason.HUB_UNREACHABLE.error(text, model=model)
    if isinstance(error, errors.HfHubHTTPError):
        return _explain_answer(error, model, revision)
    if isinstance(error, httpx2.HTTPError | httpx2.InvalidURL):
        return unreachable(type(error).__name__, model)
    if isinstance(error, OSError) and error.errno in _FULL:
        return full(model)
    if isinstance(error, OSError):
        text = f"The cache of models {constants.HF_HUB_CACHE} cannot be used: {error.strerror}."
        return Reason.INTERNAL.error(text, model=model, folder=constants.HF_HUB_CACHE)
    return Reason.INTERNAL.error(f"{type(error).__name__} while the Hub was asked about {model}.", model=model)


def unreachable(problem: str, model: str) -> OrchestrionError:
    """Builds the error of a Hub that does not answer, or whose connection broke."""
    text = f"The Hub at {endpoint()} does not answer, or broke off ({problem}); HF_ENDPOINT names its address."
    return Reason.HUB_UNREACHABLE.error(text, model=model, endpoint=endpoint())


def full(model: str, needed_bytes: int | None = None, free_bytes: int | None = None) -> OrchestrionError:
    """Builds the error of a disk without room."""
    text = f"The disk of {constants.HF_HUB_CACHE} is full; HF_HUB_CACHE names another place for models."
    if needed_bytes is not None:
        text = f"{model} takes {needed_bytes:,} bytes more, and the disk has {free_bytes:,} bytes free. {text}"
        return Reason.STORAGE_FULL.error(
            text, model=model, needed_bytes=str(needed_bytes), free_bytes=str(free_bytes or 0)
        )
    return Reason.STORAGE_FULL.error(text, model=model)


def _explain_answer(error: errors.HfHubHTTPError, model: str, revision: str) -> OrchestrionError:
    status = error.response.status_code
    if isinstance(error, errors.GatedRepoError):
        text = (
            f"{model} is gated: accept its licence on {endpoint()}/{model}, and set HF_TOKEN for this host to a token "
            "of the account that did."
        )
        return Reason.HUB_ACCESS_DENIED.error(text, model=model)
    if isinstance(error, errors.RevisionNotFoundError):
        return Reason.MODEL_NOT_FOUND.error(f"{model} has no revision {revision!r}.", model=model, revision=revision)
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return Reason.MODEL_NOT_FOUND.error(f"The Hub has not all files that {model} lists.", model=model)
    if status in (401, 403):
        token_state = "the token of this host does not open it" if get_token() else "this host has no token (HF_TOKEN)"
        text = f"The Hub does not give out {model}: it is private, or does not exist, and {token_state}."
        return Reason.HUB_ACCESS_DENIED.error(text, model=model)
    if status == 404:
        return Reason.MODEL_NOT_FOUND.error(f"The Hub at {endpoint()} has no model {model!r}.", model=model)
    if status == 429:
        return Reason.HUB_RATE_LIMITED.error(
            f"The Hub at {endpoint()} asks to wait. A token (HF_TOKEN) raises its limits.",
            retry_after_ms=_wait_ms(error),
            model=model,
        )
    return unreachable(f"HTTP status {status}", model)


def _wait_ms(error: errors.HfHubHTTPError) -> int:
    try:
        return int(float(error.response.headers.get("Retry-After", "")) * 1000)
    except ValueError:
        return _DEFAULT_WAIT_MS
