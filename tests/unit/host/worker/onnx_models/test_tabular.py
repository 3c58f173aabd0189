"""Rows of tables classified by ONNX models in the shapes that exporters write."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, RunCancelledError
from orchestrion_host.worker import runtimes
from tests.checkpoints import table_models
from tests.unit.host.worker import calls

FLOWERS = "flower,petal length,petal width\none,1.4,0.2\ntwo,4.5,1.4\nthree,9.9,3.2\n"
NAMES = ["setosa", "versicolor", "virginica"]


def loaded(folder: Path, **options: Any) -> Any:
    spec = msgspec.structs.replace(calls.spec(folder, "tabular-classification", **options), runtime="onnx")
    expert = runtimes.loader(spec)(spec)
    expert.warm_up()
    return expert


def classify(expert: Any, tmp_path: Path, text: str) -> Any:
    path = tmp_path / "table.csv"
    path.write_text(text, "utf-8")
    [result] = expert.predict([calls.call("tabular-classification", {"table": path}, tmp_path / "out")])
    return result


def shares(length: float, width: float) -> list[float]:
    logits = [8 - 2 * (length + width), 4.0, 2 * (length + width) - 20]
    powers = [math.exp(value - max(logits)) for value in logits]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("maps", [True, False])
@pytest.mark.parametrize("one_input", [True, False])
def test_every_shape_of_model_gives_the_same_classes(tmp_path: Path, maps: bool, one_input: bool) -> None:
    table_models.row_classifier(tmp_path / "model", maps=maps, one_input=one_input)
    result = classify(loaded(tmp_path / "model"), tmp_path, FLOWERS)
    assert result["text"] == "1 setosa, 1 versicolor, 1 virginica"
    rows = result["rows"]["json"]
    assert [row["label"] for row in rows] == NAMES
    scores = {item["label"]: item["score"] for item in rows[1]["scores"]}
    assert [scores[name] for name in NAMES] == pytest.approx(shares(4.5, 1.4), abs=1e-5)
    assert rows[1]["score"] == rows[1]["scores"][0]["score"]
    with calls.file_of(result["table"]).open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert [row["prediction"] for row in written] == NAMES
    assert [float(row["score"]) for row in written] == pytest.approx([row["score"] for row in rows], abs=1e-5)


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    table_models.row_classifier(tmp_path / "model")
    result = classify(loaded(tmp_path / "model"), tmp_path, "Petal_Width;note;PETAL LENGTH\n0.2;x;1.4\n")
    assert result["text"] == "1 setosa"


def test_names_of_classes_and_columns_can_be_given(tmp_path: Path) -> None:
    table_models.row_classifier(tmp_path / "model", maps=False)
    options = {"columns": ["length", "width"], "class_names": ["short", "middling", "long"]}
    result = classify(loaded(tmp_path / "model", **options), tmp_path, "length,width\n1.4,0.2\n9.9,3.2\n")
    assert result["text"] in ("1 short, 1 long", "1 long, 1 short")
    with pytest.raises(FailedPreconditionError, match="names 3 columns; the model takes 2"):
        loaded(tmp_path / "model", columns=["a", "b", "c"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("length,width\n1,2\n", "has no column petal length, petal width; its columns are length, width"),
        ("petal length,petal width\n1,2\n1,wide\n", "has 'wide' in row 2, column petal width"),
        ("petal length,petal width\n1,2\n1,\n", "leaves a cell empty in row 2"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, text: str, words: str) -> None:
    table_models.row_classifier(tmp_path / "model")
    error = classify(loaded(tmp_path / "model"), tmp_path, text)
    assert isinstance(error, InvalidArgumentError)
    assert words in str(error)


def test_thousands_of_rows_are_told_in_the_table(tmp_path: Path) -> None:
    table_models.row_classifier(tmp_path / "model")
    lines = [f"{place % 10},1" for place in range(10_000)]
    result = classify(loaded(tmp_path / "model"), tmp_path, "\n".join(["petal length,petal width", *lines]))
    assert len(result["rows"]["json"]) == 1000
    assert len(calls.file_of(result["table"]).read_text("utf-8").splitlines()) == 10_001


def test_a_cancelled_call_is_not_computed(tmp_path: Path) -> None:
    table_models.row_classifier(tmp_path / "model")
    path = tmp_path / "table.csv"
    path.write_text(FLOWERS, "utf-8")
    call = calls.call("tabular-classification", {"table": path}, tmp_path)
    call.cancel()
    [error] = loaded(tmp_path / "model").predict([call])
    assert isinstance(error, RunCancelledError)


@pytest.mark.parametrize("number", ["FLOAT16", "DOUBLE", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT32"])
def test_features_of_every_type_of_number_are_read(tmp_path: Path, number: str) -> None:
    table_models.row_classifier(tmp_path / "model", number=number)
    result = classify(loaded(tmp_path / "model"), tmp_path, "petal length,petal width\n1,0\n4,2\n9,5.0\n")
    assert [row["label"] for row in result["rows"]["json"]] == NAMES


@pytest.mark.parametrize(
    ("number", "cell", "words"),
    [
        ("INT32", "1.4", "has '1.4' in row 2, column petal width; this expert takes a whole number from"),
        ("UINT8", "-1", "takes a whole number from 0 to 255"),
        ("INT8", "300", "takes a whole number from -128 to 127"),
        ("INT64", "", "has '' in row 2"),
        ("BOOL", "2", "takes true or false"),
    ],
)
def test_a_number_that_would_be_rounded_or_wrapped_is_refused(
    tmp_path: Path, number: str, cell: str, words: str
) -> None:
    table_models.row_classifier(tmp_path / "model", number=number)
    error = classify(loaded(tmp_path / "model"), tmp_path, f"petal length,petal width\n1,0\n1,{cell}\n")
    assert isinstance(error, InvalidArgumentError)
    assert words in str(error)
