"""What the encoder reads of a task type: its name in words, what it does, and what it takes and gives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_controller.planner.builtin.reading.pieces import Piece, Pieces

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONGEST: Final = 300
"""Characters of a description that are read."""

_BEGINNING, _END = 30, 10
"""How many pieces of a long description are read: its beginning, and its end, which says what it takes and gives."""


def words_of(name: str) -> str:
    """Spells a name out: `image-to-text`, `imageToText` and `Image_to_Text` are `image to text`."""
    return " ".join(re.split(r"[\W_]+", _CAMEL.sub(" ", name))).strip().lower()


def read_text(name: str, description: str, pieces: Pieces) -> tuple[list[Piece], int]:
    """Cuts a name and a description.

    Returns:
        The pieces, and how many of them are the name's, the mark at the beginning and the end of it included.
    """
    head = pieces.cut(name)
    rest = pieces.cut(description)[1:]
    if len(rest) > _BEGINNING + _END:
        rest = [*rest[:_BEGINNING], *rest[-_END:]]
    return [*head, *rest], len(head)


def description_of(task_type: TaskType) -> str:
    """Describes a task type: what it does, its inputs and its outputs."""
    said = " ".join(task_type.description.split())[:_LONGEST].rstrip(".")
    return f"{said}. takes {_kinds(task_type.inputs)}, gives {_kinds(task_type.outputs)}"


def _kinds(parameters: Sequence[Parameter]) -> str:
    kinds = dict.fromkeys(
        "text" if parameter.kind is ParameterKind.JSON else parameter.kind.name.lower() for parameter in parameters
    )
    return " and ".join(kinds) or "nothing"
