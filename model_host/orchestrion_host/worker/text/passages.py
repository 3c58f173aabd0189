"""Cuts texts that are longer than a model reads into passages, at the ends of sentences where it can."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from orchestrion_host.worker.text import sentences

_MOST_CHARACTERS: Final = 64
"""Characters that no token has on average: a text of more for each token of the model is too long without counting."""


class Tokens(Protocol):
    """What counts the tokens of a model."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text the model reads."""

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Counts the tokens of each text."""


def cut(
    texts: Sequence[str], tokens: Tokens, wanted: Callable[[str], bool] = lambda _text: True
) -> dict[str, list[tuple[str, int]]]:
    """Cuts each text into as few passages as the model can read.

    Args:
        texts: The texts.
        tokens: Counts the tokens of the model.
        wanted: Whether somebody still waits for a text. It is looked at again and again, since some tokenizers need
            seconds for a book; what nobody waits for is not counted, and stays as it is.

    Returns:
        For each text its passages in order, at least one, each with the number of its tokens, at most `max_tokens`.
    """
    most = tokens.max_tokens * _MOST_CHARACTERS
    short = [text for text in texts if len(text) <= most]
    counts = dict(zip(short, tokens.token_counts(short) if short else [], strict=True))
    return {
        text: [(text, count)]
        if (count := counts.get(text, tokens.max_tokens + 1)) <= tokens.max_tokens
        else _passages(text, tokens, wanted)
        for text in texts
    }


def _passages(text: str, tokens: Tokens, wanted: Callable[[str], bool]) -> list[tuple[str, int]]:
    pieces: list[tuple[str, int]] = []
    for sentence in sentences.split(text):
        for readable in _readable(sentence.text, tokens):
            if not wanted(text):
                return [(text, tokens.max_tokens)]
            pieces.append(readable)
    if not pieces:
        return [(text, tokens.max_tokens)]
    one, two = tokens.token_counts(["a", "a a"])
    # What two texts have once when they are one, less the token that the space between them is to some.
    shared = 2 * one - two
    packed: list[tuple[str, int]] = []
    for piece, count in pieces:
        last, size = packed[-1] if packed else ("", 0)
        if packed and size + count - shared <= tokens.max_tokens:
            packed[-1] = (f"{last} {piece}", size + count - shared)
        else:
            packed.append((piece, count))
    return packed


def _readable(sentence: str, tokens: Tokens) -> Iterator[tuple[str, int]]:
    """Halves what is too long even as one sentence, such as tables of numbers and text without any spaces."""
    if len(sentence) <= tokens.max_tokens * _MOST_CHARACTERS:
        [count] = tokens.token_counts([sentence])
        if count <= tokens.max_tokens or len(sentence) < 2:
            yield sentence, min(count, tokens.max_tokens)
            return
    middle = len(sentence) // 2
    space = sentence.rfind(" ", 1, middle)
    place = middle if space < 0 else space
    for half in (sentence[:place], sentence[place:].strip()):
        yield from _readable(half, tokens)
