"""Texts about pictures: captions and answers of each kind of model, alone and in batches, on tiny checkpoints."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from PIL import Image

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.models.multimodal import captioning, visual_question_answering
from orchestrion_host.worker.models.multimodal.image_text_batches import ImageTextExpert
from orchestrion_host.worker.models.multimodal.visual_question_answering import AnswerClassifier
from tests.checkpoints import media
from tests.checkpoints import picture_text_models as tiny
from tests.unit.host.worker.calls import call, spec

library: Any = importlib.import_module("transformers")
CAPTION: Final = "image-to-text"
ANSWER: Final = "visual-question-answering"
WRITERS: Final = (
    tiny.blip,
    tiny.blip2,
    tiny.git,
    tiny.vit_gpt2,
    tiny.trocr,
)
ANSWERERS: Final = (tiny.blip_answers, tiny.blip2, tiny.git)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[Path], None]], Path]:
    made: dict[str, Path] = {}

    def folder(make: Callable[[Path], None]) -> Path:
        if make.__name__ not in made:
            made[make.__name__] = tmp_path_factory.mktemp(make.__name__)
            make(made[make.__name__])
        return made[make.__name__]

    return folder


@pytest.fixture(scope="module")
def blip(folders: Any) -> ImageTextExpert:
    expert = captioning.load(spec(folders(tiny.blip), CAPTION, max_tokens=12))
    assert isinstance(expert, ImageTextExpert)
    return expert


@pytest.fixture(scope="module")
def vilt(folders: Any) -> AnswerClassifier:
    expert = visual_question_answering.load(spec(folders(tiny.vilt), ANSWER))
    assert isinstance(expert, AnswerClassifier)
    return expert


@pytest.mark.parametrize("make", WRITERS)
def test_each_kind_of_captioner_writes_the_same_in_a_batch_as_alone(make: Any, folders: Any, tmp_path: Path) -> None:
    expert = captioning.load(spec(folders(make), CAPTION, max_tokens=12))
    expert.warm_up()
    calls = [call(CAPTION, {"image": file}, tmp_path / file.stem) for file in (media.CAT, media.COFFEE)]
    together = expert.predict(calls)
    alone = [expert.predict([one])[0] for one in calls]
    assert together == alone
    assert isinstance(together[0], dict)
    assert isinstance(together[0]["text"], str)

    scan = tmp_path / "scan.tif"
    with Image.open(media.CAT) as cat, Image.open(media.COFFEE) as coffee:
        cat.save(scan, save_all=True, append_images=[coffee, cat])
    paged = call(CAPTION, {"image": scan}, tmp_path)
    assert expert.predict([paged]) == alone[:1]
    assert paged.page_counts == {"image": 3}


@pytest.mark.parametrize("make", ANSWERERS)
def test_each_kind_of_answerer_tells_questions_apart_and_bears_unequal_ones(
    make: Any, folders: Any, tmp_path: Path
) -> None:
    expert = visual_question_answering.load(spec(folders(make), ANSWER, max_tokens=8))
    expert.warm_up()
    questions = ("what is this?", "where is the cup of coffee?", "what is red?")
    calls = [
        call(ANSWER, {"image": media.CAT, "question": question}, tmp_path / str(place))
        for place, question in enumerate(questions)
    ]
    together = expert.predict(calls)
    assert together == [expert.predict([one])[0] for one in calls]
    assert len({str(result) for result in together}) > 1


def test_a_caption_is_what_the_bare_model_writes(blip: ImageTextExpert, folders: Any, tmp_path: Path) -> None:
    folder = folders(tiny.blip)
    model = library.BlipForConditionalGeneration.from_pretrained(folder).eval()
    processor: Any = library.AutoImageProcessor.from_pretrained(folder, backend="pil")
    tokenizer: Any = library.AutoTokenizer.from_pretrained(folder)
    pixels = processor(images=Image.open(media.CAT).convert("RGB"), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        tokens = model.generate(pixel_values=pixels, max_new_tokens=12, do_sample=False)
    expected = " ".join(tokenizer.decode(tokens[0], skip_special_tokens=True).split())
    assert blip.predict([call(CAPTION, {"image": media.CAT}, tmp_path)]) == [{"text": expected}]


def test_the_decoder_of_old_checkpoints_gets_its_tokens_from_the_configuration(folders: Any, tmp_path: Path) -> None:
    expert = captioning.load(spec(folders(tiny.trocr), CAPTION))
    settings = expert.modules[0].generation_config
    assert (settings.decoder_start_token_id, settings.eos_token_id, settings.pad_token_id) == (2, 3, 0)
    result = expert.predict([call(CAPTION, {"image": media.CAT}, tmp_path)])[0]
    assert isinstance(result, dict)
    # 64 places in all, one of which is the beginning.
    assert len(str(result["text"]).replace("##", "")) <= 63


def test_a_broken_picture_and_a_cancelled_call_fail_alone(blip: ImageTextExpert, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    calls = [
        call(CAPTION, {"image": file}, tmp_path / str(place))
        for place, file in enumerate((media.CAT, broken, media.COFFEE))
    ]
    calls[2].cancel()
    good, bad, cancelled = blip.predict(calls)
    assert good == blip.predict(calls[:1])[0]
    assert isinstance(bad, InvalidArgumentError)
    assert isinstance(cancelled, RunCancelledError)


def test_questions_are_checked(vilt: AnswerClassifier, folders: Any, tmp_path: Path) -> None:
    expert = visual_question_answering.load(spec(folders(tiny.git), ANSWER))
    for answerer in (vilt, expert):
        for number, question in enumerate((" ", "what " * 80)):
            inputs = {"image": media.CAT, "question": question}
            (result,) = answerer.predict([call(ANSWER, inputs, tmp_path / str(number))])
            assert isinstance(result, InvalidArgumentError)
            assert "`question`" in str(result)


def test_models_that_one_talks_to_are_asked_by_their_template(folders: Any, tmp_path: Path) -> None:
    folder = folders(tiny.llava)
    captioner = captioning.load(spec(folder, CAPTION, max_tokens=8))
    answerer = visual_question_answering.load(spec(folder, ANSWER, max_tokens=8))
    captioner.warm_up()
    caption = captioner.predict([call(CAPTION, {"image": media.CAT, "domain": "caption"}, tmp_path)])[0]
    text = captioner.predict([call(CAPTION, {"image": media.CAT}, tmp_path)])[0]
    assert isinstance(caption, dict)
    assert isinstance(text, dict)
    assert caption["text"]
    assert caption != text
    inputs = {"image": media.CAT, "question": "what is this?"}
    calls = [call(ANSWER, inputs, tmp_path), call(ANSWER, {"image": media.CAT, "question": ""}, tmp_path)]
    calls.append(call(ANSWER, inputs, tmp_path))
    calls[2].cancel()
    answer, blank, cancelled = answerer.predict(calls)
    assert isinstance(answer, dict)
    assert answer["answer"]
    assert isinstance(blank, InvalidArgumentError)
    assert isinstance(cancelled, RunCancelledError)


def test_a_model_of_another_kind_says_which_there_are(folders: Any) -> None:
    with pytest.raises(FailedPreconditionError, match="vision-encoder-decoder"):
        visual_question_answering.load(spec(folders(tiny.vit_gpt2), ANSWER))
    with pytest.raises(FailedPreconditionError, match="vilt"):
        captioning.load(spec(folders(tiny.vilt), CAPTION))
    with pytest.raises(FailedPreconditionError, match="max_tokens"):
        captioning.load(spec(folders(tiny.blip), CAPTION, max_tokens=0))


def test_picked_answers_have_the_probabilities_of_the_bare_model(
    vilt: AnswerClassifier, folders: Any, tmp_path: Path
) -> None:
    folder = folders(tiny.vilt)
    model = library.ViltForQuestionAnswering.from_pretrained(folder).eval()
    processor: Any = library.AutoImageProcessor.from_pretrained(folder, backend="pil")
    tokenizer: Any = library.AutoTokenizer.from_pretrained(folder)
    encoded = processor(images=Image.open(media.CAT).convert("RGB"), return_tensors="pt")
    with torch.inference_mode():
        scores = model(**tokenizer("what is this?", return_tensors="pt"), **encoded).logits.sigmoid()[0]
    inputs = {"image": media.CAT, "question": "what is this?"}
    (result,) = vilt.predict([call(ANSWER, inputs, tmp_path)])
    assert isinstance(result, dict)
    assert result["answer"] == tiny.ANSWERS[int(scores.argmax())]
    assert result["score"] == pytest.approx(float(scores.max()), abs=1e-5)
    assert len(result["scores"]["json"]) == len(tiny.ANSWERS)


def test_pictures_of_other_shapes_and_longer_questions_beside_do_not_matter(
    vilt: AnswerClassifier, tmp_path: Path
) -> None:
    tall = tmp_path / "tall.png"
    with Image.open(media.COFFEE) as picture:
        picture.crop((100, 0, 200, 240)).save(tall)
    requests = ((media.CAT, "what is this?"), (tall, "where is the red cup of coffee?"))
    calls = [
        call(ANSWER, {"image": file, "question": question}, tmp_path / str(place))
        for place, (file, question) in enumerate(requests)
    ]
    together = vilt.predict(calls)
    for one, result in zip(calls, together, strict=True):
        (alone,) = vilt.predict([one])
        assert isinstance(result, dict)
        assert isinstance(alone, dict)
        assert result["answer"] == alone["answer"]
        assert result["score"] == pytest.approx(alone["score"], abs=1e-5)
