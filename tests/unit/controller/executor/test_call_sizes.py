"""The size of calls before they are built, however their parts are shared."""

from __future__ import annotations

import pytest

from orchestrion.errors import InvalidArgumentError
from orchestrion.plans import Parameter, ParameterKind, Task, TaskType
from orchestrion.values import ArtifactRef, Json, Value
from orchestrion_controller.executor.call_sizes import CallSizes
from orchestrion_controller.executor.inputs import UnfoldedInputs, unfold

MIB = 1 << 20
TYPE = TaskType(
    "any", "", (Parameter("text", ParameterKind.TEXT), Parameter("labels", ParameterKind.TEXT, repeated=True)), ()
)


def unfolded(**inputs: Value) -> UnfoldedInputs:
    items = unfold(Task("a", "any", {}), TYPE, inputs)
    assert items is not None
    return items


@pytest.mark.parametrize(
    ("value", "part_count", "size_bytes"),
    [
        ("häh", 0, 4),
        (1.5, 0, 8),
        (ArtifactRef("artifacts/x"), 0, 11),
        (("a", ("bc", "d")), 4, 4),
        (Json({"a": [1, "bc", None], "d": {}}), 5, 20),
        (Json([[0.5] * 9] * 10), 30, 990),
    ],
    ids=repr,
)
def test_values_are_measured_at_any_depth(value: Value, part_count: int, size_bytes: int) -> None:
    assert CallSizes(100).of(value) == (part_count, size_bytes)


def test_a_list_that_is_there_many_times_is_measured_once_and_counts_each_time() -> None:
    # As it is where one output is referred to often: a thousand million texts, none of which is copied.
    value: Value = "x"
    for _ in range(3):
        value = (value,) * 1_000
    assert CallSizes(100).of(value) == (1_001_001_000, 1_000_000_000)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (("x",) * 100, r"have 101 parts, and max_request_parts allows 100"),
        (("x" * MIB,) * 9, r"have 9,437,184 bytes, and one message has at most 8,388,608"),
    ],
    ids=["parts", "bytes"],
)
def test_a_call_that_is_too_large_is_refused_with_its_size_and_the_bound(value: Value, message: str) -> None:
    CallSizes(100).check("a", {"labels": ("x",) * 99})
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        CallSizes(100).check("a", {"labels": value})
    assert (caught.value.reason, caught.value.metadata["task_id"]) == ("REQUEST_TOO_LARGE", "a")


def test_fewer_items_are_called_at_a_time_where_they_are_large() -> None:
    sizes = CallSizes(100)
    assert sizes.open_count(unfolded(text=("a",) * 1_000), 256) == 256
    assert sizes.open_count(unfolded(text=("a", "b")), 256) == 2
    assert sizes.open_count(unfolded(text=()), 256) == 0
    assert sizes.open_count(unfolded(text=("a" * MIB, *("b",) * 999)), 256) == 64
    assert sizes.open_count(unfolded(text=("a",) * 999, labels=("b" * 4 * MIB,)), 256) == 15
