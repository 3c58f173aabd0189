"""A run from its row and its events: the log is the source of truth. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Final

from orchestrion._codec import codec
from orchestrion.events import Event
from orchestrion.runs import Run
from orchestrion.snapshots import apply, of_run
from orchestrion.v1 import events_pb2, runs_pb2

LARGEST_RUN_BYTES: Final = (4 << 20) - (1 << 19)
"""The largest run that is sent, without the names of what was left out: clients in other languages take 4 MiB."""


def logged(row: Run, log: Iterable[Event]) -> Run:
    """Returns a run: its row, and what the numbered events of its log add to it."""
    return reduce(apply, log, of_run(row)).as_run()


def of_messages(row: Run, log: Iterable[events_pb2.Event]) -> Run:
    """Returns what `logged` does, from events as messages. Of a long log it takes seconds: not for an event loop."""
    return logged(row, (codec.decode(event, Event) for event in log))


def sent(run: Run) -> runs_pb2.Run:
    """Encodes a run; the largest parts of one that no message could carry are left out, outputs of tasks first."""
    message = codec.encode(run)
    excess = message.ByteSize() - LARGEST_RUN_BYTES
    if excess <= 0:
        return message
    for _, index in sorted(((result.ByteSize(), place) for place, result in enumerate(message.results)), reverse=True):
        result = message.results[index]
        size = result.ByteSize()
        result.ClearField("outputs")
        if freed := size - result.ByteSize():
            message.left_out.append(f"results[{index}].outputs")
            excess -= freed
        if excess <= 0:
            return message
    for part in ("results", "assignments", "plan", "messages", "answer"):
        message.ClearField(part)
        if part == "results":
            message.ClearField("left_out")
        message.left_out.append(part)
        if message.ByteSize() <= LARGEST_RUN_BYTES:
            break
    return message
