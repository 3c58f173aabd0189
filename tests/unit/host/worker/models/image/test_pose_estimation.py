"""Poses: joints out of heatmaps where they are, COCO's joints in OpenPose's order, skeletons in its colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image

from orchestrion.errors import InvalidArgumentError
from orchestrion_host.worker.media.image import skeletons
from orchestrion_host.worker.media.image.detections import Box
from orchestrion_host.worker.models.image import pose_estimation, pose_heatmaps
from orchestrion_host.worker.models.image.pose_estimation import PoseEstimator
from tests.checkpoints import media
from tests.checkpoints import picture_map_models as tiny
from tests.unit.host.worker.calls import call, file_of, spec

TASK: Final = "openpose-control"
# COCO's order: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles; of each pair the left one first. The
# person looks at the viewer, so that the left hand is on the right side of the picture.
STANDING: Final = [
    (100, 40), (106, 35), (94, 35), (112, 38), (88, 38), (130, 70), (70, 70), (145, 105), (55, 105), (150, 140),
    (50, 140), (118, 150), (82, 150), (120, 200), (80, 200), (121, 245), (79, 245),
]  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    pose, detector = tmp_path_factory.mktemp("vitpose"), tmp_path_factory.mktemp("yolos")
    tiny.vitpose(pose)
    tiny.person_detector(detector)
    return pose, detector


@pytest.fixture(scope="module")
def whole(folders: tuple[Path, Path]) -> PoseEstimator:
    return pose_estimation.load(spec(folders[0], TASK))


@pytest.fixture(scope="module")
def detecting(folders: tuple[Path, Path]) -> PoseEstimator:
    return pose_estimation.load(spec(folders[0], TASK, {"detector": folders[1]}))


def drawn(result: Any) -> np.ndarray[Any, Any]:
    with Image.open(file_of(result["image"])) as picture:
        assert picture.mode == "RGB"
        return np.asarray(picture)


def test_joints_come_back_from_heatmaps_where_they_were_in_the_picture() -> None:
    frame = pose_heatmaps.framed(Box(20, 10, 180, 260), 192, 256)
    assert frame.width / frame.height == pytest.approx(192 / 256)
    assert frame.height == pytest.approx(250 * 1.25)
    rows, columns = np.mgrid[0:64, 0:48]
    heatmaps = np.zeros((1, 17, 64, 48))
    for joint, (x, y) in enumerate(STANDING):
        column = (x - frame.x_min) / frame.width * 47
        row = (y - frame.y_min) / frame.height * 63
        heatmaps[0, joint] = np.exp(-((columns - column) ** 2 + (rows - row) ** 2) / (2 * 2.0**2))
    points, scores = pose_heatmaps.joints(heatmaps, [frame])
    assert points[0] == pytest.approx(np.array(STANDING), abs=0.6)
    assert scores.min() > 0.85


def test_a_crop_shows_what_lies_in_the_frame() -> None:
    picture = Image.new("RGB", (100, 80))
    picture.putpixel((40, 30), (255, 255, 255))
    crop = np.asarray(pose_heatmaps.crop(picture, Box(30, 20, 49, 39), 20, 20))
    assert divmod(int(crop[:, :, 0].argmax()), 20) == (10, 10)
    outside = pose_heatmaps.crop(Image.new("RGB", (10, 10), "white"), Box(-10, -10, 20, 20), 31, 31)
    assert outside.getpixel((2, 2)) == (0, 0, 0)
    assert outside.getpixel((15, 15)) == (255, 255, 255)


def test_joints_get_openposes_numbers_and_a_neck() -> None:
    result = skeletons.from_coco(STANDING, [0.9] * 17, 0.3)
    assert len(result) == 18
    assert result[1] == (100, 70)
    right_wrist, left_wrist = 4, 7
    assert (result[right_wrist], result[left_wrist]) == ((50, 140), (150, 140))
    right_eye, left_ear = 14, 17
    assert (result[right_eye], result[left_ear]) == ((94, 35), (112, 38))
    unsure = skeletons.from_coco(STANDING, [0.9] * 5 + [0.1] * 12, 0.3)
    assert sorted(unsure) == [0, 14, 15, 16, 17]


def test_limbs_and_joints_have_openposes_colours() -> None:
    picture = skeletons.draw((200, 260), [skeletons.from_coco(STANDING, [0.9] * 17, 0.3)])
    assert picture.getpixel((100, 40)) == (255, 0, 0)
    assert picture.getpixel((50, 140)) == (170, 255, 0)
    # From the neck to the right shoulder, darker than a joint.
    assert picture.getpixel((85, 70)) == (153, 0, 0)
    assert picture.getpixel((120, 175)) == (0, 102, 153)
    assert picture.getpixel((5, 5)) == (0, 0, 0)


def test_persons_of_a_batch_are_drawn_as_alone(detecting: PoseEstimator, whole: PoseEstimator, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"none")
    for number, expert in enumerate((detecting, whole)):
        expert.warm_up()
        files = (media.CAT, broken, media.COFFEE)
        calls = [call(TASK, {"image": file}, tmp_path / f"{number}{place}") for place, file in enumerate(files)]
        first, bad, last = expert.predict(calls)
        assert isinstance(bad, InvalidArgumentError)
        for one, result in ((calls[0], first), (calls[2], last)):
            (alone,) = expert.predict([one])
            assert (drawn(result) == drawn(alone)).all()
        with Image.open(media.CAT) as picture:
            assert drawn(first).shape == (picture.height, picture.width, 3)
        assert drawn(first).any()


def test_where_nobody_is_found_all_is_black(
    detecting: PoseEstimator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detecting._detector.config, "id2label", {0: "cat"})
    (result,) = detecting.predict([call(TASK, {"image": media.CAT}, tmp_path)])
    assert not drawn(result).any()
