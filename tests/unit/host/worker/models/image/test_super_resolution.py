"""Enlarging: by the model's factor and by others, in tiles without seams, with progress, and with an end when asked."""

from __future__ import annotations

import importlib
import itertools
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
from PIL import Image

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.models.image import super_resolution
from orchestrion_host.worker.models.image.super_resolution import SuperResolution
from tests.checkpoints import media
from tests.checkpoints import picture_map_models as tiny
from tests.unit.host.worker.calls import Sent, call, file_of, spec

library: Any = importlib.import_module("transformers")
TASK: Final = "image-to-image"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("swin2sr")
    tiny.swin2sr(made)
    return made


@pytest.fixture(scope="module")
def expert(folder: Path) -> SuperResolution:
    return super_resolution.load(spec(folder, TASK, tile=96))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A part of a photograph whose sides are no multiples of the model's windows."""
    with Image.open(media.CAT) as picture:
        picture.crop((120, 60, 193, 111)).save(tmp_path / "small.png")
    return tmp_path / "small.png"


def enlarged(expert: SuperResolution, file: Path, folder: Path, **inputs: Any) -> Any:
    (result,) = expert.predict([call(TASK, {"image": file, "operation": "upscale", **inputs}, folder)])
    return result


def pixels(result: Any) -> np.ndarray[Any, Any]:
    with Image.open(file_of(result["image"])) as picture:
        return np.asarray(picture).astype(int)


def test_a_picture_comes_out_as_the_library_makes_it(
    expert: SuperResolution, folder: Path, small: Path, tmp_path: Path
) -> None:
    model = library.Swin2SRForImageSuperResolution.from_pretrained(folder).eval()
    values = np.asarray(Image.open(small)).astype(np.float32) / 255
    padded = np.pad(values, ((0, 5), (0, 7), (0, 0)), mode="symmetric")
    with torch.inference_mode():
        large = model(torch.from_numpy(padded).permute(2, 0, 1)[None]).reconstruction[0]
    expected = (large.clamp(0, 1) * 255).round().permute(1, 2, 0).numpy()[: 51 * 2, : 73 * 2]
    result = pixels(enlarged(expert, small, tmp_path / "out"))
    assert result.shape == (102, 146, 3)
    assert np.abs(result - expected).max() <= 1


def test_other_factors_are_made_from_the_models_own(expert: SuperResolution, small: Path, tmp_path: Path) -> None:
    assert pixels(enlarged(expert, small, tmp_path / "3", scale=3)).shape == (153, 219, 3)
    assert pixels(enlarged(expert, small, tmp_path / "1.5", scale=1.5)).shape == (76, 110, 3)


def test_tiles_cover_all_and_show_no_seams(folder: Path, expert: SuperResolution, tmp_path: Path) -> None:
    for length in (1, 95, 96, 97, 128, 129, 160, 451, 1000):
        stretches = list(super_resolution._stretches(length, 96, 8))
        assert stretches[0].kept_from == 0
        assert stretches[-1].kept_to == length
        for before, after in itertools.pairwise(stretches):
            assert before.kept_to == after.kept_from
        for one in stretches:
            assert 0 <= one.seen_from <= one.kept_from < one.kept_to <= one.seen_to <= length
    sent = Sent()
    file = tmp_path / "picture.png"
    Image.open(media.CAT).crop((0, 0, 200, 150)).save(file)
    (tiled,) = expert.predict([call(TASK, {"image": file, "operation": "upscale"}, tmp_path / "tiled", sent)])
    whole = enlarged(super_resolution.load(spec(folder, TASK, tile=256)), file, tmp_path / "whole")
    assert sent.progress() == sorted(sent.progress(), key=lambda share: share or 0)
    assert len(sent.progress()) > 1
    difference = np.abs(pixels(tiled) - pixels(whole))
    assert difference.mean() < 2


def test_what_is_transparent_stays_so(expert: SuperResolution, small: Path, tmp_path: Path) -> None:
    with Image.open(small) as picture:
        clear = picture.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    clear.save(tmp_path / "clear.png")
    result = pixels(enlarged(expert, tmp_path / "clear.png", tmp_path / "out"))
    assert result.shape == (102, 146, 4)
    assert result[0, :, 3].max() < 10
    assert result[-1, :, 3].min() > 245


def test_what_it_cannot_do_is_said(expert: SuperResolution, small: Path, tmp_path: Path, folder: Path) -> None:
    blur = expert.predict([call(TASK, {"image": small, "operation": "blur"}, tmp_path)])[0]
    assert isinstance(blur, InvalidArgumentError)
    large = tmp_path / "large.png"
    Image.new("RGB", (700, 600)).save(large)
    # The host of these tests makes 1 << 20 pixels at most.
    for scale in (1, 2, 8):
        refused = enlarged(expert, large, tmp_path / str(scale), scale=scale)
        assert isinstance(refused, InvalidArgumentError)
        assert "1,048,576" in str(refused)
    with pytest.raises(FailedPreconditionError, match="tile"):
        super_resolution.load(spec(folder, TASK, tile=8))


def test_a_cancelled_call_ends_between_tiles(expert: SuperResolution, tmp_path: Path) -> None:
    sent = Sent()
    one = call(TASK, {"image": media.CAT, "operation": "upscale"}, tmp_path, sent)

    def cancel_at_progress(message: Any) -> None:
        sent.messages.append(message)
        one.cancel()

    one._send = cancel_at_progress
    (result,) = expert.predict([one])
    assert isinstance(result, RunCancelledError)
    assert len(sent.progress()) == 1
