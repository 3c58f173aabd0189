"""Counts tokens as GPT-4's tokenizer does (cl100k_base), whose ranks come with the package `bpe-openai`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import cache
from typing import Protocol


class _Encoding(Protocol):
    def encode_ordinary(self, text: str) -> list[int]: ...


@cache
def _encoding() -> _Encoding:
    with warnings.catch_warnings():
        # It reads its files with a function of importlib.resources that Python 3.11 and 3.12 call deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai

        encoding: _Encoding = bpe_openai.get_encoding("cl100k_base")
    return encoding


def token_count(texts: Iterable[str]) -> int:
    """Counts the tokens of texts; what a chat's form adds to each message, three or four tokens, is not counted."""
    return sum(len(_encoding().encode_ordinary(text)) for text in texts)
