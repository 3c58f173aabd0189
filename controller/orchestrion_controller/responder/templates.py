"""Fills the templates of task types: sentences with names in braces."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(r"\{(?P<input>input\.)?(?P<name>\w+)(?P<plain>:plain)?(?:\|(?P<words>[^{}]*))?\}")
_ENDINGS: Final = tuple(f"{mark}”" for mark in (*".!?…", "\u3002", "\uff01", "\uff1f"))


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a template."""

    name: str
    of_input: bool = False
    """Whether it was written `{input.name}`, so that it is none of an output."""
    plain: bool = False
    """Whether a text goes without quotation marks."""


def fill(template: str, words_for: Callable[[Name], str | None], *, inside: bool = False) -> str | None:
    """Fills a template.

    Args:
        template: A sentence with `{name}`, `{input.name}`, `{name:plain}` and `{name|words}` in it.
        words_for: Returns the words for a name; None where there are none.
        inside: Whether it goes into another sentence, and so begins with no capital letter.

    Returns:
        The sentence; None when there is nothing for a name that has no words of its own for that.
    """
    sentence, end = "", 0
    for match in _NAME.finditer(template):
        sentence = _joined(sentence, template[end : match.start()])
        name = Name(match["name"], bool(match["input"]), bool(match["plain"]))
        words = words_for(name)
        if words is None:
            words = match["words"]
        if words is None:
            return None
        if re.search(r"\b1 $", sentence) and re.fullmatch(r"\w+s", words):
            words = words[:-1]
        sentence += words
        end = match.end()
    sentence = _joined(sentence, template[end:])
    return sentence[:1].upper() + sentence[1:] if _begins_with_ours(sentence) and not inside else sentence


def _joined(sentence: str, following: str) -> str:
    """Adds what follows; a full stop is left out behind a quotation that ends with a mark of its own."""
    if following.startswith(".") and sentence.endswith(_ENDINGS):
        following = following[1:]
    return sentence + following


def _begins_with_ours(sentence: str) -> bool:
    """Whether the first word is the template's own; a file's name, for one, keeps its case."""
    return sentence.startswith(("it ", "nothing "))
