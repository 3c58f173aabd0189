"""Questions about tables: cells of the bare TAPAS, the arithmetic on them, and TAPEX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from orchestrion.errors import InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.media.tables import Table
from orchestrion_host.worker.models.document import table_question_answering, tapas, tapex
from tests.checkpoints import sequence_models, table_models
from tests.unit.host.worker import calls

TABLE = "city,people,country\nBerlin,3700,a\nAda,1200,b\nRain,1900,a\n"
QUESTIONS = ("how many people?", "what city?", "sum of people", "is it rain?", "average count")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tables")
    table_models.tapas(made / "tapas")
    (made / "cities.csv").write_text(TABLE)
    return made


@pytest.fixture(scope="module")
def expert(folder: Path) -> Any:
    return table_question_answering.load(calls.spec(folder / "tapas", "table-question-answering"))


def ask(expert: Any, folder: Path, tmp_path: Path, *questions: str) -> Any:
    inputs = [{"question": question, "table": folder / "cities.csv"} for question in questions]
    return expert.predict([calls.call("table-question-answering", item, tmp_path) for item in inputs])


def test_cells_and_operation_are_those_of_the_library(expert: Any, folder: Path, tmp_path: Path) -> None:
    import pandas

    tokenizer: Any = transformers.TapasTokenizer.from_pretrained(folder / "tapas")
    model: Any = transformers.TapasForQuestionAnswering.from_pretrained(folder / "tapas")
    frame = pandas.read_csv(folder / "cities.csv", dtype=str)
    compared = 0
    for question, result in zip(QUESTIONS, ask(expert, folder, tmp_path, *QUESTIONS), strict=True):
        encoded = tokenizer(table=frame, queries=question, return_tensors="pt", padding=True)
        with torch.inference_mode():
            output = model(**encoded)
        cells, operations = tokenizer.convert_logits_to_predictions(
            encoded, output.logits.clone(), output.logits_aggregation.clone()
        )
        operation = model.config.aggregation_labels[operations[0]]
        assert result.get("operation", "NONE") == operation
        if cells[0]:
            compared += 1
            got = [(item["row"], list(frame.columns).index(item["column"])) for item in result["cells"]["json"]]
            assert got == sorted(cells[0])
    assert compared


def test_a_batch_gives_what_each_question_gets_alone(expert: Any, folder: Path, tmp_path: Path) -> None:
    together = ask(expert, folder, tmp_path, *QUESTIONS)
    assert together == [ask(expert, folder, tmp_path, question)[0] for question in QUESTIONS]


@pytest.mark.parametrize(
    ("operation", "texts", "answer"),
    [
        ("COUNT", ["a", "b"], "2"),
        ("SUM", ["1,900", "100.5"], "2000.5"),
        ("AVERAGE", ["1", "2"], "1.5"),
        ("SUM", ["1", "one"], "1, one"),
    ],
)
def test_operations_are_carried_out(operation: str, texts: list[str], answer: str) -> None:
    assert tapas._computed(operation, texts) == answer


def test_bad_and_cancelled_calls_fail_alone(expert: Any, folder: Path, tmp_path: Path) -> None:
    for name, text in (("long", TABLE + "Sun,1,b\n" * 20), ("tall", "city\n" + "Ada\n" * 100)):
        (tmp_path / name).write_text(text)
    cancelled, blank, long, tall, good = (
        calls.call("table-question-answering", {"question": question, "table": path}, tmp_path)
        for question, path in (
            ("who?", folder / "cities.csv"),
            ("", folder / "cities.csv"),
            ("who?", tmp_path / "long"),
            ("who?", tmp_path / "tall"),
            ("who?", folder / "cities.csv"),
        )
    )
    cancelled.cancel()
    ended, no_question, too_long, too_tall, result = expert.predict([cancelled, blank, long, tall, good])
    assert isinstance(ended, RunCancelledError)
    for error, words in (
        (no_question, "`question` holds no text"),
        (too_long, "reads 64 at once"),
        (too_tall, "more than 63 rows"),
    ):
        assert isinstance(error, InvalidArgumentError)
        assert words in str(error)
    assert result["answer"]


def test_tapex_writes_its_answer(folder: Path, tmp_path: Path) -> None:
    sequence_models.tapex(folder / "tapex")
    expert = table_question_answering.load(calls.spec(folder / "tapex", "table-question-answering"))
    expert.warm_up()
    tokenizer: Any = transformers.BartTokenizer.from_pretrained(folder / "tapex")
    model: Any = transformers.BartForConditionalGeneration.from_pretrained(folder / "tapex")
    linear = "col : city | people | country row 1 : berlin | 3700 | a row 2 : ada | 1200 | b row 3 : rain | 1900 | a"
    encoded = tokenizer(f" what city? {linear}", return_tensors="pt")
    expected = tokenizer.decode(model.generate(**encoded)[0], skip_special_tokens=True).strip()
    result, other = ask(expert, folder, tmp_path, "What city?", "how many?")
    assert result == {"answer": expected, "cells": {"json": []}}
    assert other["answer"]


def test_tables_are_written_as_tapex_reads_them() -> None:
    table = Table(["City", "People"], [["Berlin", "3"], ["Ada", "1"]])
    assert tapex.linear(table) == "col : city | people row 1 : berlin | 3 row 2 : ada | 1"


def test_without_a_likely_cell_the_likeliest_is_taken() -> None:
    types = np.zeros((4, 7), dtype=int)
    types[1:, 0], types[1:, 1], types[1:, 2] = 1, [1, 2, 2], [1, 1, 1]
    assert tapas._cells(types, np.array([0.9, 0.1, 0.2, 0.4])) == [(0, 1)]
