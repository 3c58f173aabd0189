"""HuggingGPT's names of task types, arguments and results, as data; what is in no table has the same name there.

The reference has 35 task types, and nearly all of the platform's have the same names, the Hub's tags. Arguments are
`text`, `image` and `audio`, whatever the words or files are for; results are told apart by what they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TASK_TYPES: Final[Mapping[str, str]] = {
    "depth-control": "depth-estimation",
    "image-editing": "image-to-image",
    "seg-control": "image-segmentation",
}
"""Its names of the same tasks."""

ARGUMENTS: Final[Mapping[str, str]] = {"instruction": "text", "prompt": "text", "question": "text"}
"""Its names of arguments."""

ARGUMENTS_OF: Final[Mapping[str, Mapping[str, str]]] = {
    "question-answering": {"question": "text", "text": "context"},
    "sentence-similarity": {"text": "text1", "other": "text2"},
}
"""Its names of arguments where a task type has some of its own."""

RESULTS: Final[Mapping[str, str]] = {
    "annotated_image": "generated image",
    "audio": "generated audio",
    "image": "generated image",
    "objects": "predicted",
    "segments": "predicted",
    "video": "generated video",
}
"""Its names of results."""

RESULTS_OF: Final[Mapping[str, Mapping[str, str]]] = {
    "conversational": {"text": "response"},
    "image-to-text": {"text": "generated text"},
    "summarization": {"text": "response"},
    "text-generation": {"text": "response"},
    "text2text-generation": {"text": "response"},
    "translation": {"text": "response"},
}
"""Its names of results where a task type has some of its own."""

BOX: Final[Mapping[str, str]] = {"x_max": "xmax", "x_min": "xmin", "y_max": "ymax", "y_min": "ymin"}
"""Its names of the edges of a box."""


def argument(task_type: str, name: str) -> str:
    """Returns its name of an input."""
    return ARGUMENTS_OF.get(task_type, {}).get(name) or ARGUMENTS.get(name, name)


def result(task_type: str, name: str) -> str:
    """Returns its name of an output."""
    return RESULTS_OF.get(task_type, {}).get(name) or RESULTS.get(name, name)
