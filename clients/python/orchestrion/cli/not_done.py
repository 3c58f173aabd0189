"""What is not done of a request, and what is asked, in lines: all of it, however many lines that takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrion.refusals import NotDone, Question


def lines(parts: Sequence[NotDone], questions: Sequence[Question] = ()) -> list[str]:
    """Writes each part, with the request (`>`) and the command (`$`) for it, then the questions.

    The lines are as the server sent them: `printer.printable` takes out of them what would steer a terminal.
    """
    written: list[str] = []
    for part in parts:
        written.append(f"`{part.words}`: {part.reason}" if part.words else part.reason)
        if part.nearest_request:
            written.append(f"  > {part.nearest_request}")
        if part.command:
            written.append(f"  $ {part.command}{_size(part.download_bytes)}")
    written += [line for question in questions for line in question_lines(question)]
    return list(dict.fromkeys(written))


def question_lines(question: Question) -> list[str]:
    """Writes a question and its choices, numbered."""
    return [question.text, *(f"{number}. {item.text}" for number, item in enumerate(question.choices, start=1))]


def _size(count: int) -> str:
    if not count:
        return ""
    from rich.filesize import decimal

    return f"  ({decimal(count)})"
