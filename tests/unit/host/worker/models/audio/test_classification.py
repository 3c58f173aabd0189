"""Classifiers of sounds, each on a tiny checkpoint with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import soundfile
import torch
import transformers

from orchestrion.errors import InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.models.audio.classification import AudioClassifier
from tests.checkpoints import recognition_models, sound_parts
from tests.unit.host.worker.calls import Sent, call, spec

TASK: Final = "audio-classification"
RATE: Final = sound_parts.RATE


@pytest.fixture(scope="module", params=["wav2vec2_classifier", "ast"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp(request.param)
    getattr(recognition_models, request.param)(place)
    return place


@pytest.fixture(scope="module")
def classifier(folder: Path) -> AudioClassifier:
    return AudioClassifier(spec(folder, TASK))


def recording(path: Path, seconds: float, seed: int = 1) -> Path:
    samples = np.random.default_rng(seed).normal(0, 0.2, round(seconds * RATE)).astype(np.float32)
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path


def scores(result: Any) -> dict[str, float]:
    assert isinstance(result, dict), result
    return {item["label"]: item["score"] for item in result["scores"]["json"]}


def test_a_sound_is_classified_as_the_library_does(classifier: AudioClassifier, folder: Path, tmp_path: Path) -> None:
    file = recording(tmp_path / "a.wav", 1.0)
    (result,) = classifier.predict([call(TASK, {"audio": file}, tmp_path / "spool")])
    extractor: Any = transformers.AutoFeatureExtractor
    extractor = extractor.from_pretrained(folder)
    model: Any = transformers.AutoModelForAudioClassification.from_pretrained(folder)
    with torch.inference_mode():
        logits = model(**extractor(soundfile.read(file)[0], sampling_rate=RATE, return_tensors="pt")).logits[0]
    # Several things are heard at once in AudioSet: their scores are independent.
    wanted = logits.sigmoid() if len(logits) == 4 else logits.softmax(-1)
    names = model.config.id2label
    assert scores(result) == pytest.approx(
        {names[place]: share for place, share in enumerate(wanted.tolist())}, abs=1e-4
    )
    assert isinstance(result, dict)
    assert result["score"] == max(scores(result).values())


def test_sounds_of_all_lengths_share_a_batch(classifier: AudioClassifier, tmp_path: Path) -> None:
    classifier.warm_up()
    assert classifier.parameter_bytes() > 0
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"")
    files = [recording(tmp_path / f"{length}.wav", length) for length in (0.01, 1.0, 2.5, 33.0)]
    sent = Sent()
    calls = [call(TASK, {"audio": file}, tmp_path / "spool", sent) for file in [bad, *files]]
    failed, *together = classifier.predict(calls)
    assert isinstance(failed, InvalidArgumentError)
    for file, result in zip(files, together, strict=True):
        (alone,) = classifier.predict([call(TASK, {"audio": file}, tmp_path / "spool")])
        assert scores(result) == pytest.approx(scores(alone), abs=1e-5)
    # The long one was heard in windows.
    assert sent.progress()


def test_a_cancelled_call_ends(classifier: AudioClassifier, tmp_path: Path) -> None:
    file = recording(tmp_path / "a.wav", 1.0)
    gone = call(TASK, {"audio": file}, tmp_path / "spool")
    gone.cancel()
    first, second = classifier.predict([gone, call(TASK, {"audio": file}, tmp_path / "spool")])
    assert isinstance(first, RunCancelledError)
    assert isinstance(second, dict)
