"""Tokens into text as they are generated: pieces of whole characters, and the parts of a text in their order."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Tokenizer

_UNFINISHED = "\ufffd"


class Detokenizer:
    """Turns the tokens of one row into text, a piece whenever its characters are whole.

    A character may take several tokens, and what a token says may depend on the one before it, such as whether there
    is a space; so tokens are decoded together with those of the last piece, and the difference is what is new.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        before: Sequence[int] = (),
        *,
        keeps_spaces: bool = False,
        ends: Sequence[str] = (),
        silent: Collection[int] = (),
    ) -> None:
        """Starts with nothing written.

        Args:
            tokenizer: Decodes tokens.
            before: The last tokens in front of the text, which go on in it.
            keeps_spaces: Whether white space at both ends belongs to the text.
            ends: Texts at which it ends; neither they nor what follows them belong to it.
            silent: Tokens that say nothing, such as those of languages.
        """
        self._tokenizer = tokenizer
        self._tokens = list(before)
        self._start = 0
        self._decoded_count = len(self._tokens)
        self._keeps_spaces = keeps_spaces
        self._held = ""
        self._possible = ""
        self._ends = ends
        self._silent = silent
        self.is_ended = False
        """Whether one of the ends was reached."""
        self.text = ""

    def add(self, token: int) -> str:
        """Takes in a token and returns the text that is certain now, often a word, sometimes nothing."""
        if token in self._silent:
            return ""
        self._tokens.append(token)
        return self._written(is_last=False)

    def end(self) -> str:
        """Returns what was held back."""
        return self._written(is_last=True)

    def _written(self, *, is_last: bool) -> str:
        before = self._decoded(self._tokens[self._start : self._decoded_count])
        now = self._decoded(self._tokens[self._start :])
        if not is_last and (len(now) <= len(before) or now.endswith(_UNFINISHED)):
            return ""
        self._start, self._decoded_count = self._decoded_count, len(self._tokens)
        return self._trimmed(self._until_end(now[len(before) :], is_last=is_last))

    def _decoded(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=True) if tokens else ""
        return text

    def _until_end(self, piece: str, *, is_last: bool) -> str:
        """Returns the text up to an end, and holds back what may be the beginning of one."""
        if not self._ends:
            return piece
        text, self._possible = self._possible + piece, ""
        if self.is_ended:
            return ""
        places = [place for end in self._ends if (place := text.find(end)) >= 0]
        if places:
            self.is_ended = True
            return text[: min(places)]
        if not is_last:
            most = max(len(end) for end in self._ends) - 1
            sizes = [size for size in range(1, most + 1) for end in self._ends if text.endswith(end[:size])]
            cut = len(text) - max(sizes, default=0)
            text, self._possible = text[:cut], text[cut:]
        return text

    def _trimmed(self, piece: str) -> str:
        """Holds white space back until something follows it."""
        if not self._keeps_spaces:
            piece = (self._held + piece) if self.text else piece.lstrip()
            kept = piece.rstrip()
            piece, self._held = kept, piece[len(kept) :]
        self.text += piece
        return piece


class OrderedParts:
    """The parts of a text that are written at the same time, streamed one after the other."""

    def __init__(self, call: Call, separators: Sequence[str]) -> None:
        """Starts with the first part.

        Args:
            call: Gets the pieces of the output `text`.
            separators: What stands in front of each part.
        """
        self._call = call
        self._separators = separators
        self._waiting = [""] * len(separators)
        self._ended = [False] * len(separators)
        self._current = -1
        self._next()

    def add(self, part: int, piece: str) -> None:
        """Takes in a piece of a part; it goes out at once when the parts before it are done."""
        if part == self._current:
            self._send(piece)
        else:
            self._waiting[part] += piece

    def end(self, part: int) -> None:
        """Notes that a part is complete."""
        self._ended[part] = True
        while self._current < len(self._ended) and self._ended[self._current]:
            self._next()

    def _next(self) -> None:
        self._current += 1
        if self._current < len(self._waiting):
            self._send(self._separators[self._current] + self._waiting[self._current])

    def _send(self, piece: str) -> None:
        if piece and not self._call.cancelled:
            self._call.text_piece("text", piece)
