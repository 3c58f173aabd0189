"""Models that recognise what is in pictures, each on a tiny checkpoint with random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from orchestrion.errors import InvalidArgumentError, RunCancelledError
from orchestrion_host.worker import runtimes
from orchestrion_host.worker.media.image import counting
from orchestrion_host.worker.models.image import ade20k, mask_generation, open_vocabulary_detection
from orchestrion_host.worker.runtimes import LoadedExpert
from tests.checkpoints import vision
from tests.unit.host.worker.calls import Sent, call, file_of, spec

LABELS: Final = ["cat", "dog", "cup"]
MAKERS: Final[dict[str, tuple[str, Callable[[Path], None], dict[str, Any]]]] = {
    "vit": ("image-classification", vision.vit, {}),
    "clip": ("zero-shot-image-classification", vision.clip, {"labels": LABELS}),
    "siglip": ("zero-shot-image-classification", vision.siglip, {"labels": LABELS}),
    "yolos": ("object-detection", vision.cat_counter, {}),
    "owl": ("zero-shot-object-detection", vision.owl, {"labels": ["cat", "cup"]}),
    "segformer": ("image-segmentation", vision.segformer, {}),
    "maskformer": ("image-segmentation", vision.maskformer, {"threshold": 0.0}),
    "sam": ("mask-generation", vision.sam, {"points": {"json": [[10, 12]]}}),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: tmp_path_factory.mktemp(name) for name in MAKERS}


@pytest.fixture(scope="module")
def experts(folders: dict[str, Path]) -> dict[str, LoadedExpert]:
    result = {}
    for name, (task_type, make, _) in MAKERS.items():
        make(folders[name])
        own = spec(folders[name], task_type)
        result[name] = runtimes.loader(own)(own)
    return result


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Three pictures, two of one size and one of another."""
    generator = np.random.default_rng(3)
    made = []
    for number, size in enumerate([(40, 60), (40, 60), (50, 30)]):
        path = tmp_path / f"{number}.png"
        Image.fromarray(generator.integers(0, 255, (*size, 3), dtype=np.uint8)).save(path)
        made.append(path)
    return made


def plain(value: Any) -> Any:
    """What an output says; files become their pixels."""
    if isinstance(value, dict) and "json" in value:
        return value["json"]
    if isinstance(value, dict):
        with Image.open(file_of(value)) as image:
            return np.asarray(image).tolist()
    return [plain(item) for item in value] if isinstance(value, list) else value


def outputs_of(result: Any) -> dict[str, Any]:
    assert isinstance(result, dict), result
    return {name: plain(value) for name, value in result.items()}


