"""Names in texts: words joined from pieces, entities from words, long texts in windows that overlap."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.heads import entities, text_windows
from orchestrion_host.worker.heads.entities import LabelledWord
from tests.checkpoints import text_models
from tests.unit.host.worker import calls
from tests.unit.host.worker.heads import loading

LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
TEXT = "Ada lives in Berlin, swimming in the rain."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("names") / "model"
    labels = text_models.labels(*LABELS)
    return loading.make(made, "BertForTokenClassification", "token-classification", **labels)


@pytest.fixture(scope="module")
def expert(folder: Path, runtime: str) -> Any:
    return loading.load(folder, runtime, "token-classification")


def marked(expert: Any, tmp_path: Path, *texts: str) -> Any:
    return expert.predict([calls.call("token-classification", {"text": text}, tmp_path) for text in texts])


def test_words_have_the_class_of_their_first_piece(expert: Any, folder: Path, tmp_path: Path) -> None:
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    model: Any = transformers.AutoModelForTokenClassification.from_pretrained(folder)
    encoded = tokenizer(TEXT, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        shares = model(**encoded).logits[0].softmax(-1)
    words: dict[int, list[int]] = {}
    for token, word in enumerate(encoded.word_ids(0)):
        if word is not None:
            words.setdefault(word, []).append(token)
    assert any(len(tokens) > 1 for tokens in words.values())
    expected = [
        LabelledWord(
            offsets[tokens[0]][0],
            offsets[tokens[-1]][1],
            LABELS[int(shares[tokens[0]].argmax())],
            float(shares[tokens[0]].max()),
        )
        for tokens in words.values()
    ]
    [result] = marked(expert, tmp_path, TEXT)
    wanted = [entity.plain(TEXT) for entity in entities.join(expected)]
    assert wanted
    assert result["count"] == len(wanted)
    for item, other in zip(result["entities"]["json"], wanted, strict=True):
        assert item == {**other, "score": pytest.approx(other["score"], abs=1e-5)}


def test_a_batch_gives_what_each_text_gives_alone(expert: Any, tmp_path: Path) -> None:
    texts = (TEXT, "Ada.", "rain " * 100)
    for text, together in zip(texts, marked(expert, tmp_path, *texts), strict=True):
        [alone] = marked(expert, tmp_path, text)
        assert together["text"] == alone["text"]
        scores = [item["score"] for item in together["entities"]["json"]]
        assert scores == pytest.approx([item["score"] for item in alone["entities"]["json"]], abs=1e-5)


def test_long_texts_are_marked_to_their_end_and_nothing_twice(expert: Any, tmp_path: Path) -> None:
    text = "Ada lives in Berlin swimming. " * 60
    [result] = marked(expert, tmp_path, text)
    items = result["entities"]["json"]
    assert items[-1]["end"] > len(text) - 60
    for item, following in pairwise(items):
        assert item["end"] <= following["start"]
    for item in items:
        assert text[item["start"] : item["end"]] == item["text"]


def test_bad_and_cancelled_calls_fail_alone(expert: Any, tmp_path: Path) -> None:
    cancelled = calls.call("token-classification", {"text": TEXT}, tmp_path)
    cancelled.cancel()
    blank = calls.call("token-classification", {"text": ""}, tmp_path)
    good = calls.call("token-classification", {"text": TEXT}, tmp_path)
    ended, bad, result = expert.predict([cancelled, blank, good])
    assert isinstance(ended, RunCancelledError)
    assert isinstance(bad, InvalidArgumentError)
    assert result["count"] > 0


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["B-PER", "I-PER", "O", "B-LOC"], ["PER 0-1", "LOC 3-3"]),
        (["B-PER", "B-PER"], ["PER 0-0", "PER 1-1"]),
        (["I-PER", "I-LOC"], ["PER 0-0", "LOC 1-1"]),
        (["B-PER", "O", "I-PER"], ["PER 0-0", "PER 2-2"]),
        (["S-PER", "B-LOC", "E-LOC"], ["PER 0-0", "LOC 1-2"]),
        (["PER", "PER", "O", "LOC"], ["PER 0-1", "LOC 3-3"]),
        (["B-Sign_symptom", "I-Sign_symptom"], ["Sign_symptom 0-1"]),
    ],
)
def test_words_are_joined_as_their_prefixes_say(labels: list[str], expected: list[str]) -> None:
    words = [LabelledWord(place, place, label, 1.0) for place, label in enumerate(labels)]
    result = [f"{item.label} {item.words[0].start}-{item.words[-1].end}" for item in entities.join(words)]
    assert result == expected


def test_a_tokenizer_that_tells_no_places_is_refused(folder: Path) -> None:
    spec = calls.spec(folder, "token-classification")
    slow: Any = SimpleNamespace(spec=spec, tokenizer=SimpleNamespace(is_fast=False))
    with pytest.raises(FailedPreconditionError, match=r"tokenizer\.json"):
        text_windows.check(slow)
