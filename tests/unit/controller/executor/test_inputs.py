from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.errors import InvalidArgumentError
from orchestrion.plans import Parameter, ParameterKind, Task, TaskResult, TaskState, TaskType
from orchestrion.values import ArtifactRef, Json, OutputRef, Value
from orchestrion_controller.executor.inputs import Inputs, fold, resolve, unfold

TEXT, IMAGE = ParameterKind.TEXT, ParameterKind.IMAGE
TYPE = TaskType(
    "any",
    "Does anything.",
    inputs=(Parameter("text", TEXT), Parameter("image", IMAGE, optional=True), Parameter("texts", TEXT, repeated=True)),
    outputs=(Parameter("text", TEXT), Parameter("extra", TEXT, optional=True)),
)
SCALARS: st.SearchStrategy[Value] = st.text(max_size=5) | st.booleans() | st.integers(-9, 9)


def results(**outputs: dict[str, Value]) -> dict[str, TaskResult]:
    return {task_id: TaskResult(task_id, TaskState.SUCCEEDED, values) for task_id, values in outputs.items()}


def task(**inputs: Value) -> Task:
    return Task("this", "any", inputs)


DONE = results(read={"text": "hello", "lines": ("a", "b"), "none": ()}, draw={"image": ArtifactRef("artifacts/x")})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        (3.0, 3.0),
        (ArtifactRef("artifacts/y"), ArtifactRef("artifacts/y")),
        (OutputRef("read", "text"), "hello"),
        (OutputRef("draw", "image"), ArtifactRef("artifacts/x")),
        (OutputRef("read", "lines"), ("a", "b")),
        (OutputRef("read", "lines", 1), "b"),
        (OutputRef("read", "none"), ()),
        ((OutputRef("read", "text"), "plain", OutputRef("read", "lines", 0)), ("hello", "plain", "a")),
        (((OutputRef("read", "text"),),), (("hello",),)),
        (Json({"task_id": "read", "output": "text"}), Json({"task_id": "read", "output": "text"})),
    ],
    ids=repr,
)
def test_references_become_what_they_refer_to(value: Value, expected: Value) -> None:
    assert resolve(task(text=value, other="stays"), DONE) == {"text": expected, "other": "stays"}


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (OutputRef("read", "score"), "'read' gave no output 'score', which texts refers to"),
        (OutputRef("read", "lines", 2), r"texts takes item 2 of read\.lines, which has 2"),
        (OutputRef("read", "lines", -1), r"texts takes item -1 of read\.lines"),
        (OutputRef("read", "none", 0), r"texts takes item 0 of read\.none, which has 0"),
        (OutputRef("read", "text", 0), r"texts takes item 0 of read\.text, which has no list"),
    ],
    ids=repr,
)
def test_a_reference_to_nothing_names_its_input(reference: OutputRef, message: str) -> None:
    for value in (reference, ("plain", reference)):
        with pytest.raises(InvalidArgumentError, match=message) as caught:
            resolve(task(text="plain", texts=value), DONE)
        assert caught.value.reason == "INVALID_INPUT"
        assert caught.value.metadata == {"task_id": "this", "field": "inputs.texts"}


def unfolded(inputs: dict[str, Value]) -> list[Inputs]:
    """The inputs of each call."""
    items = unfold(task(), TYPE, inputs)
    assert items is not None
    return list(items)


def test_a_list_without_references_stays_itself() -> None:
    # What many calls have in common is compared and measured by what it is.
    plain, mixed = ("a", ("b", "c")), ("a", OutputRef("read", "text"))
    inputs = resolve(task(text=plain, texts=mixed), DONE)
    assert inputs["text"] is plain
    assert inputs["texts"] is not mixed


def test_nothing_unfolds_where_nothing_is_a_list_too_many() -> None:
    assert unfold(task(), TYPE, {}) is None
    assert unfold(task(), TYPE, {"text": "a", "image": ArtifactRef("artifacts/x")}) is None
    assert unfold(task(), TYPE, {"texts": ("a", "b")}) is None
    assert unfold(task(), TYPE, {"not declared": ("a", "b")}) is None


def test_a_list_for_an_input_of_one_unfolds() -> None:
    assert unfolded({"text": ("a", "b"), "texts": ("x", "y"), "image": "same"}) == [
        {"text": "a", "texts": ("x", "y"), "image": "same"},
        {"text": "b", "texts": ("x", "y"), "image": "same"},
    ]
    assert unfolded({"text": ()}) == []
    assert unfolded({"text": ("a",)}) == [{"text": "a"}]


def test_lists_go_in_step() -> None:
    assert unfolded({"text": ("a", "b"), "image": ("x", "y")}) == [
        {"text": "a", "image": "x"},
        {"text": "b", "image": "y"},
    ]
    with pytest.raises(
        InvalidArgumentError, match=r"need one length, but these have .*'text': 2, 'image': 1"
    ) as caught:
        unfold(task(), TYPE, {"text": ("a", "b"), "image": ("x",)})
    assert (caught.value.reason, caught.value.field) == ("INVALID_INPUT", "inputs.text")


def test_outputs_fold_in_order() -> None:
    assert fold(TYPE, [{"text": "a"}, {"text": "b"}]) == {"text": ("a", "b")}
    assert fold(TYPE, []) == {"text": (), "extra": ()}


def test_an_output_that_an_item_lacks_is_left_out() -> None:
    # A list with holes would put outputs beside the wrong items.
    assert fold(TYPE, [{"text": "a", "extra": "x"}, {"text": "b"}]) == {"text": ("a", "b")}


def test_an_output_that_is_not_declared_is_left_out() -> None:
    assert fold(TYPE, [{"text": "a", "secret": "x"}]) == {"text": ("a",)}


@given(st.lists(st.tuples(SCALARS, SCALARS), max_size=6), SCALARS)
def test_what_unfolds_folds_back(pairs: list[tuple[Value, Value]], same: Value) -> None:
    inputs: dict[str, Value] = {
        "text": tuple(left for left, _ in pairs),
        "image": tuple(right for _, right in pairs),
        "texts": (same,),
    }
    items = unfold(task(), TYPE, inputs)
    assert items is not None
    assert len(items) == len(pairs)
    assert all(item["texts"] == (same,) for item in items)
    outputs = [{"text": item["text"], "extra": item["image"]} for item in items]
    assert fold(TYPE, outputs) == {"text": inputs["text"], "extra": inputs["image"]}


@given(st.dictionaries(st.text(max_size=3), SCALARS | st.lists(SCALARS, max_size=3).map(tuple), max_size=4))
def test_inputs_without_references_stay_as_they_are(inputs: dict[str, Value]) -> None:
    assert resolve(Task("this", "any", inputs), {}) == inputs
