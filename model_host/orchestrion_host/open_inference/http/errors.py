"""Errors as the protocol has them over HTTP: a status, and an object with the field `error`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.responses import JSONResponse

from orchestrion import errors
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonObject

_STATUS: Final[Mapping[type[OrchestrionError], HTTPStatus]] = {
    errors.InvalidArgumentError: HTTPStatus.BAD_REQUEST,
    errors.OutOfRangeError: HTTPStatus.BAD_REQUEST,
    errors.UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    errors.PermissionDeniedError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.FailedPreconditionError: HTTPStatus.CONFLICT,
    errors.AbortedError: HTTPStatus.CONFLICT,
    errors.RunCancelledError: HTTPStatus.CONFLICT,
    errors.ResourceExhaustedError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.UnimplementedError: HTTPStatus.NOT_IMPLEMENTED,
    errors.DeadlineExceededError: HTTPStatus.GATEWAY_TIMEOUT,
    errors.InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def response_of(error: OrchestrionError) -> JSONResponse:
    """Returns the response of an error; with `Retry-After`, in seconds, where trying again makes sense."""
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)
    if error.reason == Reason.MESSAGE_TOO_LARGE.name:
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    content: JsonObject = {"error": error.message, "reason": error.reason, "metadata": dict(error.metadata)}
    headers = {}
    if error.retry_after_ms is not None:
        content = {**content, "retry_after_ms": error.retry_after_ms}
        headers["Retry-After"] = str(math.ceil(error.retry_after_ms / 1000))
    return JSONResponse(content, status, headers)
