"""What the words for an option come to: its number, its language, its text."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion.plans import Parameter, ParameterKind
from orchestrion.values import Value
from orchestrion_controller.languages import voices
from orchestrion_controller.languages.amounts import Amount
from orchestrion_controller.languages.language_names import LanguageName
from orchestrion_controller.languages.quotations import quotations
from orchestrion_controller.plans import quantities

LANGUAGES: Final = frozenset({"language", "source_language", "spoken_language"})
"""The inputs that are a language's tag, which no file and no step gives."""

_TRIM: Final = " \t\r\n:：,，"
VOICE: Final = "voice"
"""The input that is a kind of voice, or the name of an expert's."""
_SPEAKER: Final = re.compile(r"[A-Za-z]+[-_+/\d][\w+/-]*")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a request for one option."""

    text: str
    change: str
    """How they change it: up or down, by a lot or a bit; one of `CHANGES` of the heads."""
    amounts: Sequence[Amount] = ()
    """The amounts among them."""
    languages: Sequence[LanguageName] = ()
    """The names of languages among them."""


def value(parameter: Parameter, words: Words) -> Value | None:
    """Reads the value of an option from its words; None where they give none."""
    if parameter.name in LANGUAGES:
        return words.languages[0].tag if words.languages else None
    if parameter.kind is ParameterKind.NUMBER:
        return quantities.number(parameter, words.amounts, words.change)
    if parameter.name == VOICE:
        return voices.read(words.text) or _speaker(words.text)
    return text(words.text) or None


def _speaker(words: str) -> str | None:
    """The name of an expert's voice, which stands in quotation marks or looks like none of a language's words."""
    quoted = next((item.text for item in quotations(words)), None)
    return quoted or next((word for word in words.split() if _SPEAKER.fullmatch(word)), None)


def text(words: str) -> str:
    """Takes white space, a colon, and the quotation marks around all of it off a text."""
    words = words.strip(_TRIM)
    whole = next(iter(quotations(words)), None)
    return whole.text if whole and (whole.start, whole.end) == (0, len(words)) else words
