"""Parts of TensorFlow Lite graphs: what lies between some tensors, where OpenCV cannot compute all of a model.

A file is a FlatBuffer: tables refer to their fields by offsets. A part is the same file with fewer operators in its
list, and with other tensors as its inputs.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from typing import Final

# Places of fields in the schema of TensorFlow Lite, version 3: https://www.tensorflow.org/lite
_MODEL_GRAPHS: Final = 2
_GRAPH_TENSORS: Final = 0
_GRAPH_INPUTS: Final = 1
_GRAPH_OPERATORS: Final = 3
_OPERATOR_INPUTS: Final = 1
_OPERATOR_OUTPUTS: Final = 2
_TENSOR_NAME: Final = 3


def part(content: bytes, input_name: str, output_names: Collection[str]) -> bytes:
    """Returns a model of those operators alone that compute some tensors from another one.

    Args:
        content: The file of a model with one graph.
        input_name: The name of the tensor that is its input.
        output_names: The names of the tensors that it computes.

    Raises:
        ValueError: There is no such tensor, or the file is none of TensorFlow Lite's.
    """
    try:
        return _part(bytearray(content), input_name, output_names)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"It is no model of TensorFlow Lite: {error}.") from error


def _part(content: bytearray, input_name: str, output_names: Collection[str]) -> bytes:
    (graph,) = _tables(content, _unsigned(content, 0), _MODEL_GRAPHS)
    names = [_text(content, tensor) for tensor in _tables(content, graph, _GRAPH_TENSORS)]
    operators = list(_tables(content, graph, _GRAPH_OPERATORS))
    start = names.index(input_name)
    needed = {names.index(name) for name in output_names}
    chosen: list[int] = []
    # Operators stand in the order in which they are computed.
    for operator in reversed(operators):
        if needed.intersection(_numbers(content, operator, _OPERATOR_OUTPUTS)):
            chosen.append(operator)
            needed.update(set(_numbers(content, operator, _OPERATOR_INPUTS)) - {start})
    vector = _vector(content, graph, _GRAPH_OPERATORS)
    struct.pack_into("<I", content, vector, len(chosen))
    for number, operator in enumerate(reversed(chosen), start=1):
        place = vector + 4 * number
        struct.pack_into("<I", content, place, operator - place)
    struct.pack_into("<i", content, _vector(content, graph, _GRAPH_INPUTS) + 4, start)
    return bytes(content)


def _unsigned(content: bytearray, place: int) -> int:
    """Follows the offset at a place: it counts from there."""
    return place + int(struct.unpack_from("<I", content, place)[0])


def _field(content: bytearray, table: int, number: int) -> int | None:
    """Returns where a field of a table is; None where the table leaves it out."""
    layout = table - int(struct.unpack_from("<i", content, table)[0])
    size = int(struct.unpack_from("<H", content, layout)[0])
    entry = 4 + 2 * number
    offset = int(struct.unpack_from("<H", content, layout + entry)[0]) if entry < size else 0
    return table + offset if offset else None


def _vector(content: bytearray, table: int, number: int) -> int:
    """Returns where a list is: its length, then its items."""
    field = _field(content, table, number)
    if field is None:
        raise IndexError(f"a table has no field {number}")
    return _unsigned(content, field)


def _tables(content: bytearray, table: int, number: int) -> Iterator[int]:
    vector = _vector(content, table, number)
    for index in range(struct.unpack_from("<I", content, vector)[0]):
        yield _unsigned(content, vector + 4 * (index + 1))


def _numbers(content: bytearray, table: int, number: int) -> tuple[int, ...]:
    vector = _vector(content, table, number)
    count = int(struct.unpack_from("<I", content, vector)[0])
    return struct.unpack_from(f"<{count}i", content, vector + 4)


def _text(content: bytearray, tensor: int) -> str:
    vector = _vector(content, tensor, _TENSOR_NAME)
    length = int(struct.unpack_from("<I", content, vector)[0])
    return content[vector + 4 : vector + 4 + length].decode()
