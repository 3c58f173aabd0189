"""What people are told, in their language: `messages.yaml` of its folder, by key, in English where it lacks one."""

from __future__ import annotations

from collections.abc import Mapping
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


def language_name(language: str, tag: str) -> str:
    """Writes the name of a language as another one has it, in English where that lacks it, or else its tag."""
    folders = load()
    names = [folders[folder].names for folder in (language, ENGLISH) if folder in folders]
    return next((str(name) for listed in names if (name := listed.get(tag))), tag)


@cache
def messages(language: str) -> Mapping[str, str]:
    """Reads the messages of a language, by key; none of a language that has no folder."""
    return {str(key): str(text) for key, text in read(language, "messages.yaml").items()}


def read(language: str, name: str) -> JsonObject:
    """Reads a file of a language's folder; empty where there is none."""
    folders = load()
    return dict(folders[language].read(name)) if language in folders else {}
