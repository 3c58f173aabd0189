"""Marks: pieces beyond those of words, for what is set aside in a request and for what there is beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrion.plans import ParameterKind
from orchestrion.runs import Artifact
from orchestrion_controller.planner import asides
from orchestrion_controller.plans.kinds import kind_of_media_type, reads_as_text

MARKS: Final = (
    *asides.MARKS,
    "[attached image]",
    "[attached audio]",
    "[attached video]",
    "[attached document]",
    "[attached text file]",
    "[earlier turn]",
)
"""What stands for a value that is set aside, and what there is before the request."""

MOST_FILES: Final = 4
"""How many of a request's files the reader is told of."""


def beside(files: Sequence[Artifact], *, follows: bool = False) -> list[str]:
    """Lists the marks that tell what there is beside a request: an earlier turn, and its files, a few of many."""
    return [*(["[earlier turn]"] if follows else []), *(_attached(item) for item in files[:MOST_FILES])]


def attached(kind: ParameterKind, *, is_text: bool) -> str:
    """The mark for a file that comes with a request."""
    return "[attached text file]" if is_text else f"[attached {kind.name.lower()}]"


def _attached(artifact: Artifact) -> str:
    return attached(kind_of_media_type(artifact.media_type), is_text=reads_as_text(artifact.media_type))
