"""Counts and times every call that an application answers, by the pattern of its route and never by its address."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount
from starlette.types import Message, Receive, Scope, Send

from orchestrion_gateway.metrics import GatewayMetrics

METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""Methods that are told by their names; others are words of the caller."""
_LEFT: Final = 499
"""What log files and proxies write where a caller left before its response began; HTTP has no status for it."""


class MeasuringMiddleware:
    """Stands in front of everything, so that what is refused is counted too."""

    def __init__(self, app: FastAPI, metrics: GatewayMetrics) -> None:
        """Stands in front of an application, which has all of its routes."""
        self._app = app
        self._metrics = metrics
        self._patterns = _patterns(app)

    def route(self, scope: Scope) -> str:
        """Returns the pattern of the route that answered a call; `none` where there was none."""
        return _route(scope, self._patterns)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a call, and notes what it took."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = _Call(scope, receive, send, self._metrics, self._patterns)
        started = time.perf_counter()
        self._metrics.open.inc()
        try:
            await self._app(scope, call.receive, call.send)
        finally:
            self._metrics.open.dec()
            call.end(time.perf_counter() - started)


class _Call:
    """One call, as it goes."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, metrics: GatewayMetrics, patterns: Mapping[object, str]
    ) -> None:
        self._scope, self._receive, self._send, self._metrics = scope, receive, send, metrics
        self._patterns = patterns
        self._received = metrics.moved.labels("received")
        self._sent = metrics.moved.labels("sent")
        self._status = 0
        self._left = False
        self._streams = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._left = True
        else:
            self._received.inc(len(message.get("body", b"")))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = _LEFT if self._left else message["status"]
            self._streams = _is_stream(message.get("headers", ()))
            if self._streams:
                self._metrics.streams.labels(self._route()).inc()
        await self._send(message)
        self._sent.inc(len(message.get("body", b"")))

    def end(self, seconds: float) -> None:
        route, method = self._route(), self._scope["method"]
        # Methods are words of the caller, of which there is no end.
        method = method if method in METHODS else "other"
        if self._streams:
            self._metrics.streams.labels(route).dec()
        self._metrics.requests.labels(method, route, str(self._status or (_LEFT if self._left else 500))).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)

    def _route(self) -> str:
        return _route(self._scope, self._patterns)


def _route(scope: Scope, patterns: Mapping[object, str]) -> str:
    pattern = patterns.get(id(scope.get("endpoint")))
    # An application that is mounted has routes of its own; its calls are told by where it is.
    return pattern or patterns.get(scope.get("root_path")) or "none"


def _patterns(app: FastAPI) -> Mapping[object, str]:
    """Returns the patterns of the routes by the identity of what answers, those of mounts also by where they are."""
    patterns: dict[object, str] = {}
    for context in iter_route_contexts(app.routes):
        route, path = context.original_route, context.path
        if path is None:
            continue
        if isinstance(route, Mount):
            patterns[id(route.app)] = patterns[path] = path or "/"
        else:
            patterns[id(context.endpoint)] = path
    return patterns


def _is_stream(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in headers)
