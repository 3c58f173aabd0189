"""The rows of the tasks that bring pictures and words together, and of those that draw maps of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from PIL import Image

from tests.checkpoints import media
from tests.checkpoints.picture_map_models import depth_anything, dpt, person_detector, swin2sr, vitpose
from tests.checkpoints.picture_text_models import ANSWERS, blip, layoutlm, vilt
from tests.checkpoints.rows import TaskRow


def _check_text(name: str) -> Any:
    def check(outputs: Mapping[str, Any]) -> None:
        assert isinstance(outputs[name], str)
        assert outputs[name] == outputs[name].strip()

    return check


def _check_picked(outputs: Mapping[str, Any]) -> None:
    assert outputs["answer"] in ANSWERS
    assert 0 <= outputs["score"] <= 1
    scores = [item["score"] for item in outputs["scores"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == outputs["score"]


def _check_page(outputs: Mapping[str, Any]) -> None:
    assert outputs["answer"]
    assert 0 <= outputs["score"] <= 1
    with Image.open(media.INVOICE) as page:
        width, height = page.size
    box = outputs["box"]
    assert -1 <= box["x_min"] < box["x_max"] <= width + 1
    assert -1 <= box["y_min"] < box["y_max"] <= height + 1


def _check_map(mode: str, *, factor: int = 1) -> Any:
    def check(outputs: Mapping[str, Any]) -> None:
        with Image.open(media.CAT) as original, Image.open(outputs["image"]) as made:
            assert made.size == (original.width * factor, original.height * factor)
            assert made.mode == mode
            assert np.asarray(made).std() > 0

    return check


def _check_depth(outputs: Mapping[str, Any]) -> None:
    _check_map("L")(outputs)
    assert 0 < outputs["nearest"] <= outputs["statistics"]["median"] <= outputs["farthest"] <= 21
    assert outputs["statistics"]["unit"] == "metres"


def _engine(task_type: str, model: str) -> TaskRow:
    expert = f"drawn-{task_type}"
    return TaskRow(task_type, expert, None, {"image": media.CAT}, _check_map("L"), "engine", facts={"model": model})


ROWS: Final = (
    TaskRow(
        "image-to-text", "tiny-blip", blip, {"image": media.CAT, "domain": "caption"}, _check_text("text"),
        facts={"domain": "caption"},
    ),
    TaskRow(
        "visual-question-answering", "tiny-vilt", vilt, {"image": media.CAT, "question": "What is this?"}, _check_picked
    ),
    TaskRow(
        "document-question-answering", "tiny-layoutlm", layoutlm,
        {"image": media.INVOICE, "question": "What is the number?"}, _check_page,
    ),
    TaskRow(
        "image-to-image", "tiny-swin2sr", swin2sr,
        {"image": media.CAT, "operation": "upscale"}, _check_map("RGB", factor=2),
        facts={"accepts": {"operation": ["upscale"]}},
    ),
    TaskRow("depth-estimation", "tiny-depth-anything", depth_anything, {"image": media.CAT}, _check_depth),
    TaskRow("depth-control", "tiny-depth", dpt, {"image": media.CAT}, _check_map("L")),
    TaskRow("normal-control", "tiny-normals", dpt, {"image": media.CAT}, _check_map("RGB")),
    TaskRow(
        "openpose-control", "tiny-vitpose", vitpose, {"image": media.CAT}, _check_map("RGB"),
        parts={"detector": person_detector},
    ),
    _engine("canny-control", "opencv"),
    _engine("hed-control", "opencv-controls"),
    _engine("mlsd-control", "opencv-controls"),
    _engine("scribble-control", "opencv-controls"),
)  # fmt: skip
