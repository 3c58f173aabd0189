"""Values of a run as they stand in a line of data: whole where there is room, else their beginnings, told as such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrion.plans import Task
from orchestrion.values import ArtifactRef, Json, OutputRef, Value
from orchestrion_controller import wording
from orchestrion_controller.responder.llm.data_block import json_line, one_line, quoted
from orchestrion_controller.responder.llm.details import ShortForms, that_fit
from orchestrion_controller.responder.llm.extents import LeftOut
from orchestrion_controller.responder.llm.files import RunFiles

_LONGEST_INPUT: Final = 300
"""Characters of a text that the plan gives a task; what the task made of it is the result."""
_LONGEST_REPEATED: Final = 60
"""The same of one that stands in the request, which the model has before it."""
_SHOWN_NUMBERS: Final = 3


class ValueWriter:
    """Writes values; `left_out` has what there was no room for."""

    def __init__(self, files: RunFiles, said: str, short_forms: ShortForms, characters: int | None) -> None:
        """Prepares.

        Args:
            files: The files of the run.
            said: The request.
            short_forms: Those of side outputs.
            characters: Characters of each output; None for all.
        """
        self._files = files
        self._said = said
        self._short_forms = short_forms
        self._most = characters
        self.left_out: list[LeftOut] = []

    def output(self, task: Task, name: str, value: Value, principal: Value | None) -> str | None:
        """Writes an output.

        Args:
            task: The task.
            name: The output, or the item of it, as its alias has it.
            value: What it is.
            principal: The principal output; None where it is this one.

        Returns:
            Its words; empty where the principal output is the same, None where it has only more details.
        """
        if isinstance(value, str):
            return "" if value and value == principal else self._text(task, name, value)
        if isinstance(value, Json):
            beside = principal if isinstance(principal, str) else ""
            data = value.data if principal is None else self._short_forms.of((task.id, name), value.data, beside)
            return None if data is None else self._json(task, name, data)
        written = self._plain(value)
        is_said = isinstance(value, float) and isinstance(principal, str) and written in principal.split()
        return "" if is_said else written  # "3 zebras" has said the count of 3.

    def _text(self, task: Task, name: str, text: str) -> str:
        if self._most is None or len(text) <= self._most:
            return quoted(text)
        self.left_out.append(LeftOut(self._most, len(text), "characters", task.id, name))
        return f"{quoted(text[: self._most])} (the first {self._most} of {len(text)} characters)"

    def _json(self, task: Task, name: str, data: object) -> str:
        if isinstance(data, list) and wording.is_vector(data):
            return f"{len(data)} numbers, beginning with {json_line(data[:_SHOWN_NUMBERS])}"
        written, shown, count = that_fit(data, self._most)
        if shown == count:
            return written
        self.left_out.append(LeftOut(shown, count, "entries", task.id, name))
        return f"{written} (the first {shown} of {count} entries)"

    def _plain(self, value: Value) -> str:
        """Writes a number, a truth value, a file, or several."""
        if isinstance(value, tuple):
            return self._several(value) or ", ".join(self._plain(item) for item in value) or "nothing"
        if isinstance(value, ArtifactRef):
            return self._files.alias(value.name)
        return quoted(value) if isinstance(value, str) else wording.shown(value, None, {})

    def _several(self, items: Sequence[Value]) -> str:
        """Writes a list of nothing but files; empty for any other."""
        names = [item.name for item in items if isinstance(item, ArtifactRef)]
        return self._files.aliases(names) if names and len(names) == len(items) else ""

    def input(self, value: Value) -> str:
        """Writes an input; of a text only as much as tells which one it is."""
        if isinstance(value, tuple):
            return self._several(value) or ", ".join(self.input(item) for item in value) or "nothing"
        if isinstance(value, OutputRef):
            item = "" if value.index is None else f" {value.index + 1}"
            return one_line(f"{value.task_id}.{value.output}{item}")
        if isinstance(value, Json):
            return that_fit(value.data, _LONGEST_INPUT)[0]
        if not isinstance(value, str):
            return self._plain(value)
        most = _LONGEST_REPEATED if value in self._said else _LONGEST_INPUT
        if len(value) <= most:
            return quoted(value)
        return f"{quoted(value[:most])} (the beginning of {len(value)} characters)"
