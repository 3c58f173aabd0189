"""Classifiers of videos, each on a tiny checkpoint with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
import transformers
from transformers.models.videomae.image_processing_pil_videomae import VideoMAEImageProcessorPil

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.media.video import video_files
from orchestrion_host.worker.models.video.classification import VideoClassifier
from tests.checkpoints import media, recognition_models, video_models
from tests.unit.host.worker.calls import call, file_of, spec

TASK: Final = "video-classification"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {name: tmp_path_factory.mktemp(name) for name in ("videomae", "timesformer", "vivit")}
    for name, folder in made.items():
        getattr(video_models, name)(folder)
    return made


def clip(folder: Path, seed: int, size: tuple[int, int] = (48, 64)) -> Path:
    shades = np.random.default_rng(seed).integers(0, 255, (8, 1, 1, 3), np.uint8)
    frames = [np.broadcast_to(shade, (*size, 3)) for shade in shades]
    return file_of(video_files.write(call("text-to-video", {}, folder / str(seed)), "clip", frames, 8))


def scores(result: Any) -> dict[str, float]:
    assert isinstance(result, dict), result
    return {item["label"]: item["score"] for item in result["scores"]["json"]}


def test_a_clip_is_classified_as_the_library_does(folders: dict[str, Path], tmp_path: Path) -> None:
    expert = VideoClassifier(spec(folders["videomae"], TASK))
    file = clip(tmp_path, 1)
    (result,) = expert.predict([call(TASK, {"video": file}, tmp_path / "spool")])
    frames = video_files.read(call(TASK, {"video": file}, tmp_path / "spool"), "video", 60, 1 << 20, 8).frames
    processor: Any = VideoMAEImageProcessorPil.from_pretrained(folders["videomae"])
    model: Any = transformers.VideoMAEForVideoClassification.from_pretrained(folders["videomae"])
    with torch.inference_mode():
        wanted = model(**processor([frames], return_tensors="pt")).logits[0].softmax(-1).tolist()
    assert scores(result) == pytest.approx({model.config.id2label[place]: share for place, share in enumerate(wanted)})


@pytest.mark.parametrize("name", ["videomae", "timesformer", "vivit"])
def test_clips_of_all_sizes_share_a_pass_and_bad_ones_fail_alone(
    folders: dict[str, Path], tmp_path: Path, name: str
) -> None:
    expert = VideoClassifier(spec(folders[name], TASK))
    expert.warm_up()
    assert expert.parameter_bytes() > 0
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video" * 100)
    files = [clip(tmp_path, 1), clip(tmp_path, 2, (200, 90)), media.CLIP]
    gone = call(TASK, {"video": files[0]}, tmp_path / "spool")
    gone.cancel()
    calls = [call(TASK, {"video": file}, tmp_path / "spool") for file in [bad, *files]]
    failed, *together, cancelled = expert.predict([*calls, gone])
    assert isinstance(failed, InvalidArgumentError)
    assert failed.field == "inputs.video"
    assert isinstance(cancelled, RunCancelledError)
    for file, result in zip(files, together, strict=True):
        (alone,) = expert.predict([call(TASK, {"video": file}, tmp_path / "spool")])
        assert scores(result) == pytest.approx(scores(alone), abs=1e-5)
        assert sum(scores(result).values()) == pytest.approx(1)


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    recognition_models.ast(tmp_path)
    with pytest.raises(FailedPreconditionError, match="videomae"):
        VideoClassifier(spec(tmp_path, TASK))
