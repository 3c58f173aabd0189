"""What people are told, in their language: `messages.yaml` of its folder, by key, in English where it lacks one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from orchestrion.values import JsonObject
from orchestrion_controller.languages.folders import load

ENGLISH: Final = "en"


def message(language: str, key: str, /, **values: str) -> str:
    """Writes a message.

    Args:
        language: The tag of the language.
        key: Which message; `messages.yaml` of English has all of them.
        **values: What stands for `{name}` in it.

    Raises:
        KeyError: There is no such message.
    """
    own = messages(language)
    return (own if key in own else messages(ENGLISH))[key].format(**values)


def joined(language: str, parts: Sequence[str]) -> str:
    """Writes parts one after the other, as a language lists them."""
    listed = ""
    for part in parts:
        listed = message(language, "joined", first=listed, second=part) if listed else part
    return listed


@cache
def messages(language: str) -> Mapping[str, str]:
    """Reads the messages of a language, by key; none of a language that has no folder."""
    return {str(key): str(text) for key, text in read(language, "messages.yaml").items()}


def read(language: str, name: str) -> JsonObject:
    """Reads a file of a language's folder; empty where there is none."""
    folders = load()
    return dict(folders[language].read(name)) if language in folders else {}
