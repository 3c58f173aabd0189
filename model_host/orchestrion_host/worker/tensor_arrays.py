"""Tensors as arrays of numpy, without a copy where there is a kind of numpy for them, and back."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from orchestrion_host import ipc, tensors
from orchestrion_host.tensors import BYTES, Tensor
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Array

DATATYPES: Final[dict[str, type[np.generic]]] = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}
"""The kinds of numbers that numpy has, too."""


def array_of(call: Call, name: str) -> Array:
    """Returns an input as an array: a view that cannot be written; BF16 as single precision, BYTES as objects.

    Raises:
        InvalidArgumentError: INVALID_INPUT: the call does not bring it.
    """
    tensor = ipc.tensor_of(call.inputs.get(name))
    if tensor is None:
        raise call.bad_input(name, "is missing, or no tensor.")
    return array(name, tensor)


def array(name: str, tensor: Tensor) -> Array:
    """Returns a tensor as an array, as `array_of` does."""
    if tensor.datatype == BYTES:
        items = np.empty(tensor.element_count, dtype=np.object_)
        items[:] = tensors.strings(name, tensor)
        return items.reshape(tensor.shape)
    if tensor.datatype == "BF16":
        halves = np.frombuffer(tensor.content, dtype="<u2").astype(np.uint32)
        return (halves << 16).view(np.float32).reshape(tensor.shape)
    return np.frombuffer(tensor.content, dtype=DATATYPES[tensor.datatype]).reshape(tensor.shape)


def plain_of(value: Any, datatype: str = "") -> ipc.Plain:  # Whatever numpy makes an array of.
    """Returns an output as frames carry it.

    Args:
        value: An array, or what numpy makes one of.
        datatype: The kind that is declared; empty for that of the array.

    Raises:
        TypeError: It is of no kind that tensors have, or cannot be made the kind that is declared.
    """
    values = np.asarray(value)
    if datatype == BYTES or (not datatype and values.dtype.kind in "OSU"):
        items = [item.encode() if isinstance(item, str) else bytes(item) for item in values.ravel().tolist()]
        return ipc.plain_tensor(tensors.of_strings(items, values.shape))
    if datatype == "BF16":
        return ipc.plain_tensor(Tensor("BF16", values.shape, _halves(values)))
    if datatype:
        values = values.astype(DATATYPES[datatype], casting="same_kind", copy=False)
    else:
        datatype = next((name for name, kind in DATATYPES.items() if values.dtype == kind), "")
        if not datatype:
            raise TypeError(f"an array of {values.dtype} is no kind of tensor")
    return ipc.plain_tensor(Tensor(datatype, values.shape, values.tobytes()))


def _halves(values: Array) -> bytes:
    """Rounds single precision to BF16, to the nearest, ties to even."""
    single = np.ascontiguousarray(values, dtype=np.float32)
    bits = single.view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    # Rounding would make an infinity of a number that is none.
    return np.where(np.isnan(single), 0x7FC0, rounded).astype("<u2").tobytes()
