"""Which of the waiting calls go into the next batch. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Sequence


def next_batch(waiting: Sequence[str], max_batch_size: int) -> list[int]:
    """Chooses the calls of the next batch.

    The call that waited longest is always in it, so nothing starves; the others are those that came next with the same
    key. With a delay of zero, which is all there is for now, a batch is what waits when an instance becomes free.

    Args:
        waiting: What may be batched together, one key for each waiting call, in the order of their arrival.
        max_batch_size: The most calls of a batch; at least 1.

    Returns:
        The places of the chosen calls in `waiting`, ascending; empty when nothing waits.
    """
    if not waiting:
        return []
    first = waiting[0]
    chosen: list[int] = []
    for place, key in enumerate(waiting):
        if key == first:
            chosen.append(place)
            if len(chosen) == max_batch_size:
                break
    return chosen


def retry_after_ms(waiting_count: int, latency_ms: float, instances: int, max_batch_size: int) -> int:
    """Estimates when half of what waits is done: the advice to a caller whom a full queue turned away.

    Args:
        waiting_count: Calls waiting.
        latency_ms: The usual time of a batch, in milliseconds; 0 when not known.
        instances: Batches computed at once.
        max_batch_size: The most calls of a batch.

    Returns:
        Milliseconds, from 10 to 10,000.
    """
    batches = waiting_count / max_batch_size / instances / 2
    return int(min(max(batches * latency_ms, 10.0), 10_000.0))
