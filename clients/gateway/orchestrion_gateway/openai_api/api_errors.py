"""Errors in the form that OpenAI's API has: `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from orchestrion import FailedPreconditionError, OrchestrionError, Reason
from orchestrion_gateway.errors import status_of
from orchestrion_gateway.lingering import LingeringResponse

_CODES: Final[Mapping[str, str]] = {
    Reason.EXPERT_NOT_FOUND.name: "model_not_found",
    Reason.LLM_CONTEXT_EXCEEDED.name: "context_length_exceeded",
    Reason.TOO_MANY_RUNS.name: "rate_limit_exceeded",
    Reason.SERVER_BUSY.name: "rate_limit_exceeded",
    Reason.QUEUE_FULL.name: "rate_limit_exceeded",
}
"""What OpenAI calls a reason, where programs look for its name; others are the reason in lower case."""

_TYPES: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}


def status_for(error: OrchestrionError) -> HTTPStatus:
    """Returns the status of an error.

    OpenAI's clients send again what is answered with 409; a state that does not allow a request is not changed by that.
    """
    status = status_of(error)
    if isinstance(error, FailedPreconditionError) and status is HTTPStatus.CONFLICT:
        return HTTPStatus.BAD_REQUEST
    return status


def described(error: OrchestrionError) -> dict[str, Any]:
    """Returns what a caller is told of an error, as JSON."""
    code = _CODES.get(error.reason, error.reason.lower())
    return _body(status_for(error), error.message, error.field, code)


def response_of(error: OrchestrionError) -> Response:
    """Makes the response for an error."""
    status = status_for(error)
    headers = _headers(status)
    if error.retry_after_ms is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_ms / 1000)))
    # What is too large is still being sent.
    kind = LingeringResponse if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else JSONResponse
    return kind(described(error), status, headers)


def install(app: FastAPI) -> None:
    """Has all that is raised in calls answered in this form."""
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
    field = str(first["loc"][-1])
    return response_of(Reason.INVALID_FIELD.error(f"{field}: {first['msg']}.", field=field))


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.NOT_FOUND:
        message, code = f"Unknown request URL: {request.method} {request.url.path}.", "unknown_url"
    else:
        message, code = f"{request.method} {request.url.path}: {error.detail}.", status.name.lower()
    return JSONResponse(_body(status, message, None, code), status, _headers(status) | dict(error.headers or {}))


async def _of_nobody(_: Request, error: Exception) -> Response:
    return Response(status_code=HTTPStatus.NO_CONTENT)  # Who asked has left.


async def _of_fault(_: Request, error: Exception) -> Response:
    # The server logs it with its traceback, which is for nobody else.
    return response_of(Reason.INTERNAL.error("A fault of the gateway; its log has the details."))


def _body(status: HTTPStatus, message: str, param: str | None, code: str) -> dict[str, Any]:
    kind = _TYPES.get(status, "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _headers(status: HTTPStatus) -> dict[str, str]:
    # Clients of OpenAI's own obey this header; the platform itself has tried again already what that can cure.
    again = status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    headers = {"X-Should-Retry": "true" if again else "false"}
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        # What is still being sent would be read to its end otherwise, only to be dropped.
        headers["Connection"] = "close"
    return headers
