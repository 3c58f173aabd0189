"""Voice conversion by SpeechT5: what is said in a recording, said again in another voice, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import torch
import transformers

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model
from orchestrion_host.worker.media.audio import limiting, recordings, wav
from orchestrion_host.worker.media.audio.mixing import Mono
from orchestrion_host.worker.media.audio.recordings import Recording
from orchestrion_host.worker.models import randomness
from orchestrion_host.worker.models.audio import speecht5_voices
from orchestrion_host.worker.models.audio.speecht5_voices import SpeakerEncoder
from orchestrion_host.worker.models.audio.waveforms import Waveforms, in_full_precision
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_SEED: Final = 1
_PIECE_SECONDS: Final = 15
# More of a voice tells no more about it.
_REFERENCE_SECONDS: Final = 30
# The model is bounded by its steps, and speaks about as long as it hears.
_MOST_STEPS_PER_FRAME: Final = 3.0


class VoiceConverter(TorchExpert):
    """A speech-to-speech model with the parts `vocoder` and, for voices of other recordings, `speaker_encoder`."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it. The option `speaker_embedding` is its voice where a call brings none; else it is neutral."""
        checkpoint = in_full_precision(Checkpoint(spec))
        self._waveforms = Waveforms(checkpoint)
        self._model: Model = checkpoint.model(transformers.SpeechT5ForSpeechToSpeech)
        self._vocoder = speecht5_voices.vocoder(checkpoint)
        self._voice = speecht5_voices.own_voice(checkpoint)
        self._encoder: SpeakerEncoder | None = None
        modules = [self._model, self._vocoder]
        if "speaker_encoder" in spec.parts:
            size = int(checkpoint.config.speaker_embedding_dim)
            self._encoder = SpeakerEncoder(checkpoint, checkpoint.part("speaker_encoder"), size)
            modules.append(self._encoder.model)
        super().__init__(checkpoint, *modules)
        self._rate = int(self._vocoder.config.sampling_rate)

    def warm_up(self) -> None:
        """Says two seconds of noise again."""
        noise = np.random.default_rng(1).normal(0, 0.1, 2 * self._waveforms.rate).astype(np.float32)
        self._said(noise, self._voice)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Converts recordings one after the other: the random numbers of the model differ with what is in a pass."""
        return one_by_one(batch, self._compute)

    def _compute(self, call: Call) -> Outputs:
        voice = self._voice_of(call)
        blocks = (samples[:, None] for samples in self._pieces(call, voice))
        pieces = (wav.sixteen_bits(block) for block in limiting.amplified(blocks, self._rate, 0.0))
        return {"audio": call.spool.write(pieces, "audio/wav", "voice.wav", header=wav.header(self._rate))}

    def _voice_of(self, call: Call) -> torch.Tensor:
        if "reference_audio" not in call.inputs:
            return self._voice
        if self._encoder is None:
            raise call.bad_input(
                "reference_audio",
                "cannot be followed: this expert has no part `speaker_encoder` that knows voices. Leave it out.",
            )
        seconds = self.checkpoint.spec.max_audio_seconds
        recording = Recording(call, "reference_audio", seconds, self._encoder.rate)
        try:
            samples, _ = recording.window(_REFERENCE_SECONDS * self._encoder.rate)
        finally:
            recording.close()
        return self._encoder.voice(samples)

    def _pieces(self, call: Call, voice: torch.Tensor) -> Iterator[Mono]:
        rate = self._waveforms.rate
        recording = Recording(call, "audio", self.checkpoint.spec.max_audio_seconds, rate)
        try:
            is_last = False
            while not is_last:
                call.raise_if_cancelled()
                samples, is_last = recording.window(_PIECE_SECONDS * rate)
                if not is_last:
                    samples = recordings.until_pause(samples, rate)
                recording.advance(len(samples))
                yield self._said(samples, voice)
                call.progress("speaking in the other voice", recording.fraction)
            call.raise_if_cancelled()
        finally:
            recording.close()

    def _said(self, samples: Mono, voice: torch.Tensor) -> Mono:
        _, inputs = next(self._waveforms.passes([samples]))
        with torch.inference_mode(), randomness.seeded(_SEED, self.checkpoint.device):
            sound = self._model.generate_speech(
                inputs["input_values"],
                voice,
                attention_mask=inputs.get("attention_mask"),
                maxlenratio=_MOST_STEPS_PER_FRAME,
                vocoder=self._vocoder,
            )
        said: Mono = sound.reshape(-1).float().cpu().numpy()
        return said


load = VoiceConverter
