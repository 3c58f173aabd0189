"""What lists show of the messages of a run: their beginnings, which lie in its row, so that a list reads no events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from orchestrion._codec import codec
from orchestrion.runs import Message
from orchestrion.v1 import runs_pb2

_ONE: Final = 200
_TOGETHER: Final = 1_000
_ARTIFACTS: Final = 16
"""How much is kept: characters of one message and of all, and artifacts of one."""


def beginnings(messages: Iterable[Message]) -> bytes:
    """Returns the beginnings of the newest messages, as a serialized Run that has nothing else."""
    kept: list[Message] = []
    room = _TOGETHER
    for message in reversed(tuple(messages)):
        text = message.text[: min(_ONE, room)]
        if kept and not text:
            break
        room -= len(text)
        kept.append(Message(text, message.role, message.artifacts[:_ARTIFACTS]))
    shown = runs_pb2.Run(messages=[codec.encode(message) for message in reversed(kept)])
    return shown.SerializeToString()


def shown_messages(content: bytes | None) -> tuple[Message, ...]:
    """Returns what `beginnings` kept; nothing where a row has none."""
    return tuple(codec.decode(message, Message) for message in runs_pb2.Run.FromString(content or b"").messages)
