"""How the text of an answer is made to name files as they are saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrion.plans import TaskResult

Worded = Callable[["Sequence[TaskResult]", str], str]
"""Puts the names of saved files into a text of an answer, by the results of its run."""


def as_it_is(results: Sequence[TaskResult], text: str) -> str:
    """Returns a text of an answer whose files are not saved."""
    del results
    return text
