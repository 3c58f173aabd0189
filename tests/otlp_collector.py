"""An OTLP collector in the test's own process: it keeps the spans that servers export."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

KINDS = {1: "internal", 2: "server", 3: "client"}


@dataclass(frozen=True)
class Seen:
    """A span that was exported; times in nanoseconds since 1970."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    attributes: dict[str, object]
    links: frozenset[str]
    failed: bool

    def __getitem__(self, name: str) -> object:
        return self.attributes[f"orchestrion.{name}"]


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Serves on a free port while it is entered."""

    def __init__(self) -> None:
        self._spans: list[Seen] = []
        self._changed = threading.Condition()
        self._server = grpc.server(ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        self.endpoint = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(0)

    def Export(
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        with self._changed:
            for resource in request.resource_spans:
                service = str(attributes_of(resource.resource.attributes)["service.name"])
                self._spans += [seen(service, span) for scope in resource.scope_spans for span in scope.spans]
            self._changed.notify_all()
        return trace_service_pb2.ExportTraceServiceResponse()

    def wait(self, trace_id: str, whole: Callable[[Sequence[Seen]], bool], timeout_s: float = 20.0) -> list[Seen]:
        """Waits until the spans of a trace that have come are the whole of it, in order of their beginning."""
        with self._changed:
            if not self._changed.wait_for(lambda: whole(self._of(trace_id)), timeout_s):
                raise AssertionError(f"spans are missing; there are {[span.name for span in self._of(trace_id)]}")
            return self._of(trace_id)

    def wait_for(self, has_come: Callable[[Sequence[Seen]], bool], timeout_s: float = 20.0) -> None:
        """Waits until spans have come, of whatever trace."""
        with self._changed:
            assert self._changed.wait_for(lambda: has_come(self._spans), timeout_s), [span.name for span in self._spans]

    @property
    def spans(self) -> list[Seen]:
        """All spans that have come."""
        with self._changed:
            return list(self._spans)

    def _of(self, trace_id: str) -> list[Seen]:
        return sorted((span for span in self._spans if span.trace_id == trace_id), key=lambda span: span.start)


def seen(service: str, span: Span) -> Seen:
    return Seen(
        service,
        span.name,
        KINDS.get(span.kind, ""),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        attributes_of(span.attributes),
        frozenset(link.span_id.hex() for link in span.links),
        span.status.code == span.status.STATUS_CODE_ERROR,
    )


def attributes_of(pairs: Sequence[KeyValue]) -> dict[str, object]:
    """Reads attributes by name."""
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in pairs}
