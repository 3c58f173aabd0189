"""Takes the trace of the calling program along: only where that program uses OpenTelemetry itself."""

from __future__ import annotations

import sys


def trace_metadata() -> tuple[tuple[str, str], ...] | None:
    """Returns the metadata that names the caller's open span, in the form of the W3C; None where it has none.

    Nothing is imported where the program has not imported OpenTelemetry: then it cannot have opened a span.
    """
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None or not trace.get_current_span().get_span_context().is_valid:
        return None
    from opentelemetry import propagate

    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    # gRPC takes ASCII alone; of a header that is none, the trace does without.
    return tuple((name.lower(), value) for name, value in carrier.items() if value.isascii())
