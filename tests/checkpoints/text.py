"""The rows of the text tasks."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orchestrion.values import Json
from tests.checkpoints import sequence_models, table_models, text_models
from tests.checkpoints.rows import TaskRow

_CITIES = Path(__file__).parent.parent / "media" / "cities.csv"
_FLOWERS = Path(__file__).parent.parent / "media" / "flowers.tsv"
_LONG = "The sun is warm. The rain is cold. " * 8


def _shares(outputs: Mapping[str, Any], *labels: str) -> None:
    scores = outputs["scores"]
    assert {item["label"] for item in scores} == set(labels)
    assert sum(item["score"] for item in scores) == pytest.approx(1)
    assert (outputs["label"], outputs["score"]) == (scores[0]["label"], scores[0]["score"])
    assert scores == sorted(scores, key=lambda item: -item["score"])


def _entities(outputs: Mapping[str, Any]) -> None:
    entities = outputs["entities"]
    assert outputs["count"] == len(entities)
    assert outputs["text"] == ", ".join(f"{item['text']} ({item['label']})" for item in entities)
    for item in entities:
        assert _LONG[int(item["start"]) : int(item["end"])] == item["text"]
        assert 0 < item["score"] <= 1


def _answer(outputs: Mapping[str, Any]) -> None:
    assert _LONG[int(outputs["start"]) : int(outputs["end"])] == outputs["answer"] != ""
    assert 0 < outputs["score"] <= 1


def _table_answer(outputs: Mapping[str, Any]) -> None:
    rows = list(csv.DictReader(_CITIES.read_text("utf-8").splitlines()))
    assert outputs["answer"]
    assert outputs["cells"]
    for cell in outputs["cells"]:
        assert rows[int(cell["row"])][cell["column"]] == cell["text"]


def _flowers(outputs: Mapping[str, Any]) -> None:
    assert outputs["text"] == "1 setosa, 1 versicolor, 1 virginica"
    assert [row["label"] for row in outputs["rows"]] == ["setosa", "versicolor", "virginica"]
    for row in outputs["rows"]:
        assert sum(item["score"] for item in row["scores"]) == pytest.approx(1, abs=1e-5)
    with Path(outputs["table"]).open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert [row["prediction"] for row in written] == ["setosa", "versicolor", "virginica"]
    assert list(written[0]) == ["flower", "petal length", "petal width", "prediction", "score"]


def _text(outputs: Mapping[str, Any]) -> None:
    assert isinstance(outputs["text"], str)
    assert outputs["text"].strip()


def _filled(outputs: Mapping[str, Any]) -> None:
    assert outputs["text"].startswith("the ")
    assert outputs["text"].endswith(" is warm")
    assert "___" not in outputs["text"]
    candidates = outputs["candidates"]
    assert [candidates[0][key] for key in ("text", "score")] == [outputs["text"], outputs["score"]]
    assert len({item["word"] for item in candidates}) == 5


def _vector(outputs: Mapping[str, Any]) -> None:
    assert len(outputs["embedding"]) == 32
    assert sum(number**2 for number in outputs["embedding"]) == pytest.approx(1, abs=1e-4)


def _cosine(outputs: Mapping[str, Any]) -> None:
    assert -1 <= outputs["score"] < 1


def _bert(class_name: str, *labels: str) -> Any:
    return partial(text_models.bert, class_name=class_name, **(text_models.labels(*labels) if labels else {}))


ROWS: tuple[TaskRow, ...] = (
    TaskRow(
        "text-classification",
        "tiny-sentiment",
        _bert("BertForSequenceClassification", "NEGATIVE", "POSITIVE"),
        {"text": "a warm sunny day", "domain": "sentiment"},
        lambda outputs: _shares(outputs, "negative", "positive"),
        facts={"domain": "sentiment", "max_batch_size": 16},
    ),
    TaskRow(
        "token-classification",
        "tiny-names",
        _bert("BertForTokenClassification", "O", "B-PER", "I-PER", "B-LOC", "I-LOC"),
        {"text": _LONG},
        _entities,
    ),
    TaskRow(
        "zero-shot-classification",
        "tiny-entailment",
        _bert("BertForSequenceClassification", "contradiction", "neutral", "entailment"),
        {"text": "the sun is warm", "labels": ["weather", "sport", "music"]},
        lambda outputs: _shares(outputs, "weather", "sport", "music"),
    ),
    TaskRow(
        "question-answering",
        "tiny-answers",
        _bert("BertForQuestionAnswering"),
        {"text": _LONG, "question": "what is cold?"},
        _answer,
    ),
    TaskRow(
        "table-question-answering",
        "tiny-tapas",
        table_models.tapas,
        {"question": "how many people?", "table": _CITIES},
        _table_answer,
    ),
    TaskRow(
        "tabular-classification",
        "tiny-flowers",
        table_models.row_classifier,
        {"table": _FLOWERS},
        _flowers,
        runtime="onnx",
    ),
    TaskRow("summarization", "tiny-bart", sequence_models.bart, {"text": _LONG}, _text),
    TaskRow(
        "translation",
        "tiny-marian",
        sequence_models.marian,
        {"text": "the sun is warm. it is day.", "language": "de"},
        _text,
    ),
    TaskRow("text2text-generation", "tiny-t5", sequence_models.t5, {"text": "the sun", "max_tokens": 12}, _text),
    TaskRow(
        "text-generation",
        "tiny-llama",
        text_models.llama,
        {"text": "the sun", "max_tokens": 12, "temperature": 0.8, "seed": 3},
        _text,
    ),
    TaskRow(
        "conversational",
        "tiny-chat",
        text_models.llama,
        {
            "text": "and the rain?",
            "history": Json(
                [{"role": "user", "content": "is the sun warm?"}, {"role": "assistant", "content": "it is"}]
            ),
            "system": "be short",
            "max_tokens": 12,
        },
        _text,
    ),
    TaskRow("fill-mask", "tiny-gaps", _bert("BertForMaskedLM"), {"text": "the ___ is warm"}, _filled),
    TaskRow("feature-extraction", "tiny-vectors", _bert("BertModel"), {"text": "the sun is warm"}, _vector),
    TaskRow(
        "sentence-similarity",
        "tiny-meanings",
        _bert("BertModel"),
        {"text": "the sun is warm", "other": "the rain is cold"},
        _cosine,
    ),
)
