"""Tensors for the values of every kind of input and output, there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.errors import InvalidArgumentError
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.values import ArtifactRef, Json, Value
from orchestrion_host import tensors
from orchestrion_host.artifacts.exchange import FileContent
from orchestrion_host.open_inference import signatures, task_values
from orchestrion_host.tensors import Tensor

TEXTS = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
VALUES: dict[ParameterKind, st.SearchStrategy[Value]] = {
    ParameterKind.TEXT: TEXTS,
    ParameterKind.NUMBER: st.floats(allow_nan=False),
    ParameterKind.BOOLEAN: st.booleans(),
    ParameterKind.JSON: JSON.map(Json),
}


def no_file(content: bytes) -> ArtifactRef:
    raise AssertionError("this is no file")


@given(st.data(), st.sampled_from(sorted(VALUES, key=lambda kind: kind.name)), st.booleans())
def test_a_value_comes_back_as_it_was(data: st.DataObject, kind: ParameterKind, repeated: bool) -> None:
    parameter = Parameter("x", kind, repeated=repeated)
    task_type = TaskType("t", "A test.", (parameter,), (parameter,))
    item = VALUES[kind]
    value: Value = data.draw(st.lists(item, max_size=5).map(tuple) if repeated else item)
    (content,) = task_values.contents_of(task_type, {"x": value}, {}).values()
    (spec,) = signatures.of_task_type(task_type).inputs
    assert content.tensor.datatype == spec.datatype
    tensors.check("x", content.tensor)
    assert task_values.value_of(parameter, content.tensor, keep=no_file) == value


@given(st.binary())
def test_a_file_travels_by_its_content(content: bytes) -> None:
    parameter = Parameter("x", ParameterKind.IMAGE)
    task_type = TaskType("t", "A test.", (parameter,), (parameter,))
    files = {"artifacts/1": FileContent(content, "image/png", "a.png")}
    written = task_values.contents_of(task_type, {"x": ArtifactRef("artifacts/1")}, files)["x"]
    assert written.parameters == {"content_type": "image/png", "file_name": "a.png"}
    kept: list[bytes] = []

    def keep(piece: bytes) -> ArtifactRef:
        kept.append(piece)
        return ArtifactRef("contents/0")

    assert task_values.value_of(parameter, written.tensor, keep=keep) == ArtifactRef("contents/0")
    assert kept == [content]


def test_an_input_may_name_an_artifact_instead() -> None:
    tensor = tensors.of_strings([b"artifacts/" + b"0" * 64], (1,))
    value = task_values.value_of(Parameter("x", ParameterKind.IMAGE), tensor, keep=no_file, is_artifact=True)
    assert value == ArtifactRef("artifacts/" + "0" * 64)


@pytest.mark.parametrize("datatype", ["INT8", "UINT64", "FP16", "FP32", "INT64"])
def test_a_number_may_be_of_any_kind_of_numbers(datatype: str) -> None:
    content = {"FP16": b"\x00\x42"}.get(datatype) or tensors.of_numbers("x", datatype, [3], (1,)).content
    tensor = Tensor(datatype, (1,), content)
    assert task_values.value_of(Parameter("x", ParameterKind.NUMBER), tensor, keep=no_file) == 3.0


@pytest.mark.parametrize(
    ("kind", "tensor", "words"),
    [
        (ParameterKind.TEXT, tensors.of_strings([b"a", b"b"], (2,)), "takes one element; its shape [2] has 2"),
        (ParameterKind.TEXT, tensors.of_strings([b"\xff"], (1,)), "no text in UTF-8 (byte 0)"),
        (ParameterKind.JSON, tensors.of_strings([b"{"], (1,)), "is no JSON"),
        (ParameterKind.JSON, tensors.of_strings([b"NaN"], (1,)), "is no JSON"),
        (ParameterKind.NUMBER, tensors.of_strings([b"1"], (1,)), "a kind of numbers is expected"),
        (ParameterKind.BOOLEAN, tensors.of_numbers("x", "INT8", [1], (1,)), "BOOL is expected"),
        (ParameterKind.IMAGE, tensors.of_numbers("x", "UINT8", [1], (1,)), "BYTES is expected"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_stands_for_no_value_is_named(kind: ParameterKind, tensor: Tensor, words: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        task_values.value_of(Parameter("x", kind), tensor, keep=no_file)
    assert (caught.value.field, words in caught.value.message) == ("inputs.x", True)
