"""Depth: in metres or not, of pictures of all shapes, as grey pictures and as directions of surfaces."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
from PIL import Image

from orchestrion.errors import InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.media.image import depth_maps
from orchestrion_host.worker.models.image import depth_estimation
from orchestrion_host.worker.models.image.depth_estimation import DepthEstimator
from tests.checkpoints import media
from tests.checkpoints import picture_map_models as tiny
from tests.unit.host.worker.calls import call, file_of, spec

library: Any = importlib.import_module("transformers")
TASK: Final = "depth-estimation"


@pytest.fixture(scope="module")
def relative(tmp_path_factory: pytest.TempPathFactory) -> DepthEstimator:
    folder = tmp_path_factory.mktemp("dpt")
    tiny.dpt(folder)
    return depth_estimation.load(spec(folder, TASK))


@pytest.fixture(scope="module")
def metric(tmp_path_factory: pytest.TempPathFactory) -> DepthEstimator:
    folder = tmp_path_factory.mktemp("depth-anything")
    tiny.depth_anything(folder)
    return depth_estimation.load(spec(folder, TASK))


def predicted(expert: DepthEstimator, folder: Path, *files: Path, task: str = TASK, **inputs: Any) -> list[Any]:
    calls = [call(task, {"image": file, **inputs}, folder / str(place)) for place, file in enumerate(files)]
    return list(expert.predict(calls))


def shades(result: Any) -> np.ndarray[Any, Any]:
    with Image.open(file_of(result["image"])) as picture:
        return np.asarray(picture)


def test_near_is_bright_as_the_library_has_it(relative: DepthEstimator, tmp_path: Path) -> None:
    folder = relative.checkpoint.folder
    model = library.DPTForDepthEstimation.from_pretrained(folder).eval()
    processor: Any = library.AutoImageProcessor.from_pretrained(folder, backend="pil")
    picture = Image.open(media.CAT).convert("RGB")
    with torch.inference_mode():
        outputs = model(**processor(images=picture, return_tensors="pt"))
    (result,) = processor.post_process_depth_estimation(outputs, target_sizes=[(picture.height, picture.width)])
    expected = result["predicted_depth"].numpy()
    (actual,) = predicted(relative, tmp_path, media.CAT)
    grey = shades(actual)
    assert grey.shape == expected.shape
    assert (grey.min(), grey.max()) == (0, 255)
    assert np.corrcoef(grey.ravel(), expected.ravel())[0, 1] > 0.999
    assert actual["statistics"]["json"]["unit"] == "relative nearness"
    assert actual["statistics"]["json"]["maximum"] == pytest.approx(float(outputs.predicted_depth.max()), rel=0.02)
    assert "nearest" not in actual


def test_metres_are_told_and_what_is_far_is_dark(metric: DepthEstimator, tmp_path: Path) -> None:
    (result,) = predicted(metric, tmp_path, media.CAT)
    assert 0 < result["nearest"] < result["farthest"] <= 20
    assert result["statistics"]["json"]["unit"] == "metres"
    (depths,) = metric._depths([Image.open(media.CAT).convert("RGB")])
    grey = shades(result)
    assert grey[np.unravel_index(depths.argmin(), depths.shape)] == 255
    assert grey[np.unravel_index(depths.argmax(), depths.shape)] == 0


def test_the_option_says_that_a_model_tells_metres(relative: DepthEstimator, tmp_path: Path) -> None:
    expert = depth_estimation.load(spec(relative.checkpoint.folder, TASK, metric=True))
    (result,) = predicted(expert, tmp_path, media.CAT)
    assert result["nearest"] > 0


def test_maps_are_computed_in_single_precision_unless_half_is_asked_for(relative: DepthEstimator) -> None:
    requests = depth_estimation.load(spec(relative.checkpoint.folder, TASK, dtype="bfloat16"))
    assert (relative.checkpoint.dtype, requests.checkpoint.dtype) == (torch.float32, torch.bfloat16)
    assert requests.parameter_bytes() < relative.parameter_bytes()
    requests.warm_up()


def test_pictures_of_all_shapes_share_a_batch_and_come_out_as_alone(metric: DepthEstimator, tmp_path: Path) -> None:
    strip = tmp_path / "strip.png"
    Image.effect_noise((900, 12), 90).convert("RGB").save(strip)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"")
    files = (media.CAT, strip, media.COFFEE, broken)
    together = predicted(metric, tmp_path / "together", *files)
    assert isinstance(together[3], InvalidArgumentError)
    for place, file in enumerate(files[:3]):
        (alone,) = predicted(metric, tmp_path / f"alone{place}", file)
        with Image.open(file) as picture:
            assert shades(alone).shape == (picture.height, picture.width)
        assert np.abs(shades(alone).astype(int) - shades(together[place])).max() <= 1


def test_glpn_reads_large_and_tiny_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "glpn"
    folder.mkdir()
    tiny.glpn(folder)
    expert = depth_estimation.load(spec(folder, TASK))
    small = tmp_path / "small.png"
    Image.effect_noise((9, 7), 90).save(small)
    large = tmp_path / "large.png"
    Image.effect_noise((1200, 800), 90).save(large)
    result = predicted(expert, tmp_path, small, large)
    assert [shades(one).shape for one in result] == [(7, 9), (800, 1200)]
    assert all(one["nearest"] > 0 for one in result)


def test_a_cancelled_call_fails_alone(relative: DepthEstimator, tmp_path: Path) -> None:
    calls = [call(TASK, {"image": media.CAT}, tmp_path / str(place)) for place in range(2)]
    calls[0].cancel()
    cancelled, good = relative.predict(calls)
    assert isinstance(cancelled, RunCancelledError)
    assert isinstance(good, dict)


def test_control_maps_are_pictures_alone(relative: DepthEstimator, tmp_path: Path) -> None:
    (grey,) = predicted(relative, tmp_path / "depth", media.CAT, task="depth-control")
    assert set(grey) == {"image"}
    (normals,) = predicted(relative, tmp_path / "normals", media.CAT, task="normal-control", background_threshold=0.2)
    assert set(normals) == {"image"}
    with Image.open(media.CAT) as picture:
        assert shades(normals).shape == (picture.height, picture.width, 3)


def test_a_dome_faces_left_up_and_the_viewer_where_it_should() -> None:
    y, x = np.mgrid[-1:1:101j, -1:1:101j]
    dome = np.sqrt(np.clip(1 - x**2 - y**2, 0, None)).astype(np.float32)
    normals = depth_maps.normals(dome, 0.1).astype(int)
    red, green, blue = 0, 1, 2
    # Red on the left, green at the top, blue in the middle; the corners are background and flat.
    assert normals[50, 20, red] > 150
    assert normals[50, 80, red] < 105
    assert normals[20, 50, green] > 150
    assert normals[80, 50, green] < 105
    assert normals[50, 50].tolist() == pytest.approx([128, 128, 255], abs=2)
    assert normals[2, 2].tolist() == pytest.approx([128, 128, 255], abs=1)
    # Directions have length 1.
    assert np.linalg.norm((normals - 128) / 127.5, axis=2) == pytest.approx(1, abs=0.03)
    # A thumbnail has the same colours.
    small = depth_maps.normals(dome[::2, ::2], 0.1).astype(int)
    assert abs(int(small[25, 10, blue]) - int(normals[50, 20, blue])) < 8


def test_a_flat_picture_is_far_everywhere() -> None:
    assert depth_maps.nearness(np.full((4, 5), 3.0)).max() == 0
    assert depth_maps.nearness(np.array([[1.0, np.inf, 3.0]]))[0] == pytest.approx([1 / 3, 0, 1])
