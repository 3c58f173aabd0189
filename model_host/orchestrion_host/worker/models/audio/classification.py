"""Audio classification: what is heard in audio of any length; long audio is classified in windows and averaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
import transformers

from orchestrion.errors import OrchestrionError
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_names, class_scores
from orchestrion_host.worker.library_types import Model
from orchestrion_host.worker.media.audio.mixing import Mono
from orchestrion_host.worker.media.audio.recordings import Recording
from orchestrion_host.worker.models.audio.waveforms import Waveforms, warm_up_audio
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.runtimes import Outputs, Result

_WINDOW_SECONDS: Final = 30
# Spectrograms of AST have one frame for each hundredth of a second.
_FRAMES_A_SECOND: Final = 100


class AudioClassifier(TorchExpert):
    """A model that names sounds (AST, Wav2Vec2, HuBERT, Whisper's encoder and similar models)."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it."""
        checkpoint = Checkpoint(spec)
        self._waveforms = Waveforms(checkpoint)
        self._model: Model = checkpoint.model(transformers.AutoModelForAudioClassification)
        super().__init__(checkpoint, self._model)
        extractor = self._waveforms.extractor
        frames = getattr(extractor, "max_length", None) if hasattr(extractor, "num_mel_bins") else None
        seconds = min(_WINDOW_SECONDS, frames / _FRAMES_A_SECOND) if frames else _WINDOW_SECONDS
        self._window = round(seconds * self._waveforms.rate)
        # AudioSet and its like have several right answers at once.
        self._several = checkpoint.config.problem_type == "multi_label_classification"
        self._names = class_names.of(checkpoint.config, spec)

    def warm_up(self) -> None:
        """Hears a window of noise."""
        self._scores(warm_up_audio(self.checkpoint, self._window))

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Hears the sounds of a batch in step: the next window of each of them in one pass."""
        heard = [_Heard(self.checkpoint.spec, call, self._waveforms.rate) for call in batch]
        try:
            while going_on := [sound for sound in heard if sound.is_open]:
                windows = [(sound, window) for sound in going_on if (window := sound.next(self._window)) is not None]
                scores = self._scores([window for _, window in windows])
                for (sound, window), row in zip(windows, scores, strict=True):
                    sound.add(row, len(window))
        finally:
            for sound in heard:
                sound.close()
        return [sound.error or self._described(sound) for sound in heard]

    def _described(self, sound: _Heard) -> Outputs:
        scores = sound.total / sound.samples
        return class_scores.describe(
            [{"label": self._names.get(place, str(place)), "score": share} for place, share in enumerate(scores)]
        )

    def _scores(self, sounds: Sequence[Mono]) -> list[npt.NDArray[np.float64]]:
        results: list[Any] = [None] * len(sounds)  # Any: the arrays take the places of None.
        for places, inputs in self._waveforms.passes(sounds):
            with torch.inference_mode():
                logits = self._model(**inputs).logits.float()
                scores = logits.sigmoid() if self._several else logits.softmax(dim=-1)
            for place, row in zip(places, scores.cpu().numpy(), strict=True):
                results[place] = row.astype(np.float64)
        return results


class _Heard:
    """A sound that is being classified, and what was found in it so far."""

    def __init__(self, spec: ipc.Load, call: Call, rate: int) -> None:
        self.error: OrchestrionError | None = None
        self.is_open = True
        # Any: an array of shape (classes,) from the first window on.
        self.total: Any = 0.0
        self.samples = 0
        self._call = call
        self._recording: Recording | None = None
        try:
            self._recording = Recording(call, "audio", spec.max_audio_seconds, rate)
        except OrchestrionError as error:
            self._fail(error)

    def next(self, samples: int) -> Mono | None:
        """Returns the next window; None where the sound cannot be read or is not wanted any more."""
        if self._recording is None:
            return None
        try:
            self._call.raise_if_cancelled()
            window, is_last = self._recording.window(samples)
        except OrchestrionError as error:
            self._fail(error)
            return None
        self._recording.advance(len(window))
        self.is_open = not is_last
        if self.is_open:
            self._call.progress("listening", self._recording.fraction)
        return window

    def add(self, scores: npt.NDArray[np.float64], samples: int) -> None:
        """Adds what was found in a window; it counts by its length."""
        self.total = self.total + scores * samples
        self.samples += samples

    def close(self) -> None:
        """Closes the file."""
        if self._recording is not None:
            self._recording.close()

    def _fail(self, error: OrchestrionError) -> None:
        self.error = error
        self.is_open = False


load = AudioClassifier
