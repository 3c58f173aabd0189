"""Errors as HTTP has them: the one place that knows of both."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from orchestrion import (
    AbortedError,
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    NotDone,
    NotFoundError,
    OrchestrionError,
    OutOfRangeError,
    PermissionDeniedError,
    Question,
    Reason,
    ResourceExhaustedError,
    RunCancelledError,
    UnauthenticatedError,
    UnavailableError,
    UnimplementedError,
    to_json,
)
from orchestrion_gateway.lingering import LingeringResponse

STATUS: Final[Mapping[type[OrchestrionError] | Reason, HTTPStatus]] = {
    InvalidArgumentError: HTTPStatus.BAD_REQUEST,
    OutOfRangeError: HTTPStatus.BAD_REQUEST,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    PermissionDeniedError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    FailedPreconditionError: HTTPStatus.CONFLICT,
    AbortedError: HTTPStatus.CONFLICT,
    RunCancelledError: HTTPStatus.CONFLICT,
    ResourceExhaustedError: HTTPStatus.TOO_MANY_REQUESTS,
    InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
    UnimplementedError: HTTPStatus.NOT_IMPLEMENTED,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    DeadlineExceededError: HTTPStatus.GATEWAY_TIMEOUT,
    # What is too large stays so: programs send what is answered with 429 again by themselves.
    Reason.ARTIFACT_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Reason.MESSAGE_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Reason.STORAGE_FULL: HTTPStatus.INSUFFICIENT_STORAGE,
}
"""The status of an error by its class, or by its reason where that says more."""


def status_of(error: OrchestrionError) -> HTTPStatus:
    """Returns the status of an error."""
    reason = Reason.__members__.get(error.reason)
    if reason is not None and reason in STATUS:
        return STATUS[reason]
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)


def described(error: OrchestrionError) -> dict[str, Any]:
    """Returns what a caller is told of an error, as JSON."""
    content: dict[str, Any] = {"reason": error.reason, "message": error.message, "metadata": dict(error.metadata)}
    if error.retry_after_ms is not None:
        content["retryAfterMs"] = error.retry_after_ms
    if error.not_done:
        content["notDone"] = _listed(error.not_done)
    if error.questions:
        content["questions"] = _listed(error.questions)
    return {"error": content}


def response_of(error: OrchestrionError, status: HTTPStatus | None = None) -> Response:
    """Makes the response for an error; `status` where HTTP has one that says more than that of the error."""
    headers = {}
    if error.retry_after_ms is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_ms / 1000)))
    status = status or status_of(error)
    # What is too large is still being sent.
    kind = LingeringResponse if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE else JSONResponse
    return kind(described(error), status, headers)


def install(app: FastAPI) -> None:
    """Has all that is raised in calls answered in one form."""
    app.add_exception_handler(OrchestrionError, _of_sdk)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(ClientDisconnect, _of_nobody)
    app.add_exception_handler(Exception, _of_fault)


async def _of_sdk(_: Request, error: Exception) -> Response:
    assert isinstance(error, OrchestrionError)  # noqa: S101  # What it is registered for.
    return response_of(error)


async def _of_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return response_of(Reason.INVALID_FIELD.error(f"{field}: {first['msg']}.", field=field))


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    status = HTTPStatus(error.status_code)
    where = f"{request.method} {request.url.path}: " if status in {404, 405} else ""
    content = {"reason": status.name, "message": f"{where}{error.detail}.", "metadata": {}}
    return JSONResponse({"error": content}, status, error.headers)


async def _of_nobody(_: Request, error: Exception) -> Response:
    return Response(status_code=HTTPStatus.NO_CONTENT)  # Who asked has left.


async def _of_fault(_: Request, error: Exception) -> Response:
    # The server logs it with its traceback, which is for nobody else.
    return response_of(Reason.INTERNAL.error("A fault of the gateway; its log has the details."))


def _listed(items: Sequence[NotDone] | Sequence[Question]) -> list[Any]:
    return [json.loads(to_json(item)) for item in items]
