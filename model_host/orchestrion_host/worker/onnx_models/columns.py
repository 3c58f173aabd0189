"""Which columns of a table go into which inputs of an ONNX model, and as what kind of numbers or texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Array, Session
from orchestrion_host.worker.media.tables import Table
from orchestrion_host.worker.onnx_models import sessions

_TEXT: Final = "tensor(string)"
_TRUTHS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class FeatureColumns:
    """The inputs of a model: one for all features, or one for each column."""

    def __init__(self, spec: ipc.Load, inputs: Sequence[Session], metadata: Mapping[str, str]) -> None:
        """Reads what the model takes.

        Args:
            spec: Its option `columns` names the features, in order.
            inputs: The inputs of the session.
            metadata: The model's own; its entry `columns` names the features where the option does not.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: an input is of a kind that tables do not have.
        """
        for item in inputs:
            if item.type != _TEXT and item.type not in sessions.NUMBERS:
                raise spec.refused(f"its input {item.name!r} takes {item.type}, which no column of a table holds.")
        self._inputs = list(inputs)
        self._names = names_of(spec, metadata, "columns")
        shape = self._inputs[0].shape
        self._width = shape[1] if len(shape) > 1 and isinstance(shape[1], int) else None
        if len(self._inputs) == 1 and self._names and self._width not in (None, len(self._names)):
            raise spec.refused(f"options.columns names {len(self._names)} columns; the model takes {self._width}.")

    def blank(self) -> dict[str, Array]:
        """Returns one row of zeros and empty texts."""
        width = self._width or len(self._names) or 1
        if len(self._inputs) == 1:
            [item] = self._inputs
            return {item.name: _array([["0"] * width], item.type)}
        return {item.name: _array([["0"]], item.type) for item in self._inputs}

    def features(self, call: Call, table: Table) -> dict[str, Array]:
        """Takes out of a table what the model reads, by the names of its inputs: arrays of shape (rows, columns).

        Raises:
            InvalidArgumentError: A column is missing, or a cell is no number where the model takes numbers.
        """
        if len(self._inputs) > 1:
            return {
                item.name: _column_array(call, table, self._places(call, table, [item.name]), item.type)
                for item in self._inputs
            }
        [item] = self._inputs
        if self._names:
            places = self._places(call, table, self._names)
        elif self._width is None or self._width == len(table.columns):
            places = list(range(len(table.columns)))
        else:
            problem = (
                f"has {len(table.columns)} columns; this expert takes {self._width}, and does not say by what names. "
                "Give those columns alone, in its order."
            )
            raise call.bad_input("table", problem, column_count=len(table.columns))
        return {item.name: _column_array(call, table, places, item.type)}

    def _places(self, call: Call, table: Table, names: Sequence[str]) -> list[int]:
        by_name = {_plain(name): place for place, name in reversed(list(enumerate(table.columns)))}
        missing = [name for name in names if _plain(name) not in by_name]
        if missing:
            problem = f"has no column {', '.join(missing)}; its columns are {', '.join(table.columns)}."
            raise call.bad_input("table", problem)
        return [by_name[_plain(name)] for name in names]


def names_of(spec: ipc.Load, metadata: Mapping[str, str], key: str) -> list[str]:
    """Returns the names that an option gives, or else an entry of the model's metadata: a JSON list or with commas.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: the option is no list.
    """
    option = spec.options.get(key)
    if option is None and key in metadata:
        text = metadata[key].strip()
        option = json.loads(text) if text.startswith("[") else [name.strip() for name in text.split(",")]
    if option is None:
        return []
    if not isinstance(option, list | tuple):
        raise spec.refused(f"options.{key}: expected a list of names; found {option!r}.")
    return [str(name) for name in option]


def _plain(name: str) -> str:
    """Exporters put underscores where a name has spaces or brackets."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _column_array(call: Call, table: Table, places: Sequence[int], kind: str) -> Array:
    cells = [[row[place] for place in places] for row in table.rows]
    try:
        return _array(cells, kind)
    except (ValueError, OverflowError):
        for number, row in enumerate(cells, 1):
            for place, cell in zip(places, row, strict=True):
                try:
                    _array([[cell]], kind)
                except (ValueError, OverflowError):
                    column = table.columns[place]
                    problem = f"has {cell!r} in row {number}, column {column}; this expert takes {_wanted(kind)} there."
                    raise call.bad_input("table", problem, row=number) from None
        raise


def _wanted(kind: str) -> str:
    """Says what a column of a kind holds."""
    number = sessions.NUMBERS[kind]
    if number is np.bool_:
        return "true or false"
    if issubclass(number, np.integer):
        limits = np.iinfo(number)
        return f"a whole number from {limits.min:,} to {limits.max:,}"
    return "a number"


def _array(cells: Sequence[Sequence[str]], kind: str) -> Array:
    """Turns cells into an array; empty ones are not a number (NaN) where fractions are taken.

    Raises:
        ValueError: A cell is no such number.
        OverflowError: It is one beyond the range of the kind.
    """
    if kind == _TEXT:
        return np.array(cells, dtype=object)
    number = sessions.NUMBERS[kind]
    if number is np.bool_:
        return np.array([[_truth(cell) for cell in row] for row in cells], dtype=number)
    if issubclass(number, np.integer):
        return np.array([[_whole(cell) for cell in row] for row in cells], dtype=number)
    return np.array([[float(cell) if cell else np.nan for cell in row] for row in cells], dtype=number)


def _whole(cell: str) -> int:
    value = float(cell)
    if not value.is_integer():
        raise ValueError(f"{cell} is no whole number")
    # As an integer where it is written as one: a float has 53 bits.
    return int(cell) if cell.strip().lstrip("+-").isdecimal() else int(value)


def _truth(cell: str) -> bool:
    truth = _TRUTHS.get(cell.strip().casefold())
    if truth is None:
        raise ValueError(f"{cell} is neither true nor false")
    return truth
