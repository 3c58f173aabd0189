"""Reads files of JSON records, one a line or in an array, and their fields; errors say where and what to do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonData, JsonObject

_SHOWN = 60
"""Characters of a wrong value that are shown."""


@dataclass(frozen=True, slots=True)
class Record:
    """One JSON object of a file."""

    place: str
    """Where it stands, such as `dev.jsonl, line 3`."""
    fields: JsonObject

    def error(self, field: str, fault: str) -> OrchestrionError:
        """Builds the error about a field; `fault` says what is wrong and the cure."""
        return Reason.INVALID_FIELD.error(f"{self.place}, {field}: {fault}", field=field, place=self.place)

    def find(self, *names: str) -> tuple[str, object]:
        """Returns the name and value of the first of these fields that is there; `None` counts as missing.

        Raises:
            InvalidArgumentError: None of them is.
        """
        for name in names:
            if self.fields.get(name) is not None:
                return name, self.fields[name]
        others = f" (or {', '.join(f'`{name}`' for name in names[1:])})" if names[1:] else ""
        raise self.error(names[0], f"there is no such field; add `{names[0]}`{others}.")

    def get(self, *names: str, default: object) -> tuple[str, object]:
        """As `find`, with a default where none of the fields is there."""
        return self.find(*names) if any(self.fields.get(name) is not None for name in names) else (names[0], default)

    def text(self, *names: str) -> str:
        """Returns the text of a field.

        Raises:
            InvalidArgumentError: There is none, or it is empty or no text.
        """
        name, value = self.find(*names)
        if not isinstance(value, str) or not value.strip():
            raise self.error(name, f"{shown(value)} is no text; write one that is not empty.")
        return value

    def items(self, name: str, value: object) -> Sequence[JsonData]:
        """Returns the list of a field, which may also be written as a JSON text.

        Raises:
            InvalidArgumentError: It is no list.
        """
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except json.JSONDecodeError as error:
                raise self.error(name, f"the text is no JSON ({_reason(error)}); write a JSON array.") from error
        if not isinstance(value, list):
            raise self.error(name, f"{shown(value)} is no list; write a JSON array.")
        return value


def read_records(text: str, source: str) -> list[Record]:
    """Reads JSON lines, a JSON array of objects, or a single object.

    Args:
        text: The content of the file.
        source: What the file is called in errors.

    Raises:
        InvalidArgumentError: A line is no JSON object, or there is none.
    """
    text = text.removeprefix("\ufeff")
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        if text.lstrip().startswith("["):
            place = f"{source}, line {error.lineno}"
            raise _error(place, f"this is no JSON array ({_reason(error)}); mend it there.") from error
        placed = [
            (f"{source}, line {number}", _parsed(line, f"{source}, line {number}"))
            for number, line in enumerate(text.splitlines(), start=1)
            if line.strip()
        ]
    else:
        items = whole if isinstance(whole, list) else [whole]
        placed = [(f"{source}, item {number}", item) for number, item in enumerate(items, start=1)]
    if not placed:
        raise _error(source, "it holds no record; give JSON lines, or a JSON array of objects.")
    for place, item in placed:
        if not isinstance(item, dict):
            raise _error(place, f"{shown(item)} is no JSON object; write {{…}} with the fields of one record.")
    return [Record(place, item) for place, item in placed]


def shown(value: object) -> str:
    """Writes a wrong value as JSON, cut short."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _parsed(line: str, place: str) -> JsonData:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise _error(place, f"this is no JSON ({_reason(error)}); write one JSON object a line.") from error


def _reason(error: json.JSONDecodeError) -> str:
    return f"{error.msg}, column {error.colno}"


def _error(place: str, fault: str) -> OrchestrionError:
    return Reason.INVALID_FIELD.error(f"{place}: {fault}", field="file", place=place)
