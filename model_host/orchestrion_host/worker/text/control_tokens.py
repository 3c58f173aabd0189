"""Control tokens such as `</s>`, `[MASK]` or `<|endoftext|>`: what a person writes of them is text like any other.

A tokenizer reads the name of a control token in a text as the token itself, so that a sentence about `</s>` ends there.
"""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Regex, pre_tokenizers

from orchestrion_host.worker.library_types import Tokenizer


def as_text(tokenizer: Tokenizer) -> Tokenizer:
    """Makes a tokenizer of the library transformers read control tokens in texts as text, unless a call says otherwise.

    A call that does passes `split_special_tokens=False`. The marks that the tokenizer puts around texts itself stay.

    Args:
        tokenizer: It is changed, and returned.
    """
    tokenizer.split_special_tokens = True
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        encode_as_text(backend)
    return tokenizer


def encode_as_text(backend: Tokenizer) -> None:
    """Makes a tokenizer of the package `tokenizers` read control tokens in texts as text.

    Args:
        backend: It is changed.
    """
    backend.encode_special_tokens = True
    names = [token.content for token in backend.get_added_tokens_decoder().values() if token.special]
    # Models of the kinds Unigram and WordLevel have the names among their pieces, and would choose them again.
    if pattern := _beginnings(names):
        split = pre_tokenizers.Split(Regex(pattern), "isolated")
        own = backend.pre_tokenizer
        backend.pre_tokenizer = split if own is None else pre_tokenizers.Sequence([own, split])


def occur(text: str, tokenizer: Tokenizer) -> bool:
    """Tells whether a text has the name of a control token in it."""
    return any(name in text for name in tokenizer.all_special_tokens)


def spaced(text: str, names: Iterable[str]) -> str:
    """Writes control tokens in a text with a space behind their first character.

    For tokenizers that split at all punctuation, which reads the same with a space and without.
    """
    for name in names:
        if len(name) > 1:
            text = text.replace(name, f"{name[0]} {name[1:]}")
    return text


def _beginnings(names: Iterable[str]) -> str:
    """Returns a pattern of the first character of each name where the rest follows."""
    rests: dict[str, list[str]] = {}
    for name in names:
        if len(name) > 1:
            rests.setdefault(name[0], []).append(_escaped(name[1:]))
    return "|".join(f"{_escaped(first)}(?={'|'.join(own)})" for first, own in rests.items())


def _escaped(text: str) -> str:
    return "".join(letter if letter.isalnum() or not letter.isascii() else f"\\{letter}" for letter in text)
