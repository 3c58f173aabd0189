"""Spans of the gateway's calls. Imported only where tracing is on; the SDK tells the controller of the open one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import Message, Receive, Scope, Send

from orchestrion_gateway.config import is_loopback
from orchestrion_gateway.measured import METHODS, MeasuringMiddleware

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_UNTRACED: Final = frozenset({"/healthz", "/readyz"})


class TracingMiddleware:
    """Opens a span around every HTTP call, as a part of the span that its header `traceparent` names."""

    def __init__(self, app: MeasuringMiddleware, endpoint: str) -> None:
        """Prepares the export of spans to an endpoint by OTLP over gRPC; it connects with the first of them."""
        self._app = app
        own = Resource.create({"service.name": "orchestrion-gateway", "service.version": version("orchestrion")})
        self._provider = TracerProvider(resource=own.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
        # A proxy cannot reach this machine. Any, since the exporter's type of options has texts alone.
        past_proxies: Any = (("grpc.enable_http_proxy", 0),) if is_loopback(urlsplit(endpoint).hostname or "") else ()
        insecure = not endpoint.startswith("https://")
        exporter = OTLPSpanExporter(endpoint=endpoint, insecure=insecure, channel_options=past_proxies)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("orchestrion", version("orchestrion"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a call within its span, to the end of its stream."""
        if scope["type"] != "http" or scope["path"] in _UNTRACED:
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        span = self._tracer.start_span(method, _parent(scope), kind=trace.SpanKind.SERVER, record_exception=False)
        span.set_attribute("http.request.method", method)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
                if message["status"] >= 500:
                    span.set_attribute("error.type", str(message["status"]))
                    span.set_status(trace.StatusCode.ERROR)
            await send(message)

        token = context.attach(trace.set_span_in_context(span))
        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(trace.StatusCode.ERROR)
            raise
        finally:
            context.detach(token)
            # The pattern, not the path: paths have names of runs and files.
            route = self._app.route(scope)
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)
            span.end()

    def close(self) -> None:
        """Exports what is left."""
        self._provider.shutdown()


def current_ids() -> Mapping[str, str]:
    """Returns the id of the trace at hand, for a line of a log."""
    span_context = trace.get_current_span().get_span_context()
    return {"trace_id": trace.format_trace_id(span_context.trace_id)} if span_context.is_valid else {}


def _parent(scope: Mapping[str, Any]) -> context.Context:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return _PROPAGATOR.extract(headers, trace.set_span_in_context(trace.INVALID_SPAN))
