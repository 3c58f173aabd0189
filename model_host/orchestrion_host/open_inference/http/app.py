"""The calls of the protocol over HTTP: paths, bodies, statuses."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final, TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonData
from orchestrion_host.metrics import HostMetrics
from orchestrion_host.open_inference import descriptions
from orchestrion_host.open_inference.calls import ProtocolCalls
from orchestrion_host.open_inference.http import bodies, messages
from orchestrion_host.open_inference.http.errors import response_of
from orchestrion_host.open_inference.repository import ModelRepository
from orchestrion_serving import callers, tracing

_log = logging.getLogger(__name__)

_JSON_LENGTH: Final = "Inference-Header-Content-Length"
# Names of models may have slashes; what follows them is one of few words.
_MODEL: Final = re.compile(
    r"/v2/models/(?P<name>.+?)(?:/versions/(?P<version>[^/]+))?(?P<verb>/infer|/ready|/config|/stats|/trace/setting)?/?"
)
_LOAD: Final = re.compile(r"/v2/repository(?:/(?P<repository>[^/]+))?/models/(?P<name>.+)/(?P<verb>load|unload)")
_INDEX: Final = re.compile(r"/v2/repository(?:/(?P<repository>[^/]+))?/index")
_REGION: Final = re.compile(
    r"/v2/(?P<kind>system|cuda)sharedmemory(?:/region/(?P<name>[^/]+))?/(?P<verb>status|register|unregister)"
)

_Answer: TypeAlias = Callable[[Request, Mapping[str, str]], Awaitable[Response]]


class ProtocolApp:
    """Answers the calls, as an application of ASGI."""

    def __init__(
        self, calls: ProtocolCalls, repository: ModelRepository, metrics: HostMetrics, max_message_bytes: int
    ) -> None:
        """Keeps its collaborators, and how many bytes a body may have."""
        self._calls = calls
        self._repository = repository
        self._metrics = metrics
        self._max_message_bytes = max_message_bytes
        self._routes: tuple[tuple[str, str, re.Pattern[str], _Answer], ...] = (
            ("server", "GET", re.compile(r"/v2/?"), self._server),
            ("live", "GET", re.compile(r"/v2/health/live"), self._live),
            ("ready", "GET", re.compile(r"/v2/health/ready"), self._ready),
            ("statistics", "GET", re.compile(r"/v2/models/stats"), self._statistics),
            ("index", "POST", _INDEX, self._index),
            ("load", "POST", _LOAD, self._load),
            ("shared_memory", "GET", _REGION, self._regions),
            ("shared_memory", "POST", _REGION, self._change_region),
            ("trace", "GET", re.compile(r"/v2/trace/setting"), self._trace),
            ("trace", "POST", re.compile(r"/v2/trace/setting"), self._set_trace),
            ("logging", "GET", re.compile(r"/v2/logging"), self._logging),
            ("logging", "POST", re.compile(r"/v2/logging"), self._set_logging),
            ("model", "GET", _MODEL, self._model),
            ("infer", "POST", _MODEL, self._infer),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        callers.current.set(request.client.host if request.client is not None else "")
        route, answer, values = self._route(request)
        started = time.perf_counter()
        parent = tracing.remote_parent(request.headers.items()) if tracing.is_on() else None
        with tracing.span(f"{request.method} {route}", kind=tracing.SpanKind.SERVER, parent=parent):
            response = await self._answered(request, answer, values)
        if response is None:
            self._metrics.http_requests.labels(route, "left").inc()
            return
        self._metrics.http_requests.labels(route, str(response.status_code)).inc()
        self._metrics.http_seconds.labels(route).observe(time.perf_counter() - started)
        await response(scope, receive, send)

    async def _answered(self, request: Request, answer: _Answer, values: Mapping[str, str]) -> Response | None:
        try:
            _check_origin(request)
            return await answer(request, values)
        except ClientDisconnect:
            return None
        except OrchestrionError as error:
            return response_of(error)
        except Exception:
            _log.exception("%s failed", request.url.path)
            return response_of(Reason.INTERNAL.error("The server met a fault of its own; its log has the details."))

    def _route(self, request: Request) -> tuple[str, _Answer, dict[str, str]]:
        path: str = request.scope["path"]
        allowed: list[str] = []
        for name, method, pattern, answer in self._routes:
            match = pattern.fullmatch(path)
            if match is not None:
                if method == request.method:
                    return name, answer, {key: value or "" for key, value in match.groupdict().items()}
                allowed.append(method)
        return ("other", _not_allowed if allowed else _not_found, {"allowed": ", ".join(allowed)})

    async def _server(self, request: Request, values: Mapping[str, str]) -> Response:
        return JSONResponse(self._repository.server())

    async def _live(self, request: Request, values: Mapping[str, str]) -> Response:
        return JSONResponse({"live": True})

    async def _ready(self, request: Request, values: Mapping[str, str]) -> Response:
        return _readiness(ready=self._repository.ready)

    async def _model(self, request: Request, values: Mapping[str, str]) -> Response:
        name, version, verb = values["name"], values["version"], values["verb"]
        if verb == "/ready":
            return _readiness(ready=self._repository.model_ready(name, version))
        if verb == "/config":
            return JSONResponse(self._repository.configuration(name, version))
        if verb == "/stats":
            return JSONResponse(self._repository.statistics(name, version))
        if verb == "/trace/setting":
            return await self._trace(request, values)
        if verb == "/infer":
            return await _not_allowed(request, {"allowed": "POST"})
        return JSONResponse(self._repository.model(name, version))

    async def _infer(self, request: Request, values: Mapping[str, str]) -> Response:
        if values["verb"] == "/trace/setting":
            return await self._set_trace(request, values)
        if values["verb"] != "/infer":
            return await _not_allowed(request, {"allowed": "GET"})
        body = await bodies.read(request, self._max_message_bytes)
        model_request = messages.request_of(body, _json_length(request), values["name"], values["version"])
        answer = await bodies.unless_left(request, self._calls.infer(model_request))
        written = messages.body_of(answer, model_request)
        content, coding = await bodies.packed(written.content, request.headers.get("accept-encoding", ""))
        headers = {"Content-Encoding": coding} if coding else {}
        if written.json_length is None:
            return Response(content, headers=headers, media_type="application/json")
        headers[_JSON_LENGTH] = str(written.json_length)
        return Response(content, headers=headers, media_type="application/octet-stream")

    async def _statistics(self, request: Request, values: Mapping[str, str]) -> Response:
        return JSONResponse(self._repository.statistics())

    async def _index(self, request: Request, values: Mapping[str, str]) -> Response:
        body = await self._json(request)
        return JSONResponse(self._repository.index(repository=values["repository"], ready=body.get("ready") is True))

    async def _load(self, request: Request, values: Mapping[str, str]) -> Response:
        body = await self._json(request)
        if values["verb"] == "unload":
            await self._repository.unload(values["name"], values["repository"])
        else:
            parameters = body.get("parameters") or {}
            work = self._repository.load(values["name"], parameters, None, values["repository"])
            await bodies.unless_left(request, work)
        return JSONResponse({})

    async def _regions(self, request: Request, values: Mapping[str, str]) -> Response:
        if values["verb"] != "status":
            return await _not_allowed(request, {"allowed": "POST"})
        if values["kind"] == "cuda":
            return JSONResponse([])
        regions = self._repository.shared_memory.regions(values["name"]).values()
        return JSONResponse(
            [{"name": own.name, "key": own.key, "offset": own.offset, "byte_size": own.size_bytes} for own in regions]
        )

    async def _change_region(self, request: Request, values: Mapping[str, str]) -> Response:
        if values["verb"] == "status":
            return await _not_allowed(request, {"allowed": "GET"})
        body = await self._json(request)
        if values["kind"] == "cuda":
            if values["verb"] == "register":
                raise Reason.NOT_SERVED_YET.error("This host takes no CUDA memory of clients; send the tensors.")
        elif values["verb"] == "unregister":
            self._repository.shared_memory.unregister(values["name"])
        else:
            key, offset, size = body.get("key"), body.get("offset", 0), body.get("byte_size")
            if not isinstance(key, str) or type(offset) is not int or type(size) is not int:
                raise messages.bad("body", "must have `key`, a text, and `offset` and `byte_size`, whole numbers")
            self._repository.shared_memory.register(values["name"], key, offset, size)
        return JSONResponse({})

    async def _trace(self, request: Request, values: Mapping[str, str]) -> Response:
        return JSONResponse(descriptions.trace_settings())

    async def _set_trace(self, request: Request, values: Mapping[str, str]) -> Response:
        if await self._json(request):
            raise Reason.NOT_SERVED_YET.error("Tracing is set by the host's setting otlp_endpoint, at its start.")
        return await self._trace(request, values)

    async def _logging(self, request: Request, values: Mapping[str, str]) -> Response:
        return JSONResponse(descriptions.log_settings())

    async def _set_logging(self, request: Request, values: Mapping[str, str]) -> Response:
        if await self._json(request):
            raise Reason.NOT_SERVED_YET.error("What is logged is set by the host's setting log_level, at its start.")
        return await self._logging(request, values)

    async def _json(self, request: Request) -> dict[str, JsonData]:
        body = messages.read_json(await bodies.read(request, self._max_message_bytes))
        if not isinstance(body, dict):
            raise messages.bad("body", "must be an object")
        return body


def _check_origin(request: Request) -> None:
    """Refuses pages of the web: a browser on this machine reaches the port, too, and says whose page asks.

    Raises:
        PermissionDeniedError: PERMISSION_DENIED: a page does.
    """
    if "origin" in request.headers or request.headers.get("sec-fetch-site", "none") != "none":
        text = "Pages in browsers may not call a model host; the gateway serves them."
        raise Reason.PERMISSION_DENIED.error(text, field="Origin")


def _json_length(request: Request) -> int | None:
    length = request.headers.get(_JSON_LENGTH)
    if length is None:
        return None
    if not length.isdecimal():
        raise messages.bad(_JSON_LENGTH, "must be a number of bytes")
    return int(length)


def _readiness(*, ready: bool) -> Response:
    return JSONResponse({"ready": ready}, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)


async def _not_found(request: Request, values: Mapping[str, str]) -> Response:
    return JSONResponse({"error": f"There is no {request.method} {request.url.path}."}, HTTPStatus.NOT_FOUND)


async def _not_allowed(request: Request, values: Mapping[str, str]) -> Response:
    text = f"{request.url.path} takes {values['allowed']}, not {request.method}."
    return JSONResponse({"error": text}, HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": values["allowed"]})
