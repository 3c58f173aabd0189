"""Recordings heard in windows: nothing is lost or heard twice, and windows can end in pauses."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest
import soundfile

from orchestrion.errors import InvalidArgumentError
from orchestrion_host.worker.media.audio.recordings import Recording, until_pause
from tests.unit.host.worker.calls import call

RATE: Final = 8_000


def recorded(folder: Path, seconds: float) -> tuple[Path, np.ndarray[tuple[int], np.dtype[np.float32]]]:
    samples = np.random.default_rng(1).normal(0, 0.2, round(seconds * RATE)).astype(np.float32)
    soundfile.write(folder / "a.wav", samples, RATE, subtype="FLOAT")
    return folder / "a.wav", samples


@pytest.mark.parametrize(("window", "step"), [(RATE, RATE), (RATE, RATE // 2), (100 * RATE, 1), (2 * RATE, 2 * RATE)])
def test_windows_go_over_the_whole_recording(tmp_path: Path, window: int, step: int) -> None:
    file, samples = recorded(tmp_path, 4.0)
    recording = Recording(call("any", {"audio": file}, tmp_path / "spool"), "audio", 60, RATE)
    is_last = False
    while not is_last:
        heard, is_last = recording.window(window)
        assert np.array_equal(heard, samples[recording.place : recording.place + window])
        assert is_last == (recording.place + window >= len(samples))
        recording.advance(min(step, len(heard)))
    assert recording.fraction == pytest.approx(min(recording.place / len(samples), 1))
    recording.close()


def test_a_recording_without_samples_is_an_error(tmp_path: Path) -> None:
    file, _ = recorded(tmp_path, 0)
    with pytest.raises(InvalidArgumentError, match="no samples"):
        Recording(call("any", {"audio": file}, tmp_path / "spool"), "audio", 60, RATE).window(10)


def test_a_window_is_cut_where_it_is_quietest() -> None:
    samples = np.random.default_rng(1).normal(0, 0.2, 30 * RATE).astype(np.float32)
    # Pauses at 5 and at 24 s; one too early makes windows short for nothing.
    samples[5 * RATE : round(5.4 * RATE)] = 0
    samples[24 * RATE : round(24.4 * RATE)] = 0
    assert 24 <= len(until_pause(samples, RATE)) / RATE <= 24.4
    # What is too short to have a pause stays.
    assert len(until_pause(samples[:100], RATE)) == 100
