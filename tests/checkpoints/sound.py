"""The rows of the tasks of sound and video."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import soundfile

from tests.checkpoints import media
from tests.checkpoints.codec_models import encodec, musicgen
from tests.checkpoints.recognition_models import LETTERS, wav2vec2, wav2vec2_classifier
from tests.checkpoints.rows import TaskRow
from tests.checkpoints.sound_parts import RATE
from tests.checkpoints.video_models import videomae
from tests.checkpoints.voice_models import speaker_encoder, speecht5_conversion, vits, vocoder


def _text_is_spelled(outputs: Mapping[str, Any]) -> None:
    assert set(outputs["text"]) <= set("".join(LETTERS[3:]) + " ")
    assert outputs["text"]
    assert [word["text"] for word in outputs["words"]] == outputs["text"].split()
    assert all(0 <= word["start_s"] < word["end_s"] < 3 for word in outputs["words"])


def _scores_add_up(outputs: Mapping[str, Any]) -> None:
    shares = [item["score"] for item in outputs["scores"]]
    assert len(shares) == 3
    assert math.isclose(sum(shares), 1, abs_tol=1e-4)
    assert outputs["label"] == outputs["scores"][0]["label"]
    assert outputs["score"] == max(shares)


def _is_sound(outputs: Mapping[str, Any], *, seconds: float | None = None) -> None:
    samples, rate = soundfile.read(outputs["audio"], dtype="float32", always_2d=True)
    information = soundfile.info(outputs["audio"])
    assert (information.format, information.subtype) == ("WAV", "PCM_16")
    assert rate == RATE
    assert samples.shape[1] == 1
    assert np.abs(samples).max() > 0
    if seconds is not None:
        assert len(samples) == round(seconds * RATE)


ROWS: Final = (
    TaskRow(
        task_type="automatic-speech-recognition",
        expert="tiny-wav2vec2",
        make=wav2vec2,
        inputs={"audio": media.SPEECH},
        check=_text_is_spelled,
    ),
    TaskRow(
        task_type="audio-classification",
        expert="tiny-wav2vec2-classifier",
        make=wav2vec2_classifier,
        inputs={"audio": media.SPEECH},
        check=_scores_add_up,
    ),
    TaskRow(
        task_type="text-to-speech",
        expert="tiny-vits",
        make=vits,
        inputs={"text": "The train leaves at ten. Take your coat.", "language": "en"},
        check=_is_sound,
    ),
    TaskRow(
        task_type="text-to-audio",
        expert="tiny-musicgen",
        make=musicgen,
        inputs={"prompt": "a slow waltz", "duration_seconds": 0.5, "seed": 7},
        check=lambda outputs: _is_sound(outputs, seconds=0.5),
    ),
    TaskRow(
        task_type="audio-to-audio",
        expert="tiny-encodec",
        make=encodec,
        inputs={"audio": media.SPEECH, "bandwidth_kbps": 0.5},
        check=lambda outputs: _is_sound(outputs, seconds=soundfile.info(media.SPEECH).duration),
    ),
    TaskRow(
        task_type="voice-conversion",
        expert="tiny-speecht5-converter",
        make=speecht5_conversion,
        inputs={"audio": media.SPEECH, "reference_audio": media.ERRAND},
        check=_is_sound,
        parts={"vocoder": vocoder, "speaker_encoder": speaker_encoder},
    ),
    TaskRow(
        task_type="video-classification",
        expert="tiny-videomae",
        make=videomae,
        inputs={"video": media.CLIP},
        check=_scores_add_up,
    ),
)
"""One for each task type of sound and video."""
