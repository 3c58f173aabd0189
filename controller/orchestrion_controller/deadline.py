"""The deadline of the run that the current task works for: waits that cannot end before it are not begun."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_DEADLINE: Final[ContextVar[float | None]] = ContextVar("run deadline", default=None)


@contextmanager
def run_deadline(seconds: float | None) -> Iterator[None]:
    """Sets the deadline for the block and every task that is started in it; None for no deadline."""
    token = _DEADLINE.set(None if seconds is None else asyncio.get_running_loop().time() + seconds)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def remaining_s() -> float | None:
    """Returns the seconds that are left, 0 when there are none; None without a deadline."""
    deadline = _DEADLINE.get()
    return None if deadline is None else max(0.0, deadline - asyncio.get_running_loop().time())
