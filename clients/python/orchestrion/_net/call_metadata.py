"""What goes along with every call beside its message: the trace that it belongs to, and for whom it is made."""

from __future__ import annotations

from orchestrion._net.trace_headers import trace_metadata
from orchestrion.callers import caller_metadata


def call_metadata() -> tuple[tuple[str, str], ...] | None:
    """Returns the metadata of a call that is made here and now; None where there is none."""
    return (*(trace_metadata() or ()), *caller_metadata()) or None
