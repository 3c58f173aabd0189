"""Neural codecs, each on a tiny checkpoint with random weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import soundfile
import torch
import transformers

from orchestrion.errors import InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.engines.audio import audio_tools
from orchestrion_host.worker.models.audio.codec import Codec
from tests.checkpoints import codec_models, sound_parts
from tests.unit.host.worker.calls import call, file_of, spec

TASK: Final = "audio-to-audio"
RATE: Final = sound_parts.RATE
MAKERS: Final[dict[str, Callable[[Path], None]]] = {
    "encodec": codec_models.encodec,
    "stereo": partial(codec_models.encodec, channels=2),
    "dac": codec_models.dac,
    "mimi": codec_models.mimi,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {name: tmp_path_factory.mktemp(name) for name in MAKERS}
    for name, make in MAKERS.items():
        make(made[name])
    return made


@pytest.fixture(scope="module")
def codec(folders: dict[str, Path]) -> Codec:
    return Codec(spec(folders["encodec"], TASK))


def recording(path: Path, seconds: float, rate: int = RATE, channels: int = 1) -> Path:
    samples = np.random.default_rng(1).normal(0, 0.2, (round(seconds * rate), channels)).astype(np.float32)
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


def coded(expert: Codec, file: Path, folder: Path, **inputs: Any) -> tuple[np.ndarray[Any, Any], int]:
    (result,) = expert.predict([call(TASK, {"audio": file, **inputs}, folder)])
    assert isinstance(result, dict), result
    samples, rate = soundfile.read(file_of(result["audio"]), dtype="float32", always_2d=True)
    return samples, rate


@pytest.mark.parametrize("name", list(MAKERS))
@pytest.mark.parametrize(("rate", "channels"), [(RATE, 1), (44_100, 2)])
def test_a_sound_keeps_its_rate_its_channels_and_its_length(
    folders: dict[str, Path], tmp_path: Path, name: str, rate: int, channels: int
) -> None:
    expert = Codec(spec(folders[name], TASK))
    expert.warm_up()
    assert expert.parameter_bytes() > 0
    samples, found_rate = coded(expert, recording(tmp_path / "a.wav", 0.7, rate, channels), tmp_path / "spool")
    assert found_rate == rate
    assert samples.shape[1] == channels
    assert len(samples) == pytest.approx(0.7 * rate, abs=2)
    assert np.abs(samples).max() > 1e-4


def test_a_short_sound_comes_out_as_the_library_codes_it(
    codec: Codec, folders: dict[str, Path], tmp_path: Path
) -> None:
    file = recording(tmp_path / "a.wav", 1.04)
    model: Any = transformers.EncodecModel.from_pretrained(folders["encodec"])
    values = torch.from_numpy(soundfile.read(file, dtype="float32")[0])[None, None]
    for requests, bandwidth in ((None, 1.0), (0.5, 0.5), (0.9, 0.5), (24.0, 1.0)):
        inputs = {} if requests is None else {"bandwidth_kbps": requests}
        with torch.inference_mode():
            wanted = model(values, bandwidth=bandwidth).audio_values[0, 0].numpy()
        samples, _ = coded(codec, file, tmp_path / "spool", **inputs)
        assert samples[:, 0] == pytest.approx(wanted.clip(-1, 1), abs=1e-3)


@pytest.mark.tasks
def test_long_sounds_go_through_in_pieces_that_fit(codec: Codec, tmp_path: Path) -> None:
    file = recording(tmp_path / "a.wav", 47.0)
    samples, _ = coded(codec, file, tmp_path / "spool")
    assert len(samples) == 47 * RATE
    at_once = codec._passed(soundfile.read(file, dtype="float32", always_2d=True)[0], {"bandwidth": 1.0})
    assert np.abs(samples - at_once.clip(-1, 1)).mean() < 0.1 * np.abs(at_once).mean()


def test_what_it_cannot_do_is_said(codec: Codec, tmp_path: Path) -> None:
    file = recording(tmp_path / "a.wav", 0.5)
    for inputs, field, words in (
        ({"bandwidth_kbps": 0.1}, "bandwidth_kbps", "It codes at 0.5, 1 kilobits"),
        ({"speed": 2.0}, "speed", "nothing that a neural codec changes"),
    ):
        (result,) = codec.predict([call(TASK, {"audio": file, **inputs}, tmp_path / "spool")])
        assert isinstance(result, InvalidArgumentError)
        assert result.field == f"inputs.{field}"
        assert words in result.message


def test_a_cancelled_call_ends_and_leaves_no_file(codec: Codec, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    gone = call(TASK, {"audio": recording(tmp_path / "a.wav", 3)}, spool)

    gone._send = lambda message: gone.cancel()
    (result,) = codec.predict([gone])
    assert isinstance(result, RunCancelledError)
    assert list(spool.iterdir()) == []


def test_the_tools_of_the_starter_set_say_that_they_are_no_codec(tmp_path: Path) -> None:
    tools = audio_tools.load(spec(tmp_path, TASK))
    file = recording(tmp_path / "a.wav", 0.5)
    (result,) = tools.predict([call(TASK, {"audio": file, "bandwidth_kbps": 6.0}, tmp_path / "spool")])
    assert isinstance(result, InvalidArgumentError)
    assert result.field == "inputs.bandwidth_kbps"
