"""Fills templates: sentences with names in braces."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

_SLOT: Final = re.compile(
    r"\{(?:(?P<of>input|most)\.)?(?P<name>\w+)(?::(?P<form>\w+))?(?:#(?P<plurals>[^{}|]*))?(?:\|(?P<words>[^{}]*))?\}"
)
_MARKS: Final = ".!?…\u3002\uff01\uff1f"
_FULL_STOPS: Final = (".", "\u3002")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of a template, and what stands there."""

    name: str
    """The output, or else the input."""
    of: str = ""
    """`input` where it is none of an output; `most` for that of the result with the highest number, in a total."""
    form: str = ""
    """How it is written: `plain` without quotation marks, `label`, `language`, `counted`, …; see `Phrasing.write`."""
    plurals: tuple[str, ...] = ()
    """The forms of a word that depend on the number."""

    @property
    def of_input(self) -> bool:
        """Whether it stands for an input alone."""
        return self.of == "input"


def fill(
    template: str,
    words_for: Callable[[Slot], str | None],
    *,
    closing: str = "”",
    own: Collection[str] = (),
    inside: bool = False,
) -> str | None:
    """Fills a template.

    Args:
        template: A sentence with `{name}`, `{input.name}`, `{name:form}`, `{name#one#many}` and `{name|words}` in it.
        words_for: Returns the words for a place; None where there are none.
        closing: The quotation mark at the end of a text.
        own: Words that are no names, and begin with a capital where the sentence begins with them.
        inside: Whether it goes into another sentence, and so begins with no capital letter.

    Returns:
        The sentence; None when there is nothing for a place that has no words of its own for that.
    """
    sentence, end = "", 0
    for match in _SLOT.finditer(template):
        sentence = _joined(sentence, template[end : match.start()], closing)
        plurals = tuple(match["plurals"].split("#")) if match["plurals"] is not None else ()
        words = words_for(Slot(match["name"], match["of"] or "", match["form"] or "", plurals))
        if words is None:
            words = match["words"]
        if words is None:
            return None
        if not sentence and not inside and (plurals or words in own):
            words = words[:1].upper() + words[1:]
        sentence += words
        end = match.end()
    return _joined(sentence, template[end:], closing)


def _joined(sentence: str, following: str, closing: str) -> str:
    """Adds what follows; a full stop is left out behind a quotation that ends with a mark of its own."""
    quotes = bool(closing) and sentence.endswith(closing)
    if quotes and following.startswith(_FULL_STOPS) and sentence[: -len(closing)].rstrip()[-1:] in (*_MARKS,):
        following = following[1:]
    return sentence + following
