"""When an attempt is given up, and how long the next one waits."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Task
from orchestrion_controller.registry.replicas import ReplicaKey

_PAUSE_S: Final = 0.1
"""How long to wait at least before the same replica is tried again, in seconds; doubled with each attempt."""
_LONGEST_PAUSE_S: Final = 5.0


def pause_s(error: OrchestrionError, attempt: int) -> float:
    """Returns how long to wait before the same replica is tried again: what it asks for, else longer each time.

    With jitter, so that calls that failed together do not come back together.
    """
    asked_s = (error.retry_after_ms or 0) / 1000
    return (asked_s or min(_LONGEST_PAUSE_S, _PAUSE_S * 2 ** (attempt - 1))) * random.uniform(1.0, 1.5)


@asynccontextmanager
async def unless_stalled(
    silence_s: float | None, can_move: Callable[[], bool], replica: ReplicaKey, task: Task
) -> AsyncIterator[Callable[[], None]]:
    """Ends what it surrounds once it has been silent for too long, if it can move; yields what says that it was heard.

    One timer a silence, however much is heard: a stream of text costs a clock reading a piece.

    Args:
        silence_s: How long it may be silent, in seconds; None for as long as it wants.
        can_move: Whether another replica is there to try.
        replica: The expert on its host.
        task: The task.

    Raises:
        UnavailableError: It was silent for too long (`ATTEMPT_STALLED`).
    """
    loop = asyncio.get_running_loop()
    last = loop.time()
    timer: asyncio.TimerHandle | None = None

    def heard() -> None:
        nonlocal last
        last = loop.time()

    def look(silence_s: float) -> None:
        nonlocal timer
        rest_s = last + silence_s - loop.time()
        if rest_s <= 0 and can_move():
            limit.reschedule(loop.time())
            return
        timer = loop.call_later(rest_s if rest_s > 0 else silence_s, look, silence_s)

    try:
        async with asyncio.timeout(None) as limit:
            if silence_s is not None:
                timer = loop.call_later(silence_s, look, silence_s)
            try:
                yield heard
            finally:
                if timer is not None:
                    timer.cancel()
    except TimeoutError:
        if not limit.expired():
            raise
        host, expert_id = replica
        message = f"{expert_id} on {host} was silent for {loop.time() - last:.1f} s, far longer than its calls take."
        raise Reason.ATTEMPT_STALLED.error(message, task_id=task.id, host=host) from None
