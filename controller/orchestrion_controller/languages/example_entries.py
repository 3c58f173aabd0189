"""An entry of `examples.yaml`: what a task type does, and a request for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrion.values import JsonObject


@dataclass(frozen=True, slots=True)
class RequestExample:
    """What a task type does, with a choice of its inputs where it has some, and a request for it."""

    task_type: str
    """The name of the task type."""
    choices: Mapping[str, str]
    """The values of inputs with choices that the request asks for, by name."""
    does: str
    """What it does, as words that follow "it can": "read the text in a picture"."""
    request: str
    """A short request, with placeholders of `FILE_NAMES` for files."""
    file_request: str = ""
    """The same for a text in a file, where the request has its text in quotation marks."""


def parse(key: str, entry: JsonObject) -> RequestExample:
    """Reads one entry of the file.

    Args:
        key: A task type, or one with a choice: `image-to-text domain=caption`.
        entry: `does` and `request`, and perhaps `file_request`.

    Raises:
        KeyError: It lacks `does` or `request`.
    """
    task_type, *chosen = key.split()
    choices = dict(choice.split("=", 1) for choice in chosen)
    return RequestExample(task_type, choices, entry["does"], entry["request"], entry.get("file_request", ""))
