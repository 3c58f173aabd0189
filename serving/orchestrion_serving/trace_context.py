"""What the work at hand belongs to: its run, its task and its trace, for log lines, exemplars and calls to others."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final, Protocol

run: Final[ContextVar[str]] = ContextVar("orchestrion_run", default="")
"""The name of the run, as `runs/…`; empty outside of one."""

task: Final[ContextVar[str]] = ContextVar("orchestrion_task", default="")
"""The id of the task; empty outside of one."""


class TracedSpan(Protocol):
    """The part of an open span that others need."""

    @property
    def trace_id(self) -> str:
        """The id of its trace, 32 hexadecimal digits; empty where it is not sampled."""


span: Final[ContextVar[TracedSpan | None]] = ContextVar("orchestrion_span", default=None)
"""The innermost open span; None while tracing is off, or outside of any."""


def ids() -> dict[str, str]:
    """Returns the ids of the work at hand for a line of a log."""
    return {"run": run.get(), "task": task.get(), "trace_id": current_trace_id() or ""}


def leave() -> None:
    """Takes the task at hand out of run, task and trace: what it makes outlives them."""
    run.set("")
    task.set("")
    span.set(None)


def current_trace_id() -> str | None:
    """Returns the id of the trace that the caller works in, for exemplars; None where there is none to be found."""
    innermost = span.get()
    return (innermost.trace_id or None) if innermost is not None else None
