"""Values inside a request: file names, quotations, addresses and long texts, each with a mark that stands for it."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion.plans import ParameterKind
from orchestrion_controller.languages.quotations import after_colon, quotations
from orchestrion_controller.planner import named_files
from orchestrion_controller.plans.kinds import kind_of_file_name

MARKS: Final = (
    "[image]",
    "[audio]",
    "[video]",
    "[document]",
    "[text file]",
    "[link]",
    "[question]",
    "[text]",
    "[phrase]",
)
"""What stands for a value that is set aside."""

_SHORT_WORDS: Final = 3
_LONGEST_QUESTION: Final = 40
_SENTENCE: Final = re.compile(r"[.;!?。；！？\"“„«「\n]\s*\S")
"""What the words before a text and its colon do not have: an end of a sentence, a quotation."""
_LONG_TEXT: Final = 600
"""A text of so many characters is a text as a whole, whatever it quotes: it is longer than what the reader reads."""
LONG_WORDS: Final = 15
"""How many words after a colon make a text of what follows."""


@dataclass(frozen=True, slots=True)
class Aside:
    """A value inside a request."""

    mark: str
    """One of `MARKS`."""
    text: str
    """The text as it is written, without its quotation marks; the name of a file."""
    start: int
    """Where it begins in the request, its quotation mark and the folders of a path included."""
    end: int

    @property
    def kind(self) -> ParameterKind:
        """What kind of value it is."""
        if self.mark in MARKS[:3]:
            return ParameterKind[self.mark.strip("[]").upper()]
        return ParameterKind.DOCUMENT if self.is_file else ParameterKind.TEXT

    @property
    def is_file(self) -> bool:
        """Whether it is the name of a file."""
        return self.mark in MARKS[:4]


def asides(request: str, file_names: Sequence[str] = (), *, long_words: int = LONG_WORDS) -> list[Aside]:
    """Finds the values inside a request, in order; none overlap.

    Args:
        request: The request, as it is written.
        file_names: The names of its attachments, which it may mention.
        long_words: How many words after a colon make a text of what follows.
    """
    asides: list[Aside] = _long_text(request)
    for item in named_files.find(request, file_names):
        if isinstance(item, named_files.NamedLink):
            _add(asides, Aside("[link]", item.url, item.start, item.end))
        else:
            _add(asides, Aside(_mark_of_file(item.name), item.name, item.start, item.end))
    for quotation in quotations(request):
        _add(asides, Aside(_mark_of(quotation.text), quotation.text, quotation.start, quotation.end))
    last = max((item.end for item in asides), default=0)
    rest = after_colon(request, last)
    if rest and len(rest.text.split()) >= long_words:
        _add(asides, Aside("[text]", rest.text, rest.start, rest.end))
    return sorted(asides, key=lambda item: item.start)


def _long_text(request: str) -> list[Aside]:
    """Finds a long text that a colon or a line break sets off from the words about it, which come before or after."""
    if any(len(item.text) >= _LONG_TEXT / 2 for item in quotations(request)):
        return []  # It ends where its quotation marks do.
    whole = len(request)
    colon = after_colon(request)
    if colon and not _SENTENCE.search(request[: colon.start]):
        spans = [(colon.start, whole)]
    else:
        # The words about a text are shorter than its first and last paragraph mostly are.
        last = max(request.rstrip().rfind("\n\n"), 0)
        spans = sorted([(request.find("\n") + 1, whole), (0, last)], key=lambda span: span[0] - span[1])
    for start, end in spans:
        text = request[start:end]
        if len(text.strip()) >= _LONG_TEXT > 2 * (whole - len(text)) > 0:
            begins = start + len(text) - len(text.lstrip())
            return [Aside("[text]", text.strip(), begins, begins + len(text.strip()))]
    return []


def _mark_of_file(name: str) -> str:
    kind = kind_of_file_name(name)
    return f"[{kind.name.lower()}]" if kind else "[document]"


def _mark_of(text: str) -> str:
    count = len(text.split())
    if text.rstrip().endswith(("?", "？")) and count < _LONGEST_QUESTION:
        return "[question]"
    return "[phrase]" if count <= _SHORT_WORDS else "[text]"


def _add(asides: list[Aside], item: Aside) -> None:
    """Adds a value unless it overlaps another."""
    if not any(item.start < other.end and other.start < item.end for other in asides):
        asides.append(item)
