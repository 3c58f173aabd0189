"""Stop sequences: a text that is streamed ends before the first of them, and what might begin one waits."""

from __future__ import annotations

from collections.abc import Sequence


class StopSequences:
    """Lets a streamed text through up to the first stop sequence."""

    def __init__(self, sequences: Sequence[str]) -> None:
        """Looks for sequences, of which none is empty."""
        self._sequences = tuple(sequences)
        self._held = ""
        self.stopped = False
        """Whether one has come: nothing follows."""

    def feed(self, piece: str) -> str:
        """Returns what can be shown after the next piece of the text."""
        if self.stopped:
            return ""
        text = self._held + piece
        places = [place for sequence in self._sequences if (place := text.find(sequence)) >= 0]
        if places:
            self.stopped, self._held = True, ""
            return text[: min(places)]
        waiting = max((_beginning(text, sequence) for sequence in self._sequences), default=0)
        shown = text[: len(text) - waiting]
        self._held = text[len(shown) :]
        return shown

    def close(self) -> str:
        """Returns what waited, once the text has ended."""
        rest, self._held = self._held, ""
        return rest


def _beginning(text: str, sequence: str) -> int:
    """Returns how many characters at the end of a text begin a sequence."""
    longest = min(len(text), len(sequence) - 1)
    return next((length for length in range(longest, 0, -1) if text.endswith(sequence[:length])), 0)
