"""Finds texts of a plan that are almost, but not quite, what the person wrote.

A language model that copies a text sometimes corrects, shortens or adorns it. Whether a text was to be taken over or
made up is never certain, so nothing is rewritten: a text that nearly equals a quoted one, and differs from
it in its letters, is questioned once, in the planner's turn for repairs. If the model repeats it, it is accepted.
"""

# ruff: noqa: RUF001 - People and models write with the marks of many scripts.

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Task, TaskType
from orchestrion_controller import wording

_QUOTES: Final = (
    ("“", "”"),
    ("„", "“"),
    ("„", "”"),
    ('"', '"'),
    ("«", "»"),
    ("»", "«"),
    ("「", "」"),
    ("『", "』"),
)
_QUOTED: Final = re.compile(
    "|".join(f"{re.escape(begin)}([^{re.escape(begin + end)}]+){re.escape(end)}" for begin, end in _QUOTES)
    # A single quote between letters is an apostrophe.
    + r"|(?<!\w)['‘]((?:[^'’]|(?<=\w)['’](?=\w))+)['’](?!\w)"
)
_AFTER_COLON: Final = re.compile(r":\s+(\S.*)$", re.MULTILINE)
_SHORTEST: Final = 8
"""The shortest text that is compared, in characters: shorter ones are similar by accident."""
_ALIKE: Final = 0.85


def quotations(text: str) -> tuple[str, ...]:
    """Lists what a request marks as text to be taken as it is: in quotation marks, or after a colon."""
    quoted = [next(group for group in match.groups() if group) for match in _QUOTED.finditer(text)]
    return tuple(dict.fromkeys(part.strip() for part in [*quoted, *_AFTER_COLON.findall(text)] if part.strip()))


class LiteralCheck:
    """Checks the texts of a plan against those of a request."""

    def __init__(self, request_texts: Sequence[str], named_texts: Mapping[str, str] = MappingProxyType({})) -> None:
        """Prepares a check.

        Args:
            request_texts: What the person wrote, message by message.
            named_texts: Other texts that may be taken over, such as earlier results, by the names that plans have for
                them.
        """
        self._whole = "\n".join([*request_texts, *named_texts.values()])
        self._named = {name: " ".join(text.split()) for name, text in named_texts.items()}
        self._quotations = [quotation for text in request_texts for quotation in quotations(text)]

    def question(self, task: Task, task_type: TaskType, index: int) -> OrchestrionError | None:
        """Returns the question to a text of a task that differs a little from what the request says; None for none."""
        for name, value in task.inputs.items():
            parameter = task_type.input(name)
            if parameter is None or parameter.choices:
                continue
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and (whole := self._begun(text)):
                    return _begun(task, name, index, whole)
                if isinstance(text, str) and (meant := self._almost(text)):
                    return _altered(task, name, index, text, meant)
        return None

    def _begun(self, text: str) -> str:
        """Returns the name of the text of which one is the beginning, as notes show it; empty where there is none."""
        beginning = " ".join(text.split()).removesuffix("…").removesuffix("...").strip()
        is_cut = len(beginning) >= _SHORTEST and text.rstrip().endswith(("…", "..."))
        return next((name for name, whole in self._named.items() if is_cut and whole.startswith(beginning)), "")

    def _almost(self, text: str) -> str:
        """Returns the quotation that a text nearly is; empty where it is one, or like none."""
        if len(text) < _SHORTEST or text.strip() in self._whole:
            return ""
        alike = (
            (SequenceMatcher(None, text, quotation, autojunk=False).ratio(), quotation)
            for quotation in self._quotations
            if len(quotation) >= _SHORTEST
        )
        ratio, closest = max(alike, default=(0.0, ""))
        return closest if ratio >= _ALIKE else ""


def _begun(task: Task, name: str, index: int, whole: str) -> OrchestrionError:
    message = f'`{name}` of `{task.id}` is only the beginning of a text: give "${whole}" for all of it.'
    return Reason.PLAN_INVALID.error(message, task_id=task.id, field=f"plan.tasks[{index}].inputs.{name}")


def _altered(task: Task, name: str, index: int, text: str, meant: str) -> OrchestrionError:
    message = (
        f"`{name}` of `{task.id}` is {wording.quoted(text, 200)}, but the request says {wording.quoted(meant, 200)}: "
        "copy it letter by letter; change it only if the request asks for that."
    )
    message = message.encode(errors="replace").decode()
    return Reason.PLAN_INVALID.error(message, task_id=task.id, field=f"plan.tasks[{index}].inputs.{name}")
