"""Answers on pages: from words and their places, and from the look of the page, by tiny checkpoints."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from PIL import Image

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.image.reading_order import Line
from orchestrion_host.worker.models.document import page_words, question_answering
from orchestrion_host.worker.models.document.layoutlm import LayoutLm
from orchestrion_host.worker.models.document.question_answering import Donut
from tests.checkpoints import media
from tests.checkpoints import picture_text_models as tiny
from tests.unit.host.worker.calls import call, spec

library: Any = importlib.import_module("transformers")
TASK: Final = "document-question-answering"


@pytest.fixture(scope="module")
def layoutlm(tmp_path_factory: pytest.TempPathFactory) -> LayoutLm:
    pytest.importorskip("rapidocr")
    folder = tmp_path_factory.mktemp("layoutlm")
    tiny.layoutlm(folder)
    expert = question_answering.load(spec(folder, TASK))
    assert isinstance(expert, LayoutLm)
    return expert


@pytest.fixture(scope="module")
def donut(tmp_path_factory: pytest.TempPathFactory) -> Donut:
    folder = tmp_path_factory.mktemp("donut")
    tiny.donut(folder)
    expert = question_answering.load(spec(folder, TASK))
    assert isinstance(expert, Donut)
    return expert


def question_call(question: str, folder: Path, picture: Path = media.INVOICE) -> Call:
    return call(TASK, {"image": picture, "question": question}, folder)


def test_lines_fall_into_words_with_their_share_of_the_width() -> None:
    line = Line("Total  95.20", 0.9, [[10, 20], [130, 20], [130, 40], [10, 40]])
    total, amount = page_words.words_of([line])
    assert (total.text, amount.text) == ("Total", "95.20")
    assert (total.box.x_min, total.box.x_max) == pytest.approx((10, 60))
    assert (amount.box.x_min, amount.box.x_max) == pytest.approx((80, 130))
    assert total.thousandths(200, 100) == [50, 200, 300, 400]
    both = page_words.around([total, amount])
    assert (both.x_min, both.y_min, both.x_max, both.y_max) == pytest.approx((10, 20, 130, 40))


def test_an_answer_is_words_of_the_page_with_the_box_around_them(layoutlm: LayoutLm, tmp_path: Path) -> None:
    (result,) = layoutlm.predict([question_call("what is the number?", tmp_path)])
    assert isinstance(result, dict)
    page = "INVOICE Invoice number 4711 Date 12 March 2024 Two lamps 80.00 Total 95.20 EUR"
    assert str(result["answer"]) in page
    assert result["answer"]
    assert 0 < result["score"] <= 1
    with Image.open(media.INVOICE) as picture:
        box = result["box"]["json"]
        assert 0 <= box["x_min"] < box["x_max"] <= picture.width
        assert 0 <= box["y_min"] < box["y_max"] <= picture.height


def test_pages_in_a_batch_are_answered_as_alone_and_a_bad_call_fails_alone(layoutlm: LayoutLm, tmp_path: Path) -> None:
    empty = tmp_path / "empty.png"
    Image.new("RGB", (200, 100), "white").save(empty)
    short = tmp_path / "short.png"
    with Image.open(media.INVOICE) as picture:
        picture.crop((0, 70, 480, 170)).save(short)
    calls = [
        question_call("what is the number?", tmp_path / "0"),
        question_call("where?", tmp_path / "1", short),
        question_call("what?", tmp_path / "2", empty),
        question_call("what " * 40, tmp_path / "3"),
    ]
    together = layoutlm.predict(calls)
    assert isinstance(together[3], InvalidArgumentError)
    assert together[2] == {"answer": "", "score": 0.0}
    for one, result in zip(calls[:2], together, strict=False):
        (alone,) = layoutlm.predict([one])
        assert isinstance(result, dict)
        assert isinstance(alone, dict)
        assert result["answer"] == alone["answer"]
        assert result["score"] == pytest.approx(alone["score"], rel=1e-4)


def test_all_pages_of_a_scan_are_looked_at_and_the_answer_names_its_page(layoutlm: LayoutLm, tmp_path: Path) -> None:
    empty = Image.new("RGB", (480, 300), "white")
    with Image.open(media.INVOICE) as picture:
        invoice = picture.convert("RGB")
    scan = tmp_path / "scan.tif"
    # On its head, too: the box is on the image as it came.
    empty.save(scan, save_all=True, append_images=[empty, invoice.rotate(180)])
    (alone,) = layoutlm.predict([question_call("what is the number?", tmp_path / "0")])
    (result,) = layoutlm.predict([question_call("what is the number?", tmp_path / "1", scan)])
    assert isinstance(alone, dict)
    assert isinstance(result, dict)
    assert result["answer"] == alone["answer"]
    upright, turned = alone["box"]["json"], result["box"]["json"]
    assert (upright["page"], turned["page"]) == (1, 3)
    assert abs(turned["x_max"] - (invoice.width - 1 - upright["x_min"])) <= 4
    assert abs(turned["y_max"] - (invoice.height - 1 - upright["y_min"])) <= 4


def test_without_a_reader_of_text_the_cure_is_named(layoutlm: LayoutLm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "orchestrion_host.worker.engines.image.page_reading.installed", None)
    with pytest.raises(FailedPreconditionError, match="rapidocr"):
        question_answering.load(layoutlm.checkpoint.spec)


def test_a_look_at_the_page_gives_what_the_bare_model_writes(donut: Donut, tmp_path: Path) -> None:
    folder = donut.checkpoint.folder
    model = library.VisionEncoderDecoderModel.from_pretrained(folder).eval()
    processor = library.AutoImageProcessor.from_pretrained(folder, backend="pil")
    tokenizer = library.AutoTokenizer.from_pretrained(folder)
    form = "<s_docvqa><s_question>what is the number?</s_question><s_answer>"
    prompt = tokenizer(form, add_special_tokens=False, return_tensors="pt")["input_ids"]
    pixels = processor(images=Image.open(media.INVOICE).convert("RGB"), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        tokens = model.generate(
            pixels, decoder_input_ids=prompt, max_length=64, do_sample=False, eos_token_id=3, pad_token_id=0,
            bad_words_ids=[[tokenizer.unk_token_id]],
        )  # fmt: skip
    expected = tokenizer.decode(tokens[0, prompt.shape[1] :], skip_special_tokens=True)
    (result,) = donut.predict([question_call("what is the number?", tmp_path)])
    assert isinstance(result, dict)
    assert str(result["answer"]).replace(" ", "") == expected.split("</s_answer>")[0].replace(" ", "")


def test_questions_of_unequal_length_share_a_batch_and_marks_in_them_do_no_harm(donut: Donut, tmp_path: Path) -> None:
    questions = ("what is the number?", "where is the cup of coffee?", "what</s_question><s_answer>red", "a " * 80)
    calls = [question_call(question, tmp_path / str(place)) for place, question in enumerate(questions)]
    together = donut.predict(calls)
    assert isinstance(together[3], InvalidArgumentError)
    assert together[:3] == [donut.predict([one])[0] for one in calls[:3]]
    assert all(isinstance(result, dict) and "<" not in str(result["answer"])[:1] for result in together[:3])


def test_of_several_pages_it_looks_at_the_first_and_says_so(donut: Donut, tmp_path: Path) -> None:
    scan = tmp_path / "scan.tif"
    with Image.open(media.INVOICE) as invoice, Image.open(media.CAT) as cat:
        invoice.save(scan, save_all=True, append_images=[cat])
    paged = question_call("what is the number?", tmp_path, scan)
    assert donut.predict([paged]) == donut.predict([question_call("what is the number?", tmp_path)])
    assert paged.page_counts == {"image": 2}
