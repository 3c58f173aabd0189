"""The language of whoever asks: that of their last message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrion.runs import Role
from orchestrion_controller import languages
from orchestrion_controller.languages import language_names
from orchestrion_controller.languages.messages import ENGLISH
from orchestrion_controller.stages import RespondingRequest

_LEAST_PROBABILITY: Final = 0.9
"""Among all languages, less than this says nothing certain."""


@dataclass(frozen=True, slots=True)
class AskerLanguage:
    """The language of a request."""

    tag: str = ENGLISH
    """The language to answer in, one that there is a folder for."""
    name: str = ""
    """The English name of the language of the request, whichever it is; empty where that is not certain."""


async def language_of(request: RespondingRequest) -> AskerLanguage:
    """Finds the language of a request."""
    people = (message.text for message in reversed(request.messages) if message.role in (Role.USER, Role.UNSPECIFIED))
    await languages.prepared()
    return _language_of(next(people, ""))


def _language_of(text: str) -> AskerLanguage:
    tag, likeliest = languages.detect(text), languages.detect_any(text)
    if likeliest.tag != tag and likeliest.probability < _LEAST_PROBABILITY:
        return AskerLanguage(tag)
    name = language_names.name_of(likeliest.tag, ENGLISH)
    return AskerLanguage(tag, "" if name == likeliest.tag else name)
