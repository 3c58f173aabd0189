"""Pictures from words: sizes, seeds, steps that are told and shown, cancellation, batches, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.runtimes import Result
from tests.checkpoints import diffusion_models
from tests.checkpoints.diffusion_parts import SIDE
from tests.unit.host.worker.diffusion.experts import Watcher, load, pixels, watched_call

# Each loads a checkpoint of every family, or paints with it: seconds each.
pytestmark = pytest.mark.tasks

PROMPT: Mapping[str, Any] = {"prompt": "a cat of glass", "steps": 2.0, "seed": 11.0}


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Any:
    expert = load("text-to-image", tmp_path_factory.mktemp("sd"), diffusion_models.stable_diffusion)
    expert.warm_up()
    return expert


def paint(painter: Any, folder: Path, /, **inputs: Any) -> tuple[Result, Watcher]:
    call, watcher = watched_call("text-to-image", {**PROMPT, **inputs}, folder)
    (result,) = painter.predict([call])
    return result, watcher


def test_a_picture_has_the_size_that_was_asked_for(painter: Any, tmp_path: Path) -> None:
    usual, _ = paint(painter, tmp_path)
    assert pixels(usual).shape == (SIDE, SIDE, 3)
    wide, watcher = paint(painter, tmp_path, width=96.0, height=64.0)
    assert pixels(wide).shape == (64, 96, 3)
    assert [message for message, _ in watcher.progress_messages] == ["step 1 of 2", "step 2 of 2"]


def test_other_sizes_are_rounded_and_that_is_told(painter: Any, tmp_path: Path) -> None:
    result, watcher = paint(painter, tmp_path, width=70.0, height=100.0)
    assert pixels(result).shape == (96, 72, 3)
    assert watcher.progress_messages[0] == ("70 x 100 pixels became 72 x 96: sides are multiples of 8", None)


def test_the_picture_is_what_the_library_paints_with_this_seed(painter: Any, tmp_path: Path) -> None:
    result, _ = paint(painter, tmp_path, guidance=6.0, negative_prompt="a dog")
    bare = painter.pipeline(
        "a cat of glass",
        negative_prompt="a dog",
        num_inference_steps=2,
        guidance_scale=6.0,
        generator=torch.Generator("cpu").manual_seed(11),
    ).images[0]
    assert np.abs(pixels(result) - np.asarray(bare)).max() <= 1


def test_the_same_seed_paints_the_same_picture_and_another_one_does_not(painter: Any, tmp_path: Path) -> None:
    first, again, other = (pixels(paint(painter, tmp_path, seed=seed)[0]) for seed in (3.0, 3.0, 4.0))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_seed_drawn_by_lot_is_told_and_paints_the_picture_again(painter: Any, tmp_path: Path) -> None:
    call, _ = watched_call("text-to-image", {"prompt": "a cat", "steps": 1.0}, tmp_path)
    (drawn,) = painter.predict([call])
    assert drawn["seed"] == int(drawn["seed"])
    assert 0 <= drawn["seed"] < 1 << 32
    again, _ = paint(painter, tmp_path, prompt="a cat", steps=1.0, seed=drawn["seed"])
    assert np.array_equal(pixels(drawn), pixels(again))


def test_each_step_is_told_and_some_are_shown(painter: Any, tmp_path: Path) -> None:
    _, watcher = paint(painter, tmp_path, steps=20.0)
    assert watcher.progress_messages == [(f"step {number} of 20", number / 20) for number in range(1, 21)]
    assert len(watcher.previews) == 9
    for preview in watcher.previews:
        preview.load()
        assert (preview.format, preview.mode, preview.size) == ("JPEG", "RGB", (SIDE, SIDE))


def test_a_cancelled_call_ends_within_one_step(painter: Any, tmp_path: Path) -> None:
    call, watcher = watched_call("text-to-image", {**PROMPT, "steps": 50.0}, tmp_path, cancel_at=3)
    forwards = count_forwards(painter)
    (result,) = painter.predict([call])
    assert isinstance(result, RunCancelledError)
    assert (watcher.steps, forwards.count) == (3, 3)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    # The next call is none the worse for it.
    assert pixels(paint(painter, tmp_path)[0]).shape == (SIDE, SIDE, 3)


def test_calls_of_equal_settings_share_one_pass_and_get_what_they_get_alone(painter: Any, tmp_path: Path) -> None:
    wanted: list[dict[str, Any]] = [{"prompt": f"{number} cats", "seed": float(number)} for number in range(3)]
    alone = [pixels(paint(painter, tmp_path, **inputs)[0]) for inputs in wanted]
    calls = [watched_call("text-to-image", {**PROMPT, **inputs}, tmp_path) for inputs in wanted]
    forwards = count_forwards(painter)
    together = painter.predict([call for call, _ in calls])
    assert forwards.count == 2
    for picture, result in zip(alone, together, strict=True):
        assert np.abs(picture - pixels(result)).max() <= 1
    assert all(watcher.steps == 2 for _, watcher in calls)


def test_other_settings_get_passes_of_their_own_in_order(painter: Any, tmp_path: Path) -> None:
    wanted: list[dict[str, Any]] = [
        {"steps": 1.0},
        {"width": 96.0},
        {"guidance": 3.0},
        {"negative_prompt": "a dog"},
        {},
        {"steps": 1.0, "seed": 5.0},
    ]
    alone = [pixels(paint(painter, tmp_path, **inputs)[0]) for inputs in wanted]
    results = painter.predict([watched_call("text-to-image", {**PROMPT, **inputs}, tmp_path)[0] for inputs in wanted])
    for picture, result in zip(alone, results, strict=True):
        assert picture.shape == pixels(result).shape
        assert np.abs(picture - pixels(result)).max() <= 1


def test_one_bad_or_cancelled_call_fails_alone(painter: Any, tmp_path: Path) -> None:
    good, _ = watched_call("text-to-image", PROMPT, tmp_path)
    bad, _ = watched_call("text-to-image", {**PROMPT, "prompt": " "}, tmp_path)
    left, _ = watched_call("text-to-image", PROMPT, tmp_path, cancel_at=1)
    results = painter.predict([bad, good, left])
    assert isinstance(results[0], InvalidArgumentError)
    assert pixels(results[1]).shape == (SIDE, SIDE, 3)
    assert isinstance(results[2], RunCancelledError)


@pytest.mark.parametrize(
    ("inputs", "field", "words"),
    [
        ({"prompt": ""}, "prompt", "is empty"),
        ({"steps": 0.0}, "steps", "from 1 to 150 (its option max_steps)"),
        ({"steps": 2.5}, "steps", "whole numbers"),
        ({"steps": 151.0}, "steps", "is 151"),
        ({"guidance": -1.0}, "guidance", "between 0 and 50"),
        ({"seed": -1.0}, "seed", "from 0 to 4294967295"),
        ({"seed": 1.5}, "seed", "whole number"),
        ({"width": 40.0}, "width", "no side shorter than 64 pixels"),
        ({"height": 8.0}, "height", "no side shorter than 64 pixels"),
        ({"width": 256.0, "height": 128.0}, "width", "256 x 128 = 32,768 pixels; this model makes at most 16,384"),
        ({"height": 512.0}, "height", "64 x 512 = 32,768 pixels"),
        ({"width": float("nan")}, "width", "is nan"),
        ({"height": float("inf")}, "height", "at most 16,384"),
        ({"steps": float("nan")}, "steps", "is nan"),
    ],
)
def test_what_cannot_be_painted_is_an_error_that_names_the_input_and_the_limit(
    painter: Any, tmp_path: Path, inputs: Mapping[str, Any], field: str, words: str
) -> None:
    result, _ = paint(painter, tmp_path, **inputs)
    assert isinstance(result, InvalidArgumentError)
    assert result.metadata["field"] == f"inputs.{field}"
    assert words in result.message


def test_a_long_prompt_is_cut_and_that_is_told(painter: Any, tmp_path: Path) -> None:
    result, watcher = paint(painter, tmp_path, prompt="cat " * 100)
    assert pixels(result).shape == (SIDE, SIDE, 3)
    assert (
        watcher.progress_messages[0][0]
        == "The prompt is longer than this model reads: what comes after 75 tokens has no effect"
    )


def test_pictures_larger_than_usual_are_decoded_in_parts(painter: Any, tmp_path: Path) -> None:
    large, _ = paint(painter, tmp_path, width=128.0, height=128.0)
    assert pixels(large).shape == (128, 128, 3)
    assert painter.pipeline.vae.use_tiling
    paint(painter, tmp_path)
    assert not painter.pipeline.vae.use_tiling


def test_a_checker_of_the_checkpoint_withholds_pictures_as_errors(tmp_path: Path) -> None:
    careful = load(
        "text-to-image", tmp_path, lambda folder: diffusion_models.stable_diffusion(folder, safety_checker=True)
    )
    result, _ = paint(careful, tmp_path / "out")
    assert isinstance(result, InvalidArgumentError)
    assert "safety checker withholds" in result.message


def test_the_larger_kind_with_two_text_encoders_paints_as_well(tmp_path: Path) -> None:
    painter = load("text-to-image", tmp_path, diffusion_models.stable_diffusion_xl, steps=3, guidance=4.0)
    call, watcher = watched_call("text-to-image", {"prompt": "a cat"}, tmp_path / "out")
    (result,) = painter.predict([call])
    assert pixels(result).shape == (SIDE, SIDE, 3)
    # The usual number of steps is that of the expert's options.
    assert watcher.steps == 3
    assert watcher.previews


def test_a_pipeline_on_a_transformer_paints_and_shows_nothing_before(tmp_path: Path) -> None:
    painter = load("text-to-image", tmp_path, diffusion_models.flux, width=SIDE, height=SIDE)
    painter.warm_up()
    # T5 reads on where CLIP ends.
    prompt = "cat " * 40
    wanted = [{"prompt": prompt, "steps": 3.0, "width": 70.0, "seed": float(seed)} for seed in range(2)]
    calls = [watched_call("text-to-image", inputs, tmp_path) for inputs in wanted]
    together = painter.predict([call for call, _ in calls])
    # Latents are taken two by two, each of 8 pixels.
    assert [pixels(result).shape for result in together] == [(SIDE, 64, 3)] * 2
    assert [message for message, _ in calls[0][1].progress_messages] == [
        "70 x 64 pixels became 64 x 64: sides are multiples of 16",
        *(f"step {number} of 3" for number in range(1, 4)),
    ]
    assert not calls[0][1].previews
    for inputs, result in zip(wanted, together, strict=True):
        (alone,) = painter.predict([watched_call("text-to-image", inputs, tmp_path)[0]])
        assert np.abs(pixels(alone) - pixels(result)).max() <= 1


def test_all_components_count_and_shared_weights_count_once(painter: Any) -> None:
    modules = [item for item in painter.pipeline.components.values() if isinstance(item, torch.nn.Module)]
    assert len(modules) == 3
    expected = sum(item.nbytes for module in modules for item in (*module.parameters(), *module.buffers()))
    assert painter.parameter_bytes() == expected


def test_weights_that_come_in_half_precision_alone_are_found(tmp_path: Path) -> None:
    def half(folder: Path) -> None:
        diffusion_models.stable_diffusion(folder)
        for weights in folder.rglob("*.safetensors"):
            weights.rename(weights.with_suffix(".fp16.safetensors"))

    painter = load("text-to-image", tmp_path, half, dtype="bfloat16")
    networks = (painter.pipeline.unet, painter.pipeline.vae, painter.pipeline.text_encoder)
    assert {network.dtype for network in networks} == {torch.bfloat16}


def test_a_pipeline_for_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FailedPreconditionError, match="StableDiffusionInstructPix2PixPipeline does not paint from"):
        load("text-to-image", tmp_path, diffusion_models.instruct_pix2pix)


def test_pickled_weights_and_unknown_classes_are_refused(tmp_path: Path) -> None:
    def pickled(folder: Path) -> None:
        diffusion_models.stable_diffusion(folder)
        weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
        torch.save({}, weights.with_name("diffusion_pytorch_model.bin"))
        weights.unlink()

    def unknown(folder: Path) -> None:
        (folder / "model_index.json").write_text('{"_class_name": ["pipeline", "MyPipeline"]}')
        (folder / "pipeline.py").write_text("raise SystemExit('code of the checkpoint was run')")

    (tmp_path / "pickled").mkdir()
    (tmp_path / "unknown").mkdir()
    with pytest.raises(OSError, match="safetensors"):
        load("text-to-image", tmp_path / "pickled", pickled)
    with pytest.raises(FailedPreconditionError, match="has no class"):
        load("text-to-image", tmp_path / "unknown", unknown)


class Forwards:
    """Counts the passes of the network that takes the noise away."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, *_: Any) -> None:
        self.count += 1


def count_forwards(expert: Any) -> Forwards:
    forwards = Forwards()
    expert.pipeline.unet.register_forward_hook(forwards)
    return forwards
