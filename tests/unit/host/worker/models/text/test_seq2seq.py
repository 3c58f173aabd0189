"""Encoder-decoder models: instructions, summaries and translations against the library's own generation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, RunCancelledError
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.models.generation.detokenization import OrderedParts
from orchestrion_host.worker.models.text import seq2seq
from orchestrion_host.worker.output_files import Spool
from tests.checkpoints import sequence_models
from tests.unit.host.worker import calls
from tests.unit.host.worker.calls import Sent

pytestmark = pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")  # The bare tokenizers here.

LONG = "The sun is warm. The rain is cold. " * 14


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    root = tmp_path_factory.mktemp("models")

    def make(name: str, write: Callable[..., None], **settings: Any) -> Path:
        folder = root / name
        if not folder.exists():
            write(folder, **settings)
        return folder

    return make


@pytest.fixture(scope="module")
def marian(made: Callable[..., Path]) -> Any:
    return seq2seq.load(calls.spec(made("marian", sequence_models.marian), "translation"))


def bare(folder: Path, text: str, count: int, **settings: Any) -> str:
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    model: Any = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder)
    model.generation_config.max_length = model.generation_config.min_length = None
    encoded = tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        written = model.generate(
            input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"], max_new_tokens=count, **settings
        )
    decoded: str = tokenizer.decode(written[0], skip_special_tokens=True)
    return decoded.strip()


def ask(expert: Any, task_type: str, tmp_path: Path, *inputs: dict[str, Any]) -> Any:
    return expert.predict([calls.call(task_type, item, tmp_path) for item in inputs])


def test_an_instruction_is_followed_and_streamed(made: Callable[..., Path], tmp_path: Path) -> None:
    folder = made("t5", sequence_models.t5)
    expert: Any = seq2seq.load(calls.spec(folder, "text2text-generation"))
    sent = Sent()
    call = calls.call("text2text-generation", {"text": "rephrase: the sün", "max_tokens": 12.0}, tmp_path, sent)
    [result] = expert.predict([call])
    assert result["text"] == bare(folder, "rephrase: the sün", 12) != ""
    assert "".join(sent.pieces()) == result["text"]
    assert len(sent.pieces()) > 1


def test_a_batch_writes_what_each_call_gets_alone(made: Callable[..., Path], tmp_path: Path) -> None:
    expert: Any = seq2seq.load(calls.spec(made("t5", sequence_models.t5), "text2text-generation"))
    inputs: list[dict[str, Any]] = [
        {"text": "the sun", "max_tokens": 12.0},
        {"text": "rain and a much longer text than the others", "max_tokens": 12.0},
        {"text": "x", "max_tokens": 4.0},
        {"text": "x" * 2000},
        {"text": " "},
    ]
    *good, long, blank = ask(expert, "text2text-generation", tmp_path, *inputs)
    assert good == [ask(expert, "text2text-generation", tmp_path, item)[0] for item in inputs[:3]]
    assert isinstance(long, InvalidArgumentError)
    assert "reads 512 at once" in str(long)
    assert isinstance(blank, InvalidArgumentError)


@pytest.mark.parametrize("beams", [1, 3])
def test_a_short_text_is_summarised_as_the_library_does(made: Callable[..., Path], tmp_path: Path, beams: int) -> None:
    folder = made(f"bart-{beams}", sequence_models.bart, beams=beams)
    expert: Any = seq2seq.load(calls.spec(folder, "summarization"))
    text = "The sun is warm. The rain is cold."
    sent = Sent()
    [result] = expert.predict([calls.call("summarization", {"text": text}, tmp_path, sent)])
    assert result["text"] == bare(folder, text, 24, min_new_tokens=8)
    assert "".join(sent.pieces()) == result["text"]


def test_a_long_text_is_summarised_in_parts(made: Callable[..., Path], tmp_path: Path) -> None:
    expert: Any = seq2seq.load(calls.spec(made("bart-1", sequence_models.bart, beams=1), "summarization"))
    sent = Sent()
    call = calls.call("summarization", {"text": LONG}, tmp_path, sent)
    long, short = expert.predict([call, calls.call("summarization", {"text": "It is day."}, tmp_path)])
    [short_alone] = ask(expert, "summarization", tmp_path, {"text": "It is day."})
    assert short == short_alone
    assert len(sent.progress()) >= 1
    assert "".join(sent.pieces()) == long["text"] != ""
    assert long == ask(expert, "summarization", tmp_path, {"text": LONG})[0]


def test_a_summary_has_no_more_sentences_than_asked_for(made: Callable[..., Path], tmp_path: Path) -> None:
    expert: Any = seq2seq.load(calls.spec(made("bart-1", sequence_models.bart, beams=1), "summarization"))
    result, none = ask(
        expert, "summarization", tmp_path, {"text": LONG, "sentence_count": 1.0}, {"text": LONG, "sentence_count": 0.0}
    )
    assert result["text"]
    assert len(result["text"]) < 60
    assert isinstance(none, InvalidArgumentError)
    assert none.field == "inputs.sentence_count"


def test_a_translation_goes_sentence_by_sentence_and_keeps_paragraphs(
    marian: Any, made: Callable[..., Path], tmp_path: Path
) -> None:
    sent = Sent()
    text = "the sun is warm. It is day.\n\nthe rain is cold."
    call = calls.call("translation", {"text": text, "language": "de"}, tmp_path, sent)
    [result] = marian.predict([call])
    folder = made("marian", sequence_models.marian)
    first, second, third = (
        bare(folder, sentence, 64) for sentence in ("the sun is warm.", "It is day.", "the rain is cold.")
    )
    assert result["text"] == f"{first} {second}\n\n{third}"
    assert "".join(sent.pieces()) == result["text"]


def test_translations_of_a_batch_are_those_of_each_text_alone(marian: Any, tmp_path: Path) -> None:
    inputs = [{"text": text, "language": "de"} for text in ("the sun. the rain.", "it is warm and cold and day", "and")]
    together = ask(marian, "translation", tmp_path, *inputs, {"text": "", "language": "de"})
    assert together[:3] == [ask(marian, "translation", tmp_path, item)[0] for item in inputs]
    assert isinstance(together[3], InvalidArgumentError)


def test_a_sentence_that_is_too_long_is_translated_in_pieces(marian: Any, tmp_path: Path) -> None:
    [result] = ask(marian, "translation", tmp_path, {"text": "the sun and " * 60, "language": "de"})
    assert result["text"]


@pytest.mark.parametrize(("name", "value"), [("language", "fr"), ("source_language", "ja"), ("language", "German!")])
def test_a_language_that_the_model_does_not_know_is_refused(marian: Any, tmp_path: Path, name: str, value: str) -> None:
    [error] = ask(marian, "translation", tmp_path, {"text": "sun", "language": "de", name: value})
    assert isinstance(error, InvalidArgumentError)
    assert error.field == f"inputs.{name}"
    assert f"it knows {'de' if name == 'language' else 'en'}." in str(error)


def test_a_target_is_marked_in_front_of_the_text(made: Callable[..., Path], tmp_path: Path) -> None:
    folder = made("many", sequence_models.marian, marks=(">>fra<<", ">>pt_BR<<"))
    expert: Any = seq2seq.load(calls.spec(folder, "translation"))
    french, brazilian, other = ask(
        expert,
        "translation",
        tmp_path,
        *({"text": "the sun", "language": language} for language in ("fr", "pt-BR", "de")),
    )
    assert french["text"] == bare(folder, ">>fra<< the sun", 64)
    assert brazilian["text"] == bare(folder, ">>pt_BR<< the sun", 64)
    assert isinstance(other, InvalidArgumentError)
    assert "it knows fr, pt-BR." in str(other)


def test_a_model_of_many_languages_is_told_both(made: Callable[..., Path], tmp_path: Path) -> None:
    folder = made("m2m", sequence_models.m2m)
    expert: Any = seq2seq.load(calls.spec(folder, "translation"))
    tokenizer: Any = transformers.M2M100Tokenizer.from_pretrained(folder, src_lang="fr")
    model: Any = transformers.M2M100ForConditionalGeneration.from_pretrained(folder)
    encoded = tokenizer("the sun", return_tensors="pt")
    german = tokenizer.get_lang_id("de")
    with torch.inference_mode():
        written = model.generate(**encoded, forced_bos_token_id=german, max_new_tokens=64)[0].tolist()
    marks = set(tokenizer.lang_code_to_id.values())
    expected = tokenizer.decode([token for token in written if token not in marks], skip_special_tokens=True).strip()
    [result] = ask(expert, "translation", tmp_path, {"text": "the sun", "language": "de", "source_language": "fr"})
    assert result["text"] == expected


def test_t5_is_asked_in_words(made: Callable[..., Path], tmp_path: Path) -> None:
    prefix = "translate English to German: "
    folder = made("t5-german", sequence_models.t5, task_specific_params={"translation_en_to_de": {"prefix": prefix}})
    expert: Any = seq2seq.load(calls.spec(folder, "translation", max_length=100))
    [result] = ask(expert, "translation", tmp_path, {"text": "sun", "language": "de"})
    assert result["text"] == bare(folder, f"{prefix}sun", 100)
    plain = made("t5", sequence_models.t5)
    with pytest.raises(FailedPreconditionError, match=r"options\.languages"):
        seq2seq.load(calls.spec(plain, "translation"))
    expert = seq2seq.load(calls.spec(plain, "translation", languages=["fr"], max_length=100))
    [result] = ask(expert, "translation", tmp_path, {"text": "sun", "language": "fr"})
    assert result["text"] == bare(plain, "translate English to French: sun", 100)


@pytest.mark.parametrize("beams", [1, 3])
def test_a_cancelled_call_ends_and_the_others_go_on(made: Callable[..., Path], tmp_path: Path, beams: int) -> None:
    folder = made(f"bart-{beams}", sequence_models.bart, beams=beams)
    expert: Any = seq2seq.load(calls.spec(folder, "summarization"))

    def send(message: ipc.FromWorker) -> None:
        del message
        cancelled.cancel()

    tmp_path.mkdir(exist_ok=True)
    cancelled = Call(1, "summarization", {"text": LONG}, Spool(tmp_path), send)
    good = calls.call("summarization", {"text": "It is day."}, tmp_path)
    ended, result = expert.predict([cancelled, good])
    assert isinstance(ended, RunCancelledError)
    assert result == ask(expert, "summarization", tmp_path, {"text": "It is day."})[0]


def test_parts_are_streamed_in_their_order(tmp_path: Path) -> None:
    sent = Sent()
    parts = OrderedParts(calls.call("translation", {}, tmp_path, sent), ["", " ", "\n"])
    parts.add(1, "two")
    parts.add(0, "one")
    parts.end(1)
    parts.add(2, "three")
    assert sent.pieces() == ["one"]
    parts.end(0)
    assert "".join(sent.pieces()) == "one two\nthree"
    parts.add(2, "!")
    parts.end(2)
    assert sent.pieces()[-1] == "!"
