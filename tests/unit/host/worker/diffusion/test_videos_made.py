"""Videos from words and from pictures: lengths, seeds, steps that are told, cancellation, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from orchestrion.errors import InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.runtimes import Result
from tests.checkpoints import diffusion_models, diffusion_video_models
from tests.checkpoints.diffusion_parts import FRAMES, SIDE
from tests.unit.host.worker.calls import file_of
from tests.unit.host.worker.diffusion.experts import CAT, Watcher, load, watched_call

# Euler's scheduler turns its tensors into arrays in a way that numpy 2 is about to leave.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Any:
    expert = load("text-to-video", tmp_path_factory.mktemp("video"), diffusion_video_models.text_to_video)
    expert.warm_up()
    return expert


@pytest.fixture(scope="module")
def animator(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("animate")
    parts = {"motion_adapter": diffusion_video_models.motion_adapter}
    return load("text-to-video", folder, diffusion_models.stable_diffusion, parts)


@pytest.fixture(scope="module")
def mover(tmp_path_factory: pytest.TempPathFactory) -> Any:
    expert = load(
        "image-to-video",
        tmp_path_factory.mktemp("move"),
        diffusion_video_models.stable_video_diffusion,
        width=SIDE,
        height=SIDE,
    )
    expert.warm_up()
    return expert


def film(expert: Any, folder: Path, /, **inputs: Any) -> tuple[Result, Watcher]:
    call, watcher = watched_call("any", {"steps": 2.0, "seed": 3.0, **inputs}, folder)
    (result,) = expert.predict([call])
    return result, watcher


def frames(result: Result) -> tuple[list[np.ndarray[Any, Any]], float]:
    assert not isinstance(result, Exception), result
    with av.open(str(file_of(result["video"]))) as video:
        stream = video.streams.video[0]
        assert stream.average_rate is not None
        return [frame.to_ndarray(format="rgb24") for frame in video.decode(stream)], float(stream.average_rate)


def test_a_video_lasts_as_long_as_was_asked_for(maker: Any, tmp_path: Path) -> None:
    result, watcher = film(maker, tmp_path, prompt="a cat runs", duration_seconds=0.5)
    pictures, rate = frames(result)
    assert (len(pictures), rate, pictures[0].shape) == (4, 8.0, (SIDE, SIDE, 3))
    assert [message for message, _ in watcher.progress_messages] == ["step 1 of 2", "step 2 of 2"]
    assert len(watcher.previews) == 1


def test_the_same_seed_makes_the_same_video(maker: Any, tmp_path: Path) -> None:
    first, again, other = (
        frames(film(maker, tmp_path, prompt="a cat", duration_seconds=0.25, seed=seed)[0])[0]
        for seed in (1.0, 1.0, 2.0)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_video_that_nobody_waits_for_ends_within_one_step(maker: Any, mover: Any, tmp_path: Path) -> None:
    inputs: Mapping[str, Any] = {"steps": 20.0, "duration_seconds": 0.25}
    for expert, own in ((maker, {"prompt": "a cat"}), (mover, {"image": CAT})):
        call, watcher = watched_call("any", {**inputs, **own}, tmp_path, cancel_at=2)
        (result,) = expert.predict([call])
        assert isinstance(result, RunCancelledError)
        assert watcher.steps == 2


def test_a_pipeline_for_pictures_is_set_in_motion(animator: Any, tmp_path: Path) -> None:
    result, watcher = film(animator, tmp_path, prompt="a cat runs", duration_seconds=1.0, steps=8.0)
    pictures, rate = frames(result)
    assert (len(pictures), rate, pictures[0].shape) == (8, 8.0, (SIDE, SIDE, 3))
    assert watcher.steps == 8
    assert watcher.previews
    # Motion modules were trained on another noise than pictures are.
    assert animator.pipeline.scheduler.config.beta_schedule == "linear"


def test_motion_has_no_more_pictures_than_its_modules_know(animator: Any, tmp_path: Path) -> None:
    result, _ = film(animator, tmp_path, prompt="a cat", duration_seconds=3.5)
    assert isinstance(result, InvalidArgumentError)
    assert "videos of up to 3.0 seconds: 24 pictures (its option max_frames) at 8 a second" in result.message


def test_a_picture_is_set_in_motion_in_its_own_proportions(mover: Any, tmp_path: Path) -> None:
    result, watcher = film(mover, tmp_path, image=CAT, prompt="it jumps")
    pictures, rate = frames(result)
    assert (len(pictures), rate, pictures[0].shape) == (FRAMES, 7.0, (56, 80, 3))
    assert watcher.progress_messages[0][0] == "The prompt changes nothing: this model takes the picture alone"
    assert watcher.steps == 2


def test_a_pipeline_that_has_a_progress_bar_alone_tells_its_steps_and_can_be_cancelled(tmp_path: Path) -> None:
    mover = load("image-to-video", tmp_path, diffusion_video_models.i2vgen_xl, width=SIDE, height=SIDE)
    inputs: Mapping[str, Any] = {"image": CAT, "prompt": "it jumps", "duration_seconds": 0.25}
    result, watcher = film(mover, tmp_path, **inputs)
    pictures, rate = frames(result)
    assert (len(pictures), rate, pictures[0].shape) == (2, 8.0, (56, 80, 3))
    assert watcher.progress_messages == [("step 1 of 2", 0.5), ("step 2 of 2", 1.0)]
    call, watcher = watched_call("any", {**inputs, "steps": 20.0}, tmp_path, cancel_at=2)
    (result,) = mover.predict([call])
    assert isinstance(result, RunCancelledError)
    assert watcher.steps == 2


@pytest.mark.parametrize(
    ("inputs", "field", "words"),
    [
        ({"duration_seconds": 60.0}, "duration_seconds", "up to 8.0 seconds: 64 pictures"),
        ({"duration_seconds": 0.0}, "duration_seconds", "is 0"),
        ({"steps": 1000.0}, "steps", "from 1 to 150"),
        ({"prompt": ""}, "prompt", "is empty"),
    ],
)
def test_what_cannot_be_made_is_an_error_that_names_the_input(
    maker: Any, tmp_path: Path, inputs: Mapping[str, Any], field: str, words: str
) -> None:
    result, _ = film(maker, tmp_path, **{"prompt": "a cat", **inputs})
    assert isinstance(result, InvalidArgumentError)
    assert result.metadata["field"] == f"inputs.{field}"
    assert words in result.message
