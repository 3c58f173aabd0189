"""The further architectures of vision: each says in a batch what it says alone, and what the library says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from orchestrion_host.worker import runtimes
from orchestrion_host.worker.models import single_precision
from orchestrion_host.worker.runtimes import LoadedExpert
from tests.checkpoints import vision
from tests.checkpoints import vision_kinds as kinds
from tests.unit.host.worker.calls import call, file_of, spec

DETECTORS: Final[dict[str, Callable[[Path], None]]] = {
    "detr": kinds.detr,
    "conditional_detr": kinds.conditional_detr,
    "rt_detr": kinds.rt_detr,
}
SEGMENTERS: Final[dict[str, Callable[[Path], None]]] = {
    "detr_panoptic": kinds.detr_panoptic,
    "mask2former": kinds.mask2former,
    "beit": kinds.beit,
    "upernet": kinds.upernet,
    "mobilevit": kinds.mobilevit,
}
FINDERS: Final[dict[str, Callable[[Path], None]]] = {"owlv2": kinds.owlv2, "grounding_dino": kinds.grounding_dino}
PICTURES: Final = (vision.CAT, vision.CAT.with_name("coffee.jpg"), vision.CAT)


def made(make: Callable[[Path], None], folder: Path, task_type: str) -> LoadedExpert:
    make(folder)
    own = spec(folder, task_type)
    return runtimes.loader(own)(own)


def predicted(expert: LoadedExpert, task_type: str, folder: Path, **inputs: Any) -> tuple[list[Any], list[Any]]:
    """The outputs of three pictures as a batch, and of each alone."""
    calls = [
        call(task_type, {"image": picture, **inputs}, folder / str(place)) for place, picture in enumerate(PICTURES)
    ]
    return list(expert.predict(calls)), [expert.predict([own])[0] for own in calls]


def close(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    """Whether two lists of objects are the same, with the rounding of other batch sizes."""
    scores = all(
        mine.get("score") == pytest.approx(his.get("score"), abs=2e-4) for mine, his in zip(one, other, strict=True)
    )
    return scores and [item["label"] for item in one] == [item["label"] for item in other]


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_tells_the_boxes_of_the_library(name: str, tmp_path: Path) -> None:
    expert = made(DETECTORS[name], tmp_path, "object-detection")
    together, alone = predicted(expert, "object-detection", tmp_path / "out", threshold=0.1)
    processor: Any = transformers.AutoImageProcessor
    processor = processor.from_pretrained(tmp_path, backend="pil")
    model: Any = transformers.AutoModelForObjectDetection.from_pretrained(tmp_path)
    for picture, result, own in zip(PICTURES, together, alone, strict=True):
        assert isinstance(result, dict), result
        objects = result["objects"]["json"]
        assert close(objects, own["objects"]["json"])
        with Image.open(picture) as image, torch.inference_mode():
            size = (image.height, image.width)
            outputs = model(**processor(images=image.convert("RGB"), return_tensors="pt"))
        (wanted,) = processor.post_process_object_detection(outputs, threshold=0.1, target_sizes=[size])
        names = [kinds.NAMES["id2label"][label] for label in wanted["labels"].tolist()]
        # A place of the list of classes that stands for nothing is none that is found.
        scores = [score for score, label in zip(wanted["scores"].tolist(), names, strict=True) if label != "N/A"]
        assert len(objects) > 0
        assert [item["score"] for item in objects] == pytest.approx(sorted(scores, reverse=True), abs=2e-4)
        with Image.open(file_of(result["annotated_image"])) as drawn:
            assert (drawn.height, drawn.width) == size


@pytest.mark.parametrize("name", SEGMENTERS)
def test_a_segmenter_numbers_what_it_tells(name: str, tmp_path: Path) -> None:
    expert = made(SEGMENTERS[name], tmp_path, "image-segmentation")
    together, alone = predicted(expert, "image-segmentation", tmp_path / "out", threshold=0.0)
    for picture, result, own in zip(PICTURES, together, alone, strict=True):
        assert isinstance(result, dict), result
        segments = result["segments"]["json"]
        assert close(segments, own["segments"]["json"])
        with Image.open(file_of(result["mask"])) as mask, Image.open(picture) as image:
            assert mask.size == image.size
            numbers = np.asarray(mask)
        assert set(np.unique(numbers)) - {0} == {item["id"] for item in segments}
        for item in segments:
            assert item["area_share"] == pytest.approx(float((numbers == item["id"]).mean()), abs=1e-5)


def test_calls_with_other_thresholds_do_not_change_what_a_segmenter_tells(tmp_path: Path) -> None:
    expert = made(kinds.mask2former, tmp_path, "image-segmentation")
    calls = [
        call("image-segmentation", {"image": vision.CAT, "threshold": threshold}, tmp_path / "out")
        for threshold in (0.0, 0.3, 1.0)
    ]
    together: list[Any] = list(expert.predict(calls))
    alone: list[Any] = [expert.predict([own])[0] for own in calls]
    for result, own in zip(together, alone, strict=True):
        assert close(result["segments"]["json"], own["segments"]["json"])
    assert (together[2]["count"], together[2]["text"]) == (0.0, "nothing")


def test_a_segmenter_sees_the_edges_of_pictures_too(tmp_path: Path) -> None:
    expert: Any = made(kinds.mobilevit, tmp_path, "image-segmentation")
    # Given black with a white right edge, which the processor's own crop would leave out, then white is seen there.
    picture = Image.new("RGB", (200, 100))
    picture.paste("white", (180, 0, 200, 100))
    pixels = expert._encoded(picture)["pixel_values"]
    assert tuple(pixels.shape[2:]) == (64, 64)
    assert float(pixels[..., -1].min()) > 0.9


def test_places_are_computed_in_single_precision_unless_told_otherwise(tmp_path: Path) -> None:
    own = spec(tmp_path, "object-detection")
    assert single_precision.preferred(own).options["dtype"] == "float32"
    half = spec(tmp_path, "object-detection", dtype="float16")
    assert single_precision.preferred(half).options["dtype"] == "float16"


@pytest.mark.parametrize("name", ["detr_panoptic", "mask2former", "upernet"])
def test_any_segmenter_paints_a_map(name: str, tmp_path: Path) -> None:
    expert = made(SEGMENTERS[name], tmp_path, "seg-control")
    for result, picture in zip(predicted(expert, "seg-control", tmp_path / "out")[0], PICTURES, strict=True):
        with Image.open(file_of(result["image"])) as painted, Image.open(picture) as image:
            assert (painted.size, painted.mode) == (image.size, "RGB")


@pytest.mark.parametrize("name", FINDERS)
def test_a_finder_of_named_things_boxes_them_inside_the_picture(name: str, tmp_path: Path) -> None:
    expert = made(FINDERS[name], tmp_path, "zero-shot-object-detection")
    together, alone = predicted(
        expert, "zero-shot-object-detection", tmp_path / "out", labels=["red cat", "cup"], threshold=0.01
    )
    for picture, result, own in zip(PICTURES, together, alone, strict=True):
        assert isinstance(result, dict), result
        objects = result["objects"]["json"]
        assert result["count"] == len(objects) > 0
        assert close(objects, own["objects"]["json"])
        with Image.open(picture) as image:
            width, height = image.size
        for item in objects:
            box = item["box"]
            assert item["label"] in ("red cat", "cup")
            assert 0 <= box["x_min"] <= box["x_max"] <= width
            assert 0 <= box["y_min"] <= box["y_max"] <= height
