"""Which run a conversation goes on from.

A caller of chat completions sends the whole conversation each time and names no run. The run that wrote the last answer
has more than its text: what was planned, done and made, which "the same for this one" needs. So the gateway remembers,
in bounded memory, which run answered which conversation. Where it does not any more, as after a restart, the messages
are sent as they are, with the files that earlier answers link to.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrion import Message, Role

_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Continuation:
    """What is sent to go on with a conversation."""

    messages: tuple[Message, ...]
    """The messages that the previous run has not seen."""
    previous_run: str = ""
    """The run that answered before, `runs/{run}`; empty where nobody knows of one."""


@dataclass(slots=True)
class Conversations:
    """The runs of the conversations that were answered last."""

    _runs: OrderedDict[bytes, str] = field(default_factory=OrderedDict)

    def continued(self, messages: Sequence[Message]) -> Continuation:
        """Returns what is to be sent of a conversation, and the run that it goes on from."""
        answered = max((place for place, turn in enumerate(messages) if turn.role is Role.ASSISTANT), default=-1)
        if answered >= 0:
            run = self._runs.get(_digest(messages[: answered + 1]))
            if run is not None:
                # What the operator orders holds for the request that it comes with, and is sent with each.
                orders = (turn for turn in messages[:answered] if turn.role is Role.SYSTEM)
                return Continuation((*orders, *messages[answered + 1 :]), run)
        return Continuation(tuple(messages))

    def remember(self, messages: Sequence[Message], answer: Message, run: str) -> None:
        """Keeps the run that answered a conversation, and forgets the oldest beyond ten thousand."""
        key = _digest((*messages, answer))
        self._runs[key] = run
        self._runs.move_to_end(key)
        if len(self._runs) > _MOST:
            self._runs.popitem(last=False)


def _digest(messages: Iterable[Message]) -> bytes:
    digest = hashlib.sha256()
    for message in messages:
        # Clients trim what they send back.
        for part in (str(int(message.role)), message.text.strip(), *message.artifacts, ""):
            encoded = part.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()
