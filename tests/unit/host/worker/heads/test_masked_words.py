"""Gaps in texts: the likeliest words of the bare model, several gaps, however they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from orchestrion.errors import InvalidArgumentError, RunCancelledError
from tests.unit.host.worker import calls
from tests.unit.host.worker.heads import loading


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("gaps") / "model"
    return loading.make(made, "BertForMaskedLM", "fill-mask")


@pytest.fixture(scope="module")
def expert(folder: Path, runtime: str) -> Any:
    return loading.load(folder, runtime, "fill-mask")


def fill(expert: Any, tmp_path: Path, *texts: str) -> Any:
    return expert.predict([calls.call("fill-mask", {"text": text}, tmp_path) for text in texts])


def shares(folder: Path, text: str) -> Any:
    """How likely each word is in the first gap, the mask itself left out."""
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    model: Any = transformers.AutoModelForMaskedLM.from_pretrained(folder)
    encoded = tokenizer(text, return_tensors="pt")
    gap = encoded["input_ids"][0].tolist().index(tokenizer.mask_token_id)
    with torch.inference_mode():
        logits = model(**encoded).logits[0, gap].clone()
        logits[tokenizer.mask_token_id] = -torch.inf
    return {
        word: float(share)
        for word, share in zip(tokenizer.convert_ids_to_tokens(range(len(logits))), logits.softmax(0), strict=True)
    }


@pytest.mark.parametrize("gap", ["[MASK]", "<mask>", "___", "______"])
def test_the_likeliest_word_fills_the_gap(expert: Any, folder: Path, tmp_path: Path, gap: str) -> None:
    expected = sorted(shares(folder, "the [MASK] is warm").items(), key=lambda item: -item[1])[:5]
    [result] = fill(expert, tmp_path, f"the {gap} is warm")
    candidates = result["candidates"]["json"]
    assert [item["word"] for item in candidates] == [word for word, _ in expected]
    assert [item["score"] for item in candidates] == pytest.approx([score for _, score in expected], abs=1e-5)
    assert result["text"] == f"the {expected[0][0]} is warm"
    assert result["score"] == candidates[0]["score"]


def test_several_gaps_are_filled_one_after_the_other(expert: Any, folder: Path, tmp_path: Path) -> None:
    [result] = fill(expert, tmp_path, "the ___ is ___")
    first, second = result["candidates"]["json"][0]["word"].split(", ")
    expected = shares(folder, "the [MASK] is [MASK]")[first] * shares(folder, f"the {first} is [MASK]")[second]
    assert result["text"] == f"the {first} is {second}"
    assert result["score"] == pytest.approx(expected, abs=1e-5)


def test_a_batch_gives_what_each_text_gets_alone(expert: Any, tmp_path: Path) -> None:
    texts = ("the ___ is warm", "___", "sun and rain and night and ___ when it was cold in ___")
    for text, together in zip(texts, fill(expert, tmp_path, *texts), strict=True):
        [alone] = fill(expert, tmp_path, text)
        assert together["text"] == alone["text"]
        assert together["score"] == pytest.approx(alone["score"], abs=1e-5)


def test_bad_and_cancelled_calls_fail_alone(expert: Any, tmp_path: Path) -> None:
    cancelled = calls.call("fill-mask", {"text": "the ___"}, tmp_path)
    cancelled.cancel()
    texts = ("no gap", "___ " * 9, "sun " * 80 + "___", "the ___")
    ended, none, many, long, result = expert.predict(
        [cancelled, *(calls.call("fill-mask", {"text": text}, tmp_path) for text in texts)]
    )
    assert isinstance(ended, RunCancelledError)
    for error, words in ((none, "has 0 gaps"), (many, "has 9 gaps"), (long, "reads 64 at once")):
        assert isinstance(error, InvalidArgumentError)
        assert words in str(error)
    assert result["text"].startswith("the ")


def test_other_control_tokens_beside_a_gap_are_text(expert: Any, tmp_path: Path) -> None:
    marked, spaced = fill(expert, tmp_path, "the [SEP] ___ is [PAD] warm", "the [ sep ] ___ is [ pad ] warm")
    words = [[(item["word"], pytest.approx(item["score"], abs=1e-5)) for item in marked["candidates"]["json"]]]
    assert [(item["word"], item["score"]) for item in spaced["candidates"]["json"]] == words[0]
    assert "[SEP]" in marked["text"]
