"""Spans of a server's work. Off unless `start` was called: then nothing of OpenTelemetry is imported, or kept."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import Context, copy_context
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias, cast

from orchestrion.errors import OrchestrionError, Reason, RunCancelledError
from orchestrion_serving import trace_context
from orchestrion_serving.spans import Attributes, SpanKind, TraceSpan

__all__ = [
    "NO_SPAN",
    "Attributes",
    "Metadata",
    "SpanKind",
    "SpanName",
    "TraceSpan",
    "Tracer",
    "begin",
    "beside",
    "close",
    "context_of",
    "current",
    "is_on",
    "metadata",
    "outcome",
    "records_content",
    "remote_parent",
    "span",
    "start",
]

_NOTHING: Final[Attributes] = MappingProxyType({})

Metadata: TypeAlias = tuple[tuple[str, str | bytes], ...]
"""The metadata of a gRPC call."""


class SpanName(StrEnum):
    """The names of spans besides those of calls, which are named by their service and method."""

    RUN = "run"
    STAGE = "stage"
    TASK = "task"
    ATTEMPT = "attempt"
    CHAT = "chat"
    QUEUE = "queue"
    LOAD = "load"
    COMPUTE = "compute"
    BATCH = "batch"
    WORKER = "worker"


class Tracer(Protocol):
    """Makes spans, and carries them from process to process."""

    records_content: bool
    """Whether attributes may have what people wrote."""

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
        """Starts a span; without a parent a trace of its own."""

    def remote(self, carrier: Mapping[str, str]) -> TraceSpan | None:
        """Returns the caller's span out of headers of the W3C; None where there is none."""

    def headers(self, span: TraceSpan) -> Mapping[str, str]:
        """Returns the headers of the W3C that name a span to a callee."""

    def close(self) -> None:
        """Exports what is left, for some seconds at most."""


NO_SPAN: Final = TraceSpan()
"""The span of whoever does not trace."""

_tracer: Tracer | None = None


def start(endpoint: str, service: str, instance: str = "", *, records_content: bool = False) -> None:
    """Turns tracing on for this process, once; an empty endpoint leaves it off.

    Args:
        endpoint: Where spans go by OTLP over gRPC, as `http://127.0.0.1:4317`.
        service: What this process is in traces, as `orchestrion-controller`; OTEL_SERVICE_NAME goes before it.
        instance: Which of several it is, such as the name of a host.
        records_content: Whether spans may have what people wrote.

    Raises:
        FailedPreconditionError: OpenTelemetry is not installed.
    """
    global _tracer  # noqa: PLW0603  # One process exports to one place, as OpenTelemetry has it too.
    if not endpoint:
        return
    try:
        from orchestrion_serving.otlp import OtlpTracer
    except ModuleNotFoundError as error:
        cure = "pip install 'orchestrion[tracing]'"
        text = f"otlp_endpoint: tracing needs OpenTelemetry, which is not here ({error.name}); install it: {cure}."
        raise Reason.NOT_CONFIGURED.error(text, field="otlp_endpoint") from error
    _tracer = OtlpTracer(endpoint, service, instance, records_content=records_content)


def is_on() -> bool:
    """Whether this process traces."""
    return _tracer is not None


def records_content() -> bool:
    """Whether spans may have what people wrote."""
    return _tracer is not None and _tracer.records_content


async def close() -> None:
    """Exports what is left, and turns tracing off."""
    global _tracer  # As in `start`.
    tracer, _tracer = _tracer, None
    if tracer is not None:
        await asyncio.to_thread(tracer.close)


def current() -> TraceSpan | None:
    """Returns the innermost open span; None outside of any."""
    return cast("TraceSpan | None", trace_context.span.get())  # Only spans of this module are put there.


def begin(
    name: str,
    attributes: Attributes = _NOTHING,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: TraceSpan | None = None,
    links: Collection[TraceSpan] = (),
    at: float | None = None,
) -> TraceSpan:
    """Starts a span that the caller ends; it becomes nobody's parent by itself.

    Args:
        name: One of `SpanName`, or the service and method of a call.
        attributes: What is known already.
        kind: Which side of a call it is.
        parent: What it is a part of; None for the innermost open span.
        links: Spans elsewhere that the work is also for.
        at: When it began, as `time.perf_counter`; None for now.
    """
    if _tracer is None:
        return NO_SPAN
    return _tracer.start(name, attributes, kind=kind, parent=parent or current(), links=links, at=at)


def span(
    name: str, attributes: Attributes = _NOTHING, *, kind: SpanKind = SpanKind.INTERNAL, parent: TraceSpan | None = None
) -> AbstractContextManager[TraceSpan]:
    """Opens a span around a block of one task; what is begun within is a part of it. Arguments as of `begin`."""
    if _tracer is None:
        return _OFF
    return _within(begin(name, attributes, kind=kind, parent=parent))


def context_of(open_span: TraceSpan) -> Context | None:
    """Returns a copy of the context in which a span is the innermost; None, the context as it is, for no span."""
    if open_span is NO_SPAN:
        return None
    context = copy_context()
    context.run(trace_context.span.set, open_span)
    return context


def remote_parent(metadata: Collection[tuple[str, str | bytes]] | None) -> TraceSpan | None:
    """Returns the caller's span out of the metadata of a gRPC call; None where there is none, or tracing is off."""
    if _tracer is None:
        return None
    return _tracer.remote({key: value for key, value in metadata or () if isinstance(value, str)})


def metadata() -> Metadata | None:
    """Returns the metadata that names the innermost open span to a callee; None where there is none."""
    innermost = current()
    if _tracer is None or innermost is None:
        return None
    return tuple(_tracer.headers(innermost).items())


def outcome(open_span: TraceSpan, error: BaseException) -> None:
    """Says of a span how its work failed; work that was cancelled did not fail."""
    if isinstance(error, OrchestrionError) and not isinstance(error, RunCancelledError):
        open_span.fail(error.reason)
    elif isinstance(error, asyncio.CancelledError | GeneratorExit | RunCancelledError):
        open_span.set({"orchestrion.cancelled": True})
    else:
        open_span.fail(type(error).__name__)


class _Off(AbstractContextManager[TraceSpan]):
    """The block of whoever does not trace; one serves all."""

    def __enter__(self) -> TraceSpan:
        return NO_SPAN

    def __exit__(self, *_: object) -> None:
        return None


_OFF: Final = _Off()


@contextmanager
def beside(name: str, attributes: Attributes, other: TraceSpan | None) -> Iterator[TraceSpan]:
    """Opens a span that has the same parent as another one and does not become the innermost."""
    opened = begin(name, attributes, parent=other.parent if other is not None else None)
    try:
        yield opened
    except BaseException as error:
        outcome(opened, error)
        raise
    finally:
        opened.end()


@contextmanager
def _within(opened: TraceSpan) -> Iterator[TraceSpan]:
    before = trace_context.span.get()
    trace_context.span.set(opened)
    try:
        yield opened
    except BaseException as error:
        outcome(opened, error)
        raise
    finally:
        # Not by a token: a generator that the garbage collector closes ends in another context.
        if trace_context.span.get() is opened:
            trace_context.span.set(before)
        opened.end()
