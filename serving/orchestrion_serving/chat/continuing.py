"""A reply that was cut at its limit: how to ask for the rest, and how to put both together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrion_serving.chat.parameters import Message

_GO_ON: Final = (
    "Your reply was cut off at the limit of its length. Continue it from exactly there, in the middle of a word where "
    "it was. Repeat nothing, and write nothing but the rest."
)
_LEAST_OVERLAP: Final = 12
"""From so many characters on, what both have in common is a repetition; less of it only where it begins a word."""
_LEAST_WORDS: Final = 3


def continuation(messages: Sequence[Message], reply: str) -> list[Message]:
    """Writes the conversation that asks for the rest of a reply.

    Args:
        messages: The conversation that the reply was cut in.
        reply: What came of it.
    """
    return [*messages, {"role": "assistant", "content": reply}, {"role": "user", "content": _GO_ON}]


class Joint:
    """Takes the rest of a reply in pieces, without what it repeats: its last words, or all of it from the start."""

    def __init__(self, reply: str) -> None:
        """Begins after what came first."""
        self._reply = reply
        self._held = ""
        self._is_joined = False

    def feed(self, text: str) -> str:
        """Takes the next piece; returns what is new in all that came."""
        if self._is_joined:
            return text
        self._held += text
        # As long as it is somewhere in the reply, it may be what the reply ends with.
        return "" if self._held in self._reply else self.close()

    def close(self) -> str:
        """Returns what was held back and is new."""
        self._is_joined = True
        new, self._held = self._held[self._overlap() :], ""
        return new

    def _overlap(self) -> int:
        longest = min(len(self._held), len(self._reply))
        for length in range(longest, 0, -1):
            if self._reply.endswith(self._held[:length]):
                before = self._reply[: len(self._reply) - length][-1:]
                begins_word = not before.isalnum() and length >= _LEAST_WORDS
                return length if begins_word or length >= _LEAST_OVERLAP else 0
        return 0
