"""Short requests for each task type, in each language: `examples.yaml` of a language's folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from orchestrion_controller.languages.example_entries import RequestExample, parse
from orchestrion_controller.languages.messages import ENGLISH, read

FILE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "image": "photo.jpg",
        "image2": "sketch.png",
        "audio": "recording.wav",
        "audio2": "voice.wav",
        "text": "letter.txt",
        "text2": "note.txt",
        "video": "clip.mp4",
        "document": "table.csv",
    }
)
"""The files that examples speak of, by the names of their placeholders, where a request has none of its own."""

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def placeholders(request: str) -> frozenset[str]:
    """Returns the placeholders of the files that a request needs."""
    return frozenset(_PLACEHOLDER.findall(request))


def filled(request: str, files: Mapping[str, str] = FILE_NAMES) -> str:
    """Puts file names in the places of a request.

    Args:
        request: The request, with placeholders.
        files: The names by placeholder; those of `FILE_NAMES` stand for missing ones.
    """
    return _PLACEHOLDER.sub(lambda place: files.get(place[1]) or FILE_NAMES.get(place[1], place[0]), request)


def find(language: str, task_type: str, choices: Mapping[str, str] = MappingProxyType({})) -> RequestExample | None:
    """Returns the example of a task type with these choices, else of the task type alone, else None."""
    entries = examples(language).get(task_type) or examples(ENGLISH).get(task_type, ())
    fitting = [entry for entry in entries if entry.choices.items() <= choices.items()]
    return max(fitting, key=lambda entry: len(entry.choices), default=None)


@cache
def examples(language: str) -> Mapping[str, tuple[RequestExample, ...]]:
    """Reads the examples of a language, by task type; none of a language that has no folder.

    Raises:
        KeyError: One lacks `does` or `request`.
    """
    by_type: dict[str, tuple[RequestExample, ...]] = {}
    for key, entry in read(language, "examples.yaml").items():
        example = parse(key, entry)
        by_type[example.task_type] = (*by_type.get(example.task_type, ()), example)
    return MappingProxyType(by_type)
