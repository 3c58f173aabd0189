"""Answers copied out of texts: the best span of the bare model, long texts in windows, each call for itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from orchestrion.errors import InvalidArgumentError, RunCancelledError
from tests.unit.host.worker import calls
from tests.unit.host.worker.heads import loading

TEXT = "Ada lives in Berlin. It opened in 1932."
QUESTION = "when was it?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("answers") / "model"
    return loading.make(made, "BertForQuestionAnswering", "question-answering")


@pytest.fixture(scope="module")
def expert(folder: Path, runtime: str) -> Any:
    return loading.load(folder, runtime, "question-answering")


def ask(expert: Any, tmp_path: Path, *requests: tuple[str, str]) -> Any:
    inputs = [{"text": text, "question": question} for text, question in requests]
    return expert.predict([calls.call("question-answering", item, tmp_path) for item in inputs])


def test_the_answer_is_the_likeliest_span(expert: Any, folder: Path, tmp_path: Path) -> None:
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    model: Any = transformers.AutoModelForQuestionAnswering.from_pretrained(folder)
    encoded = tokenizer(QUESTION, TEXT, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        output = model(**encoded)
    own = [token for token, sequence in enumerate(encoded.sequence_ids(0)) if sequence == 1]
    starts, ends = output.start_logits[0], output.end_logits[0]
    _, first, last = max((float(starts[a] + ends[b]), a, b) for a in own for b in own if a <= b < a + 30)
    places = [0, *own]
    score = float(starts[places].softmax(0)[places.index(first)] * ends[places].softmax(0)[places.index(last)])
    [result] = ask(expert, tmp_path, (TEXT, QUESTION))
    assert result["answer"] == TEXT[offsets[first][0] : offsets[last][1]]
    assert (result["start"], result["end"]) == (offsets[first][0], offsets[last][1])
    assert result["score"] == pytest.approx(score, abs=1e-5)


def test_a_batch_gives_what_each_question_gets_alone(expert: Any, tmp_path: Path) -> None:
    requests = [(TEXT, QUESTION), ("the sun is warm", "what?"), ("rain and sun. " * 60, "how many people?")]
    for one, together in zip(requests, ask(expert, tmp_path, *requests), strict=True):
        [alone] = ask(expert, tmp_path, one)
        assert together["answer"] == alone["answer"]
        assert together["score"] == pytest.approx(alone["score"], abs=1e-5)


def test_an_answer_at_the_end_of_a_long_text_is_found(expert: Any, tmp_path: Path) -> None:
    text = "the " * 400 + TEXT
    [result] = ask(expert, tmp_path, (text, QUESTION))
    assert text[int(result["start"]) : int(result["end"])] == result["answer"]
    assert 0 < result["score"] <= 1
    # Of words all alike only those at the end stand out for a random model, too.
    assert result["start"] > 1000


def test_bad_and_cancelled_calls_fail_alone(expert: Any, tmp_path: Path) -> None:
    cancelled = calls.call("question-answering", {"text": TEXT, "question": QUESTION}, tmp_path)
    cancelled.cancel()
    requests = [("", QUESTION), (TEXT, " "), (TEXT, "who " * 40), (TEXT, QUESTION)]
    good = [calls.call("question-answering", {"text": a, "question": b}, tmp_path) for a, b in requests]
    ended, blank_text, blank_question, long_question, result = expert.predict([cancelled, *good])
    assert isinstance(ended, RunCancelledError)
    for error, field in ((blank_text, "text"), (blank_question, "question"), (long_question, "question")):
        assert isinstance(error, InvalidArgumentError)
        assert error.field == f"inputs.{field}"
    assert "at most" in str(long_question)
    assert result["answer"]
