"""Speech synthesis by SpeechT5 (Ao et al., 2022): text to a spectrogram, and a vocoder to a waveform."""

from __future__ import annotations

from typing import Final

import torch
import transformers

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model, Tokenizer
from orchestrion_host.worker.media.audio.mixing import Mono
from orchestrion_host.worker.models import randomness
from orchestrion_host.worker.models.audio import speecht5_voices
from orchestrion_host.worker.models.audio.synthesiser import Synthesiser
from orchestrion_host.worker.models.checkpoint import Checkpoint

# The model drops some of what it said last at random, so that it does not repeat itself.
_SEED: Final = 1
# Longer pieces drift; the tokens are letters.
_LONGEST_TEXT: Final = 300


class SpeechT5Synthesiser(Synthesiser):
    """A model with the parts `vocoder`, and the voices that its entry lists."""

    has_speed = False

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Loads it. The option `speaker_embedding` is its voice; without one it is neutral."""
        # Spells numbers out, which the model has no letters for.
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer, normalize=True)
        self._model: Model = checkpoint.model(transformers.SpeechT5ForTextToSpeech)
        self._vocoder = speecht5_voices.vocoder(checkpoint)
        super().__init__(checkpoint, self._model, self._vocoder)
        self._voice = speecht5_voices.own_voice(checkpoint)
        self.rate = int(self._vocoder.config.sampling_rate)
        self.longest_text = min(_LONGEST_TEXT, int(checkpoint.config.max_text_positions) - 2)

    def voice(self, call: Call, name: str) -> torch.Tensor:
        """Returns the x-vector of its one voice."""
        if name:
            raise call.bad_input("voice", f"names no voice: {name!r}. This expert has one alone; leave it out.")
        return self._voice

    def speak(self, text: str, speed: float, voice: torch.Tensor | None) -> Mono | None:
        """Speaks a piece of text."""
        del speed
        inputs = self.checkpoint.inputs(self._tokenizer(text, return_tensors="pt"))
        voice = self._voice if voice is None else voice
        with torch.inference_mode(), randomness.seeded(_SEED, self.checkpoint.device):
            sound = self._model.generate_speech(
                inputs["input_ids"], voice, attention_mask=inputs["attention_mask"], vocoder=self._vocoder
            )
        samples: Mono = sound.reshape(-1).float().cpu().numpy()
        return samples