def alike(one: Any, other: Any) -> bool:
    """Whether two results say the same, with the rounding of other batch sizes."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == pytest.approx(other, abs=2e-4)) if isinstance(one, float) else bool(one == other)


@pytest.mark.parametrize("name", MAKERS)
def test_a_batch_says_what_its_calls_say_one_by_one(
    name: str, experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    task_type, _, inputs = MAKERS[name]

    def calls(folder: str) -> list[Any]:
        return [
            call(task_type, {"image": picture, **inputs}, tmp_path / folder / str(number))
            for number, picture in enumerate(pictures)
        ]

    expert = experts[name]
    together = [outputs_of(result) for result in expert.predict(calls("together"))]
    alone = [outputs_of(expert.predict([own])[0]) for own in calls("alone")]
    assert all(map(alike, together, alone))


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_no_picture_fails_its_own_call_alone(
    name: str, experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    task_type, _, inputs = MAKERS[name]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    calls = [call(task_type, {"image": path, **inputs}, tmp_path / "out") for path in (pictures[0], broken)]
    good, bad = experts[name].predict(calls)
    assert isinstance(good, dict)
    assert isinstance(bad, InvalidArgumentError)
    assert bad.field == "inputs.image"


@pytest.mark.parametrize("name", MAKERS)
def test_a_call_that_nobody_waits_for_is_left_out(
    name: str, experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    task_type, _, inputs = MAKERS[name]
    calls = [call(task_type, {"image": path, **inputs}, tmp_path / "out") for path in pictures[:2]]
    calls[0].cancel()
    left, done = experts[name].predict(calls)
    assert isinstance(left, RunCancelledError)
    assert isinstance(done, dict)


def test_classes_are_those_of_the_library(
    folders: dict[str, Path], experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    (result,) = experts["vit"].predict([call("image-classification", {"image": pictures[0]}, tmp_path / "out")])
    make: Any = transformers.pipeline
    wanted = make("image-classification", model=str(folders["vit"]))(str(pictures[0]))
    assert alike(outputs_of(result)["scores"], wanted)


@pytest.mark.parametrize("name", ["clip", "siglip"])
def test_labels_are_compared_as_the_library_does(
    name: str, folders: dict[str, Path], experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    (result,) = experts[name].predict(
        [call("zero-shot-image-classification", {"image": pictures[0], "labels": LABELS}, tmp_path / "out")]
    )
    make: Any = transformers.pipeline
    pipe = make("zero-shot-image-classification", model=str(folders[name]))
    wanted = pipe(str(pictures[0]), candidate_labels=LABELS, hypothesis_template="This is a photo of {}.")
    assert alike(outputs_of(result)["scores"], sorted(wanted, key=lambda item: -item["score"]))


def test_labels_that_are_missing_or_empty_are_named(
    experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    for name in ("clip", "owl"):
        task_type = MAKERS[name][0]
        for labels in ([], ["cat", " "], ["cat"] + [str(number) for number in range(300)]):
            own = call(task_type, {"image": pictures[0], "labels": labels}, tmp_path / "out")
            (result,) = experts[name].predict([own])
            assert isinstance(result, InvalidArgumentError)
            assert result.field == "inputs.labels"


def test_each_of_the_cats_is_told_above_the_threshold_and_none_below(
    experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    calls = [
        call("object-detection", {"image": pictures[0], "threshold": threshold}, tmp_path / "out")
        for threshold in (0.5, 0.99999)
    ]
    some, none = (outputs_of(result) for result in experts["yolos"].predict(calls))
    assert (some["text"], some["count"]) == ("2 cats", 2.0)
    assert (none["text"], none["count"], none["objects"]) == ("nothing", 0.0, [])


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (["cat"], "2 cats"),
        (["Cats"], "2 cats"),
        (["dog"], "no dogs"),
        (["dogs", "cat"], "2 cats and no dogs"),
        ([], "2 cats"),
    ],
)
def test_only_what_a_call_names_is_told(
    labels: list[str], text: str, experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    own = call("object-detection", {"image": pictures[0], "labels": labels}, tmp_path / "out")
    (result,) = experts["yolos"].predict([own])
    seen = outputs_of(result)
    count = vision.CATS if "cat" in text else 0
    assert (seen["text"], seen["count"], len(seen["objects"])) == (text, count, count)
    # Boxes are drawn around what is told alone.
    with Image.open(pictures[0]) as picture:
        assert (seen["annotated_image"] == np.asarray(picture).tolist()) == (not count)


def test_calls_of_a_batch_have_labels_of_their_own(
    experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    wanted: list[dict[str, Any]] = [{"labels": ["dog"]}, {}, {"labels": ["zebra"]}, {"labels": ["cat"]}]
    calls = [call("object-detection", {"image": pictures[0], **inputs}, tmp_path / "out") for inputs in wanted]
    dogs, everything, zebras, cats = experts["yolos"].predict(calls)
    assert [outputs_of(each)["text"] for each in (dogs, everything, cats)] == ["no dogs", "2 cats", "2 cats"]
    assert isinstance(zebras, InvalidArgumentError)


def test_a_thing_that_a_detector_does_not_tell_apart_is_told_beside_what_it_does(
    experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    own = call("object-detection", {"image": pictures[0], "labels": ["cat", "zebra"]}, tmp_path / "out")
    (result,) = experts["yolos"].predict([own])
    outputs = outputs_of(result)
    assert outputs["text"] == "2 cats; not among what this expert tells apart: zebra"
    assert (outputs["count"], outputs["not_told_apart"]) == (2.0, ["zebra"])


def test_a_thing_that_a_detector_does_not_tell_apart_is_no_empty_result(
    experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    own = call("object-detection", {"image": pictures[0], "labels": ["zebra"]}, tmp_path / "out")
    (result,) = experts["yolos"].predict([own])
    assert isinstance(result, InvalidArgumentError)
    assert result.field == "inputs.labels"
    assert result.message == (
        "Input `labels` names `zebra`, which this expert does not tell apart. It knows dog, cat; "
        "an expert of zero-shot-object-detection looks for things of any name."
    )


def test_the_sentence_of_names_gives_each_name_the_best_of_its_words(folders: dict[str, Path]) -> None:
    vision.owl(folders["owl"])
    detector = open_vocabulary_detection.load(spec(folders["owl"], "zero-shot-object-detection"))
    # Given "<s> cat . red dog . </s>" with a score for each of its words, then of each name the best one.
    tokens = detector._tokenizer(["cat . table dog ."], return_tensors="pt")["input_ids"]
    scores = torch.tensor([[[0.9, 0.2, 0.8, 0.3, 0.5, 0.7, 0.9]]])
    assert detector._of_labels(scores, tokens, 2).tolist() == [[[pytest.approx(0.2), pytest.approx(0.5)]]]


def test_segments_are_those_of_the_library_and_the_map_has_their_numbers(
    folders: dict[str, Path], experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    (result,) = experts["segformer"].predict([call("image-segmentation", {"image": pictures[0]}, tmp_path / "out")])
    seen = outputs_of(result)
    processor: Any = transformers.AutoImageProcessor
    processor = processor.from_pretrained(folders["segformer"], backend="pil")
    model: Any = transformers.AutoModelForSemanticSegmentation.from_pretrained(folders["segformer"])
    with Image.open(pictures[0]) as image, torch.inference_mode():
        outputs = model(**processor(images=image.convert("RGB"), return_tensors="pt"))
        (wanted,) = processor.post_process_semantic_segmentation(outputs, target_sizes=[(40, 60)])
    names = {item["id"]: item["label"] for item in seen["segments"]}
    told_names = [[names[number] for number in row] for row in seen["mask"]]
    assert told_names == [[model.config.id2label[number] for number in row] for row in wanted.tolist()]
    assert sum(item["area_share"] for item in seen["segments"]) == pytest.approx(1, abs=1e-4)


def test_a_map_for_painting_has_the_colours_of_the_classes(
    folders: dict[str, Path], pictures: list[Path], tmp_path: Path
) -> None:
    own = spec(folders["segformer"], "seg-control")
    vision.segformer(folders["segformer"])
    (result,) = runtimes.loader(own)(own).predict([call("seg-control", {"image": pictures[0]}, tmp_path / "out")])
    painted = {tuple(colour) for row in outputs_of(result)["image"] for colour in row}
    assert painted <= {tuple(colour) for colour in ade20k.COLOURS[:3].tolist()}
    assert len(ade20k.COLOURS) == 150


def test_what_stands_out_is_found_by_a_grid_with_progress(
    folders: dict[str, Path], pictures: list[Path], tmp_path: Path
) -> None:
    vision.sam(folders["sam"])
    own = spec(folders["sam"], "mask-generation", points_per_side=12, least_score=-1.0, least_stability=0.0)
    sent = Sent()
    (result,) = mask_generation.load(own).predict(
        [call("mask-generation", {"image": pictures[0]}, tmp_path / "out", sent)]
    )
    seen = outputs_of(result)
    assert seen["count"] == len(seen["masks"]) == len(seen["objects"]) > 0
    assert sent.progress() == [pytest.approx(start / 144) for start in (0, 64, 128)]
    scores = [item["score"] for item in seen["objects"]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("points", [[], [[1]], [[1, "x"]], [[60, 0]], [[-1, 0]], "here", [[1, 2]] * 65])
def test_points_that_are_none_are_named(
    points: Any, experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    inputs = {"image": pictures[0], "points": {"json": points}}
    (result,) = experts["sam"].predict([call("mask-generation", inputs, tmp_path / "out")])
    assert isinstance(result, InvalidArgumentError)
    assert result.field == "inputs.points"
    assert "60 x 40" in result.message


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([], "nothing"),
        (["cat"], "1 cat"),
        (["cat", "dog", "cat"], "2 cats and 1 dog"),
        (["bus", "bus", "person", "person", "traffic light"], "2 buses, 2 people and 1 traffic light"),
        (["baby", "baby", "boy", "boy", "knife", "knife"], "2 babies, 2 boys and 2 knives"),
    ],
)
def test_things_are_counted_in_words(labels: list[str], words: str) -> None:
    assert counting.in_words(labels) == words


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 20_000), (20_000, 1), (2_000, 8)])
@pytest.mark.parametrize("name", MAKERS)
def test_a_tiny_or_narrow_picture_is_seen_or_refused(
    name: str, size: tuple[int, int], experts: dict[str, LoadedExpert], tmp_path: Path
) -> None:
    task_type, _, inputs = MAKERS[name]
    picture = tmp_path / "odd.png"
    Image.new("RGB", size, "red").save(picture)
    own = {**inputs, "points": {"json": [[0, 0]]}} if "points" in inputs else inputs
    [result] = experts[name].predict([call(task_type, {"image": picture, **own}, tmp_path / "out")])
    if max(size) > 100 * min(size):
        assert isinstance(result, InvalidArgumentError)
        assert f"is {size[0]:,} x {size[1]:,} pixels, too narrow" in result.message
    else:
        assert isinstance(result, dict), result


@pytest.mark.parametrize("name", ["clip", "siglip", "owl"])
def test_a_label_that_would_be_cut_is_refused(
    name: str, experts: dict[str, LoadedExpert], pictures: list[Path], tmp_path: Path
) -> None:
    task_type, _, _ = MAKERS[name]
    inputs = {"image": pictures[0], "labels": ["cat", "a photo of this cat " * 40]}
    [error] = experts[name].predict([call(task_type, inputs, tmp_path / "out")])
    assert isinstance(error, InvalidArgumentError)
    assert error.field == "inputs.labels"
    assert "tokens" in error.message
