"""Pictures from maps and pictures: ControlNet, InstructPix2Pix, redrawing; against the library, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError
from orchestrion_host.worker.runtimes import Result
from tests.checkpoints import diffusion_models
from tests.unit.host.worker.diffusion.experts import CAT, COFFEE, Watcher, load, pixels, watched_call

# Each loads a checkpoint of every family, or paints with it: seconds each.
pytestmark = pytest.mark.tasks

FITTED = (80, 56)
"""The size of what is made of the photograph of 451 x 300 pixels: of the area of 64 x 64, in multiples of 8."""


@pytest.fixture(scope="module")
def guided(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("controlnet")
    parts = {"controlnet": diffusion_models.controlnet}
    return load("depth-text-to-image", folder, diffusion_models.stable_diffusion, parts)


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load("image-editing", tmp_path_factory.mktemp("pix2pix"), diffusion_models.instruct_pix2pix)


@pytest.fixture(scope="module")
def redrawer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load("image-to-image", tmp_path_factory.mktemp("redraw"), diffusion_models.stable_diffusion, steps=10)


def run(expert: Any, folder: Path, /, **inputs: Any) -> tuple[Result, Watcher]:
    call, watcher = watched_call("any", inputs, folder)
    (result,) = expert.predict([call])
    return result, watcher


def fitted(path: Path = CAT) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB").resize(FITTED, Image.Resampling.LANCZOS)


def along(guided: Any, folder: Path, /, **inputs: Any) -> Result:
    return run(guided, folder, **{"prompt": "a cat", "image": CAT, "steps": 2.0, "seed": 3.0, **inputs})[0]


def test_a_picture_is_painted_along_a_map_as_the_library_does_it(guided: Any, tmp_path: Path) -> None:
    result = along(guided, tmp_path, strength=0.7)
    bare = guided.pipeline(
        "a cat",
        image=fitted(),
        num_inference_steps=2,
        controlnet_conditioning_scale=0.7,
        generator=torch.Generator("cpu").manual_seed(3),
    ).images[0]
    assert bare.size == FITTED
    assert np.abs(pixels(result) - np.asarray(bare)).max() <= 1


def test_the_strength_says_how_much_the_map_counts(guided: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.new("RGB", (451, 300), "white").save(other)
    free = [pixels(along(guided, tmp_path, image=path, strength=0.0)) for path in (CAT, other)]
    bound = [pixels(along(guided, tmp_path, image=path)) for path in (CAT, other)]
    assert np.array_equal(free[0], free[1])
    assert not np.array_equal(bound[0], bound[1])


def test_maps_of_one_size_share_a_pass(guided: Any, tmp_path: Path) -> None:
    Image.new("RGB", (451, 300), "red").save(tmp_path / "red.png")
    wanted: list[dict[str, Any]] = [{}, {"image": tmp_path / "red.png", "prompt": "a dog", "seed": 4.0}]
    alone = [pixels(along(guided, tmp_path, **inputs)) for inputs in wanted]
    same = {"prompt": "a cat", "image": CAT, "steps": 2.0, "seed": 3.0}
    calls = [watched_call("any", {**same, **inputs}, tmp_path)[0] for inputs in wanted]
    for picture, result in zip(alone, guided.predict(calls), strict=True):
        assert np.abs(picture - pixels(result)).max() <= 1


def test_a_long_thin_map_keeps_to_what_can_be_made(guided: Any, tmp_path: Path) -> None:
    Image.new("L", (900, 20), 128).save(tmp_path / "thin.png")
    assert pixels(along(guided, tmp_path, image=tmp_path / "thin.png")).shape == (32, 128, 3)


def test_the_weights_of_the_controlnet_count(guided: Any) -> None:
    control = sum(item.nbytes for item in guided.pipeline.controlnet.parameters())
    assert control > 0
    assert guided.parameter_bytes() > control + sum(item.nbytes for item in guided.pipeline.unet.parameters())


def test_parts_are_as_precise_as_the_rest(tmp_path: Path) -> None:
    parts = {"controlnet": diffusion_models.controlnet}
    guided = load("seg-text-to-image", tmp_path, diffusion_models.stable_diffusion, parts, dtype="bfloat16")
    assert guided.pipeline.controlnet.dtype == guided.pipeline.unet.dtype == torch.bfloat16


def test_without_its_part_it_is_not_loaded(tmp_path: Path) -> None:
    with pytest.raises(FailedPreconditionError, match="needs the part 'controlnet'"):
        load("canny-text-to-image", tmp_path, diffusion_models.stable_diffusion)


def test_a_picture_is_changed_as_the_library_does_it(editor: Any, tmp_path: Path) -> None:
    editor.warm_up()
    requests = {"instruction": "make it a tiger", "steps": 2.0, "guidance": 6.0, "image_guidance": 1.2, "seed": 3.0}
    result, watcher = run(editor, tmp_path, image=CAT, **requests)
    bare = editor.pipeline(
        "make it a tiger",
        image=fitted(),
        num_inference_steps=2,
        guidance_scale=6.0,
        image_guidance_scale=1.2,
        generator=torch.Generator("cpu").manual_seed(3),
    ).images[0]
    assert bare.size == FITTED
    assert np.abs(pixels(result) - np.asarray(bare)).max() <= 1
    assert [message for message, _ in watcher.progress_messages] == ["step 1 of 2", "step 2 of 2"]


def test_pictures_of_other_sizes_are_changed_in_one_batch(editor: Any, tmp_path: Path) -> None:
    Image.new("RGB", (451, 300), "blue").save(tmp_path / "blue.png")
    paths = [CAT, COFFEE, tmp_path / "blue.png"]
    requests = {"instruction": "make it a tiger", "steps": 2.0, "seed": 3.0}
    alone = [pixels(run(editor, tmp_path, image=path, **requests)[0]) for path in paths]
    results = editor.predict([watched_call("any", {"image": path, **requests}, tmp_path)[0] for path in paths])
    for picture, result in zip(alone, results, strict=True):
        assert picture.shape == pixels(result).shape
        assert np.abs(picture - pixels(result)).max() <= 1


def test_a_picture_is_drawn_anew_the_more_the_stronger(redrawer: Any, tmp_path: Path) -> None:
    redrawer.warm_up()
    requests: Mapping[str, Any] = {"operation": "redraw", "image": CAT, "prompt": "a tiger", "seed": 3.0}
    result, watcher = run(redrawer, tmp_path, **requests)
    assert pixels(result).shape == (FITTED[1], FITTED[0], 3)
    # Half of the ten steps, as half of the picture is to change.
    assert [message for message, _ in watcher.progress_messages] == [f"step {number} of 5" for number in range(1, 6)]
    bare = redrawer.pipeline(
        "a tiger",
        image=fitted(),
        num_inference_steps=10,
        strength=0.5,
        generator=torch.Generator("cpu").manual_seed(3),
    ).images[0]
    assert np.abs(pixels(result) - np.asarray(bare)).max() <= 1
    least, watcher = run(redrawer, tmp_path, **requests, strength=0.05)
    assert watcher.steps == 1
    assert pixels(least).shape == pixels(result).shape


@pytest.mark.parametrize(
    ("inputs", "field", "words"),
    [
        ({"prompt": ""}, "prompt", "is empty"),
        ({"operation": "upscale"}, "operation", "'upscale'; this model does 'redraw' alone"),
        ({"strength": 1.5}, "strength", "between 0 and 1"),
        ({"image": Path(__file__)}, "image", "is not a picture"),
        ({"seed": 0.5}, "seed", "whole number"),
    ],
)
def test_what_cannot_be_redrawn_is_an_error_that_names_the_input(
    redrawer: Any, tmp_path: Path, inputs: Mapping[str, Any], field: str, words: str
) -> None:
    result, _ = run(redrawer, tmp_path, **{"operation": "redraw", "image": CAT, "prompt": "a tiger", **inputs})
    assert isinstance(result, InvalidArgumentError)
    assert result.metadata["field"] == f"inputs.{field}"
    assert words in result.message
