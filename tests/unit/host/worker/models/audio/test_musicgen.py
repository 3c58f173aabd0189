"""Music of a given length, on a tiny MusicGen with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import soundfile

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.models.audio.musicgen import MusicGenerator
from tests.checkpoints import codec_models, sound_parts, voice_models
from tests.unit.host.worker.calls import Sent, call, file_of, spec

TASK: Final = "text-to-audio"


@pytest.fixture(scope="module")
def composer(tmp_path_factory: pytest.TempPathFactory) -> MusicGenerator:
    folder = tmp_path_factory.mktemp("musicgen")
    codec_models.musicgen(folder)
    return MusicGenerator(spec(folder, TASK))


def heard(result: Any) -> np.ndarray[Any, Any]:
    assert isinstance(result, dict), result
    samples, rate = soundfile.read(file_of(result["audio"]), dtype="float32", always_2d=True)
    assert rate == sound_parts.RATE
    return np.asarray(samples)


@pytest.mark.tasks
def test_each_call_gets_its_length_and_its_seed_repeats_it(composer: MusicGenerator, tmp_path: Path) -> None:
    composer.warm_up()
    assert composer.parameter_bytes() > 0
    orders: list[dict[str, Any]] = [
        {"prompt": "a waltz", "duration_seconds": 1.0, "seed": 3.0},
        {"prompt": "a march with drums", "duration_seconds": 1.0, "seed": 4.0},
        {"prompt": "a waltz", "duration_seconds": 0.4, "seed": 3.0},
        {"prompt": "a waltz", "duration_seconds": 1.0, "seed": 5.0},
    ]
    sent = Sent()
    together = [
        heard(result)
        for result in composer.predict(
            [call(TASK, order, tmp_path / str(number), sent) for number, order in enumerate(orders)]
        )
    ]
    assert [samples.shape for samples in together] == [(round(16_000 * length), 1) for length in (1.0, 1.0, 0.4, 1.0)]
    for order, wanted in zip(orders, together, strict=True):
        (alone,) = composer.predict([call(TASK, order, tmp_path / "alone")])
        assert np.abs(heard(alone) - wanted).max() < 1e-3
    assert not np.allclose(together[0], together[3], atol=1e-3)
    assert max(fraction for fraction in sent.progress() if fraction is not None) == 1


def test_bad_orders_fail_alone_and_say_why(composer: MusicGenerator, tmp_path: Path) -> None:
    empty, long, good = composer.predict(
        [
            call(TASK, {"prompt": " "}, tmp_path),
            call(TASK, {"prompt": "an opera", "duration_seconds": 31.0}, tmp_path),
            call(TASK, {"prompt": "a jingle", "duration_seconds": 0.2}, tmp_path),
        ]
    )
    assert isinstance(empty, InvalidArgumentError)
    assert isinstance(long, InvalidArgumentError)
    assert (empty.field, long.field) == ("inputs.prompt", "inputs.duration_seconds")
    assert "up to 30 seconds" in long.message
    heard(good)


def test_the_work_ends_when_nobody_waits_for_it(composer: MusicGenerator, tmp_path: Path) -> None:
    gone = call(TASK, {"prompt": "an opera", "duration_seconds": 30.0}, tmp_path)
    reported: list[Any] = []

    def leave(message: Any) -> None:
        reported.append(message)
        gone.cancel()

    gone._send = leave
    (result,) = composer.predict([gone])
    assert isinstance(result, RunCancelledError)
    assert len(reported) == 1


def test_what_makes_no_music_is_refused(tmp_path: Path) -> None:
    voice_models.vits(tmp_path)
    with pytest.raises(FailedPreconditionError, match="musicgen"):
        MusicGenerator(spec(tmp_path, TASK))
