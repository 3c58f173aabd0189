"""Tensors: what is packed comes back, and what does not fit its shape is named."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.errors import InvalidArgumentError
from orchestrion_host import tensors
from orchestrion_host.tensors import BYTES, NUMBER_KINDS, Tensor
from orchestrion_host.worker import tensor_arrays

INTEGERS = {
    name: st.integers(0 if name.startswith("U") else -(2 ** (bits - 1)), 2 ** (bits - (not name.startswith("U"))) - 1)
    for name in NUMBER_KINDS
    if "INT" in name
    for bits in [int(name.rpartition("T")[2])]
}
NUMBERS = {
    **INTEGERS,
    "BOOL": st.booleans(),
    "FP32": st.floats(width=32, allow_nan=False),
    "FP64": st.floats(allow_nan=False),
}


@given(st.data(), st.sampled_from(sorted(NUMBERS)))
def test_numbers_come_back(data: st.DataObject, datatype: str) -> None:
    items = data.draw(st.lists(NUMBERS[datatype], max_size=20))
    tensor = tensors.of_numbers("x", datatype, items, (len(items),))
    tensors.check("x", tensor)
    assert list(tensors.numbers("x", tensor)) == items
    array = tensor_arrays.array("x", tensor)
    assert array.tolist() == items
    assert tensor_arrays.plain_of(array, datatype)["tensor"] == (datatype, tensor.shape, tensor.content)


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_strings_come_back(items: list[bytes]) -> None:
    tensor = tensors.of_strings(items, (len(items),))
    tensors.check("x", tensor)
    assert tensors.strings("x", tensor) == items
    assert tensor_arrays.array("x", tensor).tolist() == items


@given(st.lists(st.floats(width=32, allow_nan=True), min_size=1, max_size=20))
def test_bf16_rounds_to_the_nearest(items: list[float]) -> None:
    plain = tensor_arrays.plain_of(items, "BF16")["tensor"]
    tensor = Tensor(*plain)
    tensors.check("x", tensor)
    read = tensors.numbers("x", tensor)
    assert [repr(float(item)) for item in tensor_arrays.array("x", tensor)] == [repr(float(item)) for item in read]
    for item, back in zip(items, read, strict=True):
        if math.isnan(item):
            assert math.isnan(back)
        elif abs(item) < 3.3e38:
            assert abs(back - item) <= abs(item) / 256 + 1e-38


@given(st.binary(max_size=60), st.lists(st.integers(0, 4), max_size=3), st.sampled_from(tensors.DATATYPES))
def test_any_bytes_are_a_tensor_or_an_error(content: bytes, shape: list[int], datatype: str) -> None:
    tensor = Tensor(datatype, tuple(shape), content)
    try:
        tensors.check("x", tensor)
    except InvalidArgumentError:
        return
    assert tensor_arrays.array("x", tensor).shape == tuple(shape)


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (Tensor("FP32", (2, 2), bytes(15)), "has 15 bytes; its shape [2, 2] of FP32 takes 16"),
        (Tensor("FP8", (1,), b"x"), "of the kind 'FP8'"),
        (Tensor("FP32", (-1,), b""), "lengths are at least 0"),
        (Tensor("INT8", (1,) * 40, b"x"), "lengths are at least 0"),
        (Tensor(BYTES, (2,), b"\x01\0\0\0a"), "has 1 elements; its shape [2] has 2"),
        (Tensor(BYTES, (1,), b"\x01\0\0\0a\0\0\0\0"), "has 2 elements"),
        (Tensor(BYTES, (1,), b"\x09\0\0\0a"), "ends in its element 0, which is to have 9 bytes"),
        (Tensor(BYTES, (1,), b"\x09\0"), "ends in the length of its element 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_is_named(tensor: Tensor, words: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        tensors.check("x", tensor)
    assert words in caught.value.message


@pytest.mark.parametrize(("datatype", "item"), [("INT8", 128), ("UINT8", -1), ("INT32", 1.5), ("BOOL", 2), ("FP16", 1)])
def test_numbers_that_do_not_fit_their_kind_are_refused(datatype: str, item: float) -> None:
    with pytest.raises(InvalidArgumentError):
        tensors.of_numbers("x", datatype, [item], (1,))
