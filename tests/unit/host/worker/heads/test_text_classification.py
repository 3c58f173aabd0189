"""Classifiers of texts: against the bare model, alone and together, by domain, and with labels of one's own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import onnx
import pytest
import torch
import transformers

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.text import passages
from tests.checkpoints import text_models
from tests.unit.host.worker import calls
from tests.unit.host.worker.heads import loading

# Each loads a checkpoint of every family, or paints with it: seconds each.
pytestmark = pytest.mark.tasks

TEXTS = ("the sun is warm", "rain", "cold night and cold day", "swimming")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("models")
    for name, labels, settings in (
        ("moods", ("NEG", "NEU", "POS"), {}),
        ("insults", ("insult", "threat", "severe_toxic"), {"problem_type": "multi_label_classification"}),
        ("tongues", ("deu", "en", "Martian"), {}),
        ("logic", ("entailment", "neutral", "contradiction"), {}),
    ):
        named = text_models.labels(*labels)
        loading.make(made / name, "BertForSequenceClassification", "text-classification", **settings, **named)
    return made


@pytest.fixture(scope="module")
def moods(folder: Path, runtime: str) -> Any:
    return loading.load(folder / "moods", runtime, "text-classification")


def logits(folder: Path, *texts: str) -> Any:
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    model: Any = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.inference_mode():
        return model(**tokenizer(*texts, return_tensors="pt")).logits[0]


def classify(expert: Any, tmp_path: Path, *texts: str, domain: str = "sentiment") -> Any:
    inputs = [{"text": text, "domain": domain} for text in texts]
    return expert.predict([calls.call("text-classification", item, tmp_path) for item in inputs])


def test_scores_are_those_of_the_bare_model(moods: Any, folder: Path, tmp_path: Path) -> None:
    [result] = classify(moods, tmp_path, TEXTS[0])
    expected = logits(folder / "moods", TEXTS[0]).softmax(-1).tolist()
    scores = {item["label"]: item["score"] for item in result["scores"]["json"]}
    assert [scores[name] for name in ("negative", "neutral", "positive")] == pytest.approx(expected, abs=1e-5)
    assert result["label"] == max(scores, key=lambda name: scores[name])


def test_a_batch_gives_what_each_text_gives_alone(moods: Any, tmp_path: Path) -> None:
    together = classify(moods, tmp_path, *TEXTS)
    for text, result in zip(TEXTS, together, strict=True):
        [alone] = classify(moods, tmp_path, text)
        assert result["label"] == alone["label"]
        assert result["score"] == pytest.approx(alone["score"], abs=1e-5)


def test_a_blank_text_fails_alone(moods: Any, tmp_path: Path) -> None:
    result, blank = classify(moods, tmp_path, TEXTS[0], " \n")
    assert result["label"]
    assert isinstance(blank, InvalidArgumentError)
    assert "`text` holds no text" in str(blank)


# The first two sentences fit into the model together, and so do the others; no two of the three parts do.
LONG: Final = ("the sun is warm. " * 5, "cold night and rain. " * 10, "swimming in the cold day. " * 8)


def passages_of(folder: Path) -> list[tuple[str, int]]:
    """The parts of the long text as the model reads them, with their tokens."""
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    cut = passages.cut(["".join(LONG)], _Tokens(tokenizer))["".join(LONG)]
    assert len(cut) > 2
    return cut


@dataclass
class _Tokens:
    tokenizer: Any
    max_tokens: int = text_models.LENGTH

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [len(ids) for ids in self.tokenizer(list(texts))["input_ids"]]


def test_a_long_text_is_judged_by_all_of_its_parts(moods: Any, folder: Path, tmp_path: Path) -> None:
    [result] = classify(moods, tmp_path, "".join(LONG))
    parts = passages_of(folder / "moods")
    judged = torch.stack([logits(folder / "moods", text).softmax(-1) for text, _ in parts])
    sizes = torch.tensor([float(size) for _, size in parts])
    expected = (judged * sizes[:, None]).sum(0) / sizes.sum()
    scores = {item["label"]: item["score"] for item in result["scores"]["json"]}
    assert [scores[name] for name in ("negative", "neutral", "positive")] == pytest.approx(expected.tolist(), abs=1e-5)
    [first] = classify(moods, tmp_path, parts[0][0])
    assert abs(first["score"] - result["score"]) > 1e-3


def test_an_insult_anywhere_in_a_long_text_is_one(folder: Path, runtime: str, tmp_path: Path) -> None:
    expert = loading.load(folder / "insults", runtime, "text-classification")
    [result] = classify(expert, tmp_path, "".join(LONG), domain="toxicity")
    parts = [logits(folder / "insults", text).sigmoid() for text, _ in passages_of(folder / "insults")]
    expected = torch.stack(parts).amax(0).tolist()
    scores = {item["label"]: item["score"] for item in result["scores"]["json"]}
    assert [scores[name] for name in ("insult", "threat", "severe_toxic")] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("number", ["INT32", "INT16"])
def test_a_graph_that_takes_other_whole_numbers_is_given_them(folder: Path, number: str, tmp_path: Path) -> None:
    shutil.copytree(folder / "moods", tmp_path / "model")
    model = onnx.load(tmp_path / "model" / "model.onnx")
    names = [item.name for item in model.graph.input]
    for node in model.graph.node:
        node.input[:] = [f"{name}_wide" if name in names else name for name in node.input]
    casts = [onnx.helper.make_node("Cast", [name], [f"{name}_wide"], to=onnx.TensorProto.INT64) for name in names]
    for place, node in enumerate(casts):
        model.graph.node.insert(place, node)
    for item in model.graph.input:
        item.type.tensor_type.elem_type = getattr(onnx.TensorProto, number)
    onnx.save(model, tmp_path / "model" / "model.onnx")
    expert = loading.load(tmp_path / "model", "onnx", "text-classification")
    expected = logits(folder / "moods", TEXTS[0]).softmax(-1).max().item()
    [result] = classify(expert, tmp_path, TEXTS[0])
    assert result["score"] == pytest.approx(expected, abs=1e-5)


def test_control_tokens_in_a_text_are_text(moods: Any, folder: Path, tmp_path: Path) -> None:
    marked, spaced = classify(moods, tmp_path, "the sun [SEP] [MASK] rain", "the sun [ sep ] [ mask ] rain")
    assert marked["score"] == pytest.approx(spaced["score"], abs=1e-5)
    controlled = logits(folder / "moods", "the sun [SEP] [MASK] rain").softmax(-1).max().item()
    assert abs(marked["score"] - controlled) > 1e-4


def test_a_cancelled_call_is_not_computed(moods: Any, tmp_path: Path) -> None:
    cancelled, waited_for = (
        calls.call("text-classification", {"text": text, "domain": "sentiment"}, tmp_path) for text in TEXTS[:2]
    )
    cancelled.cancel()
    ended, result = moods.predict([cancelled, waited_for])
    assert isinstance(ended, RunCancelledError)
    assert result["label"]


def test_of_insults_that_are_all_unlikely_none_is_told(folder: Path, runtime: str, tmp_path: Path) -> None:
    expert = loading.load(folder / "insults", runtime, "text-classification")
    for text in TEXTS:
        expected = logits(folder / "insults", text).sigmoid().tolist()
        [result] = classify(expert, tmp_path, text, domain="toxicity")
        scores = {item["label"]: item["score"] for item in result["scores"]["json"]}
        assert [scores[name] for name in ("insult", "threat", "severe_toxic")] == pytest.approx(expected, abs=1e-5)
        if max(expected) < 0.5:
            assert (result["label"], result["score"]) == ("not toxic", pytest.approx(1 - max(expected), abs=1e-5))
        else:
            assert result["score"] == pytest.approx(max(expected), abs=1e-5)


def test_codes_of_languages_become_their_names(folder: Path, runtime: str, tmp_path: Path) -> None:
    expert = loading.load(folder / "tongues", runtime, "text-classification")
    tags = {}
    for text in (*TEXTS, "berlin", "music", "city", "count", "when", "where", "was"):
        [result] = classify(expert, tmp_path, text, domain="language")
        assert {item["label"] for item in result["scores"]["json"]} == {"German", "English", "Martian"}
        tags[result["label"]] = result.get("tag")
    assert tags.items() <= {"German": "de", "English": "en", "Martian": None}.items()
    assert len(tags) > 1


def test_names_of_classes_can_be_given(folder: Path, runtime: str, tmp_path: Path) -> None:
    names = ["gloomy", "grey", "sunny"]
    expert = loading.load(folder / "moods", runtime, "text-classification", class_names=names)
    [result] = classify(expert, tmp_path, TEXTS[0])
    assert {item["label"] for item in result["scores"]["json"]} == set(names)
    with pytest.raises(FailedPreconditionError, match=r"options\.class_names: expected 3 names"):
        loading.load(folder / "moods", runtime, "text-classification", class_names=["one"])


def test_labels_of_ones_own_are_judged_by_entailment(folder: Path, runtime: str, tmp_path: Path) -> None:
    template = "the text is about {}."
    task_type = "zero-shot-classification"
    expert = loading.load(folder / "logic", runtime, task_type, hypothesis_template=template)
    labels = ["sport", "weather", "music"]
    short, long = ("the sun is warm", "rain " * 300)
    values = [{"text": text, "labels": labels} for text in (short, "", long)]
    result, blank, cut = expert.predict([calls.call(task_type, item, tmp_path) for item in values])
    entailed = [logits(folder / "logic", short, template.format(label))[0] for label in labels]
    expected = torch.stack(entailed).softmax(-1).tolist()
    scores = {item["label"]: item["score"] for item in result["scores"]["json"]}
    assert [scores[label] for label in labels] == pytest.approx(expected, abs=1e-5)
    assert isinstance(blank, InvalidArgumentError)
    assert sum(item["score"] for item in cut["scores"]["json"]) == pytest.approx(1)


def test_a_model_without_entailment_says_what_it_lacks(folder: Path, runtime: str) -> None:
    with pytest.raises(FailedPreconditionError, match=r"options\.entailment_class"):
        loading.load(folder / "moods", runtime, "zero-shot-classification")


def test_a_label_as_long_as_a_text_is_refused(folder: Path, runtime: str, tmp_path: Path) -> None:
    expert = loading.load(folder / "logic", runtime, "zero-shot-classification")
    inputs = {"text": "rain", "labels": ["sun " * 60]}
    [result] = expert.predict([calls.call("zero-shot-classification", inputs, tmp_path)])
    assert isinstance(result, InvalidArgumentError)
    assert result.field == "inputs.labels"


def test_a_classifier_that_has_a_decoder_as_well_is_the_same_on_both_runtimes(tmp_path: Path) -> None:
    """Given a BART for natural language inference, as large ones often are."""
    tokenizer = text_models.word_tokenizer(tmp_path)
    sizes = {f"{side}_{name}": 2 for side in ("encoder", "decoder") for name in ("layers", "attention_heads")}
    kind: Any = transformers.BartConfig
    config = kind(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=text_models.LENGTH,
        init_std=0.5,
        bos_token_id=2,
        eos_token_id=3,
        pad_token_id=0,
        **sizes,
        **text_models.labels("contradiction", "neutral", "entailment"),
    )
    torch.manual_seed(3)
    transformers.BartForSequenceClassification(config).save_pretrained(tmp_path)
    task_type = "zero-shot-classification"
    loading.export(tmp_path, task_type)
    values = {"text": "the sun is warm", "labels": ["sport", "weather", "music"]}
    scores = []
    for runtime in loading.RUNTIMES:
        [result] = loading.load(tmp_path, runtime, task_type).predict([calls.call(task_type, values, tmp_path / "out")])
        scores.append({item["label"]: item["score"] for item in result["scores"]["json"]})
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
