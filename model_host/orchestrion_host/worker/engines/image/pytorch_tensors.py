"""Tensors of a file as PyTorch wrote them until 2020: read as data, without PyTorch.

Such a file is five pickles (a magic number, a version, facts of the machine, a map of tensors by name, the keys of
their storages) and then the storages' numbers. Unpickling would call whatever the file names. Here the fourth is
followed step by step, and what it would call becomes a `_Made`, of which nothing is done but to be looked at.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import numpy as np

from orchestrion_host.worker.library_types import Array

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_TENSOR: Final = "torch._utils _rebuild_tensor_v2"
_NUMBERS: Final[Mapping[str, np.dtype[Any]]] = {
    "torch FloatStorage": np.dtype("<f4"),
    "torch LongStorage": np.dtype("<i8"),
}
# Any: a pickle holds numbers, texts, tuples, maps, and what it would make.
_Plain: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class _Symbol:
    """The name of what a pickle would import."""

    name: str


@dataclass(frozen=True, slots=True)
class _Made:
    """What a pickle would have made by a call, or looked up by a persistent id (without `maker`)."""

    maker: str
    arguments: tuple[_Plain, ...]


def read(path: Path) -> Mapping[str, Array]:
    """Reads the tensors of a file by their names.

    Raises:
        ValueError: It is not in this format, or holds something else than tensors of these kinds.
    """
    with path.open("rb") as file:
        if _read_pickle(file) != _MAGIC:
            raise ValueError(f"{path} is not in the format that PyTorch wrote until 2020.")
        _read_pickle(file), _read_pickle(file)
        tensors, keys = _read_pickle(file), _read_pickle(file)
        places = {name: value for name, value in tensors.items() if isinstance(value, _Made)}
        kinds = {str(key): _NUMBERS[kind.name] for _, kind, key in map(_storage, places.values())}
        storages = {str(key): _read_storage(file, kinds[str(key)]) for key in keys}
    return {str(name): _tensor(made, storages) for name, made in places.items()}


def _read_storage(file: BinaryIO, kind: np.dtype[Any]) -> Array:
    count = int.from_bytes(file.read(8), "little")
    return np.frombuffer(file.read(count * kind.itemsize), kind)


def _storage(made: _Made) -> tuple[str, _Symbol, str]:
    """Returns the word `storage`, the kind of numbers and the key of the storage of a tensor."""
    if made.maker != _TENSOR:
        raise ValueError(f"The file holds a {made.maker}, which is no tensor.")
    storage: tuple[str, _Symbol, str] = made.arguments[0].arguments[0][:3]
    return storage


def _tensor(made: _Made, storages: Mapping[str, Array]) -> Array:
    _, offset, shape, strides = made.arguments[:4]
    numbers = storages[str(_storage(made)[2])][offset:]
    last = sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if not 0 <= last < len(numbers):
        raise ValueError("The file holds a tensor of more numbers than its storage has.")
    steps = [stride * numbers.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(numbers, shape, steps, writeable=False)


def _read_pickle(file: BinaryIO) -> _Plain:
    """Follows one pickle of protocol 2 and returns what it describes."""
    stack: list[_Plain] = []
    marks: list[int] = []
    memo: dict[int, _Plain] = {}

    def since_mark() -> list[_Plain]:
        start = marks.pop()
        taken = stack[start:]
        del stack[start:]
        return taken

    def last(count: int) -> _Plain:
        taken = tuple(stack[-count:])
        del stack[-count:]
        return taken

    def reduce() -> _Plain:
        arguments, maker = stack.pop(), stack.pop()
        if not isinstance(maker, _Symbol):
            raise ValueError("The file holds what is no tensor.")
        # An ordered map without anything in it yet is a map.
        return {} if maker.name == "collections OrderedDict" else _Made(maker.name, arguments)

    makers: Mapping[str, Callable[[_Plain], _Plain]] = {
        "GLOBAL": _Symbol,
        "EMPTY_TUPLE": lambda _: (),
        "EMPTY_LIST": lambda _: [],
        "EMPTY_DICT": lambda _: {},
        "NONE": lambda _: None,
        "NEWTRUE": lambda _: True,
        "NEWFALSE": lambda _: False,
        "TUPLE": lambda _: tuple(since_mark()),
        "TUPLE1": lambda _: last(1),
        "TUPLE2": lambda _: last(2),
        "TUPLE3": lambda _: last(3),
        "BINPERSID": lambda _: _Made("", last(1)),
        "REDUCE": lambda _: reduce(),
        "BINGET": lambda place: memo[place],
        "LONG_BINGET": lambda place: memo[place],
    }
    for operation, argument, _ in pickletools.genops(file):
        name = operation.name
        if name in makers:
            stack.append(makers[name](argument))
        elif name.startswith(("BININT", "LONG1", "BINUNICODE")):
            stack.append(argument)
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[int(argument or 0)] = stack[-1]
        elif name == "MARK":
            marks.append(len(stack))
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            stack[-1][key] = value
        elif name == "SETITEMS":
            items = since_mark()
            stack[-1].update(zip(items[::2], items[1::2], strict=True))
        elif name == "APPENDS":
            items = since_mark()
            stack[-1].extend(items)
        elif name == "BUILD":
            # Attributes of the map itself, of which none is a tensor.
            stack.pop()
        elif name not in ("PROTO", "STOP"):
            raise ValueError(f"The file has a step {name}, which files of tensors do not have.")
    return stack.pop()
