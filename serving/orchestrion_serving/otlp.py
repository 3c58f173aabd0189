"""Spans by OpenTelemetry's SDK, exported by OTLP over gRPC. Imported only where tracing is on."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from orchestrion._net.loopback import is_loopback
from orchestrion_serving.spans import Attributes, SpanKind, TraceSpan

_MAX_TEXT: Final = 256
"""How many characters of a text attribute are kept; of content, sixteen times as many."""
_MAX_LINKS: Final = 128
_PROPAGATOR: Final = TraceContextTextMapPropagator()


class OtlpTracer:
    """Makes spans, and sends them in batches from a thread of its own."""

    def __init__(self, endpoint: str, service: str, instance: str, *, records_content: bool) -> None:
        """Prepares the export, which connects with the first batch. The arguments are those of `tracing.start`."""
        self.records_content = records_content
        resource = Resource.create(
            {
                "service.name": service,
                "service.version": version("orchestrion"),
                **({"service.instance.id": instance} if instance else {}),
            }
        ).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(
            resource=resource,
            span_limits=SpanLimits(max_links=_MAX_LINKS),
            shutdown_on_exit=False,
        )
        insecure = not endpoint.startswith("https://")
        # gRPC has a variable of its own for exemptions, which goes before the usual one.
        # Any, since the exporter's type of options has texts alone, which gRPC does not take for numbers.
        past_proxies: Any = (("grpc.enable_http_proxy", 0),) if is_loopback(urlsplit(endpoint).hostname or "") else ()
        exporter = OTLPSpanExporter(endpoint=endpoint, insecure=insecure, channel_options=past_proxies)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("orchestrion", version("orchestrion"))

    def start(
        self,
        name: str,
        attributes: Attributes,
        *,
        kind: SpanKind,
        parent: TraceSpan | None,
        links: Collection[TraceSpan],
        at: float | None,
    ) -> TraceSpan:
        """Starts a span."""
        context = parent.context() if isinstance(parent, _OtlpSpan) else trace.set_span_in_context(trace.INVALID_SPAN)
        started = self._tracer.start_span(
            name,
            context,
            kind=trace.SpanKind[kind.name],
            attributes=_bounded(attributes),
            links=[trace.Link(link.own.get_span_context()) for link in links if isinstance(link, _OtlpSpan)],
            start_time=_wall_ns(at),
            record_exception=False,
            set_status_on_exception=False,
        )
        return _OtlpSpan(started, name, parent)

    def remote(self, carrier: Mapping[str, str]) -> TraceSpan | None:
        """Returns the caller's span."""
        caller = trace.get_current_span(_PROPAGATOR.extract(carrier, trace.set_span_in_context(trace.INVALID_SPAN)))
        return _OtlpSpan(caller, "", None) if caller.get_span_context().is_valid else None

    def headers(self, span: TraceSpan) -> Mapping[str, str]:
        """Returns `traceparent`, and `tracestate` where there is some."""
        carrier: dict[str, str] = {}
        if isinstance(span, _OtlpSpan):
            _PROPAGATOR.inject(carrier, span.context())
        return carrier

    def close(self) -> None:
        """Exports what is left, and ends the thread."""
        self._provider.shutdown()


class _OtlpSpan(TraceSpan):
    """A span of OpenTelemetry's."""

    def __init__(self, own: trace.Span, name: str, parent: TraceSpan | None) -> None:
        self.own = own
        self.name = name
        self._has_failed = False
        self.parent = parent

    @property
    def trace_id(self) -> str:
        context = self.own.get_span_context()
        return trace.format_trace_id(context.trace_id) if context.trace_flags.sampled else ""

    def context(self) -> Context:
        return trace.set_span_in_context(self.own)

    def set(self, attributes: Attributes) -> None:
        self.own.set_attributes(_bounded(attributes))

    def fail(self, reason: str) -> None:
        if self._has_failed:  # What is nearest to the cause said it first.
            return
        self._has_failed = True
        self.own.set_attribute("error.type", reason)
        self.own.set_status(trace.StatusCode.ERROR)

    def link(self, other: TraceSpan) -> None:
        if isinstance(other, _OtlpSpan):
            self.own.add_link(other.own.get_span_context())

    def end(self, at: float | None = None) -> None:
        if self.own.is_recording():
            self.own.end(_wall_ns(at))


def _bounded(attributes: Attributes) -> Attributes:
    return {
        key: value[: _MAX_TEXT * 16 if key == "orchestrion.request" else _MAX_TEXT] if isinstance(value, str) else value
        for key, value in attributes.items()
    }


def _wall_ns(at: float | None) -> int | None:
    """Turns a time of `time.perf_counter` into nanoseconds since 1970."""
    return None if at is None else time.time_ns() - round((time.perf_counter() - at) * 1e9)
