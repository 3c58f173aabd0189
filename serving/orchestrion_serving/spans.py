"""What a span is to those who make it, whoever keeps it: its kind, its attributes, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

Attributes: TypeAlias = Mapping[str, str | int | float | bool | tuple[str, ...]]
"""What a span says of its work, by the names of `docs/tracing.md`; texts are cut to 256 characters."""


class SpanKind(StrEnum):
    """Which side of a call a span is."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    CLIENT = "CLIENT"


class TraceSpan:
    """An open span; this one is the span of whoever does not trace, and does nothing."""

    name = ""
    """What it is called."""
    parent: TraceSpan | None = None
    """What it is a part of, where that is in this process."""

    @property
    def trace_id(self) -> str:
        """The id of its trace, 32 hexadecimal digits; empty where it is not sampled."""
        return ""

    def set(self, attributes: Attributes) -> None:
        """Says more of the work."""

    def fail(self, reason: str) -> None:
        """Says that the work failed, by a reason or the name of an error's class; never by its words."""

    def link(self, other: TraceSpan) -> None:
        """Points to a span elsewhere that this work was also for."""

    def end(self, at: float | None = None) -> None:
        """Ends it, now or at a time of `time.perf_counter`. A second end is none."""
