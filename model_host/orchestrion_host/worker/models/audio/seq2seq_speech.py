"""Speech recognition by encoder-decoders (Speech2Text, SpeechT5, Moonshine and others): from pause to pause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
import transformers

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Argument, Config, Model, Tokenizer
from orchestrion_host.worker.media.audio import recordings
from orchestrion_host.worker.media.audio.mixing import Mono
from orchestrion_host.worker.models.audio.recogniser import WINDOW_SECONDS, AudioWindow, Recogniser, is_silent
from orchestrion_host.worker.models.audio.waveforms import Waveforms
from orchestrion_host.worker.models.checkpoint import Checkpoint
from orchestrion_host.worker.models.generation.counting import count_generated
from orchestrion_host.worker.models.generation.stopping import StopWhenCancelled

# Nobody speaks faster; what goes on beyond it is a loop.
_MOST_TOKENS_A_SECOND: Final = 13
_FEWEST_TOKENS: Final = 16


class Seq2SeqRecogniser(Recogniser):
    """A sequence-to-sequence model of speech."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Loads it."""
        self._waveforms = Waveforms(checkpoint)
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        self._model: Model = checkpoint.model(transformers.AutoModelForSpeechSeq2Seq)
        rate = self._waveforms.rate
        super().__init__(checkpoint, self._model, rate, WINDOW_SECONDS * rate)
        config = getattr(checkpoint.config, "decoder", checkpoint.config)
        self._most_tokens = _most_positions(config) - 2

    def warm_up(self) -> None:
        """Hears a window of noise and writes a few tokens."""
        noise = np.random.default_rng(1).normal(0, 0.1, self.window).astype(np.float32)
        self._written(noise, [], max_new_tokens=4)

    def hear(self, windows: Sequence[AudioWindow]) -> None:
        """Writes down each window up to its quietest moment."""
        for window in windows:
            transcript = window.transcript
            samples = window.samples if window.is_last else recordings.until_pause(window.samples, self.rate)
            if not is_silent(samples) and not transcript.call.cancelled:
                tokens = max(_FEWEST_TOKENS, round(_MOST_TOKENS_A_SECOND * len(samples) / self.rate))
                stop = StopWhenCancelled([transcript.call])
                text = self._written(
                    samples,
                    [transcript.call],
                    max_new_tokens=min(tokens, self._most_tokens),
                    stopping_criteria=transformers.StoppingCriteriaList([stop]),
                )
                transcript.add(f" {text.strip()}" if text.strip() else "")
            transcript.recording.advance(len(samples))
            transcript.is_done = window.is_last

    def _written(self, samples: Mono, calls: Sequence[Call], **settings: Argument) -> str:
        _, inputs = next(self._waveforms.passes([samples]))
        with torch.inference_mode():
            tokens = self._model.generate(**inputs, **settings)
        count_generated(calls, tokens[:, 1:], self._tokenizer)
        text: str = self._tokenizer.decode(tokens[0], skip_special_tokens=True)
        return text


def _most_positions(config: Config) -> int:
    """Returns how many tokens the decoder has positions for, whichever name the architecture has for it."""
    names = ("max_target_positions", "max_text_positions", "max_position_embeddings", "n_positions")
    return int(next((getattr(config, name) for name in names if getattr(config, name, None)), 448))
