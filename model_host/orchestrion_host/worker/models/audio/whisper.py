"""Whisper: half a minute at once, written with the times of its phrases; the next window begins where a phrase ended.

That is the long-form algorithm of Radford et al. (2022), section 3.8, without its retries at higher temperatures, which
draw random numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
import transformers

from orchestrion_host.worker.library_types import Argument, Model, Processor, Tokenizer
from orchestrion_host.worker.media.audio import recordings
from orchestrion_host.worker.media.audio.mixing import Mono
from orchestrion_host.worker.models.audio.recogniser import AudioWindow, Recogniser, Transcript, is_silent
from orchestrion_host.worker.models.audio.waveforms import warm_up_audio
from orchestrion_host.worker.models.checkpoint import Checkpoint
from orchestrion_host.worker.models.generation.counting import count_generated
from orchestrion_host.worker.models.generation.stopping import StopWhenCancelled
from orchestrion_host.worker.text import spoken_languages

_SECONDS_PER_STEP: Final = 0.02
# A window that would go on sooner than this is taken as it is: steps must not become endlessly small.
_LEAST_STEP_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Phrase:
    """What was said between two times, in seconds from the beginning of the window."""

    tokens: list[int]
    start_s: float
    end_s: float


class Whisper(Recogniser):
    """A Whisper checkpoint, in one language or in many."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Loads it."""
        self._extractor: Processor = checkpoint.processor(transformers.AutoFeatureExtractor)
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        self._model: Model = checkpoint.model(transformers.WhisperForConditionalGeneration)
        super().__init__(checkpoint, self._model, int(self._extractor.sampling_rate), int(self._extractor.n_samples))
        settings = self._model.generation_config
        codes = getattr(settings, "lang_to_id", None) if getattr(settings, "is_multilingual", False) else None
        self._languages = {number: token.strip("<|>") for token, number in (codes or {}).items()}
        # Checkpoints from before 2023 cannot tell times.
        last = getattr(settings, "no_timestamps_token_id", None)
        self._first_time = None if last is None else int(last) + 1

    def warm_up(self) -> None:
        """Hears half a minute of noise and writes a few tokens."""
        features, mask = self._features(warm_up_audio(self.checkpoint, self.window))
        with torch.inference_mode():
            self._model.generate(features, attention_mask=mask, max_new_tokens=4)

    def check(self, transcript: Transcript) -> None:
        """Finds the language that a call names among those of the model, and whether it is to be translated."""
        call = transcript.call
        code = spoken_languages.chosen(call, sorted(self._languages.values()) or ["en"])
        if code:
            transcript.notes["language"] = code
        transcript.notes["task"] = spoken_languages.task(call, translates=bool(self._languages))

    def hear(self, windows: Sequence[AudioWindow]) -> None:
        """Writes down all windows in one pass, those in which there is anything to hear."""
        heard = []
        for window in windows:
            if is_silent(window.samples):
                self._go_on(window, len(window.samples))
            else:
                heard.append(window if self._first_time or window.is_last else self._cut(window))
        if not heard:
            return
        # The library takes one task for all that it generates at once.
        for task in dict.fromkeys(window.transcript.notes["task"] for window in heard):
            self._write(task, [window for window in heard if window.transcript.notes["task"] == task])

    def _write(self, task: str, heard: Sequence[AudioWindow]) -> None:
        """Writes windows down in one pass: as they are spoken (`transcribe`), or in English (`translate`)."""
        tokens = self._written(task, heard)
        for window, row in zip(heard, tokens.tolist(), strict=True):
            seconds = len(window.samples) / self.rate
            ending = self._model.generation_config.eos_token_id
            stops = {ending} if isinstance(ending, int) else set(ending or ())
            # Padding is the same token as the end in most checkpoints.
            kept = row[: next((place for place, token in enumerate(row) if token in stops), len(row))]
            if self._first_time is None:
                segments, done = [Phrase(kept, 0.0, seconds)], seconds
            else:
                segments, done = phrases(kept, self._first_time, seconds, is_last=window.is_last)
            self._note(window, segments)
            self._go_on(window, round(done * self.rate))

    def _go_on(self, window: AudioWindow, samples: int) -> None:
        window.transcript.recording.advance(samples)
        window.transcript.is_done = window.is_last

    def _cut(self, window: AudioWindow) -> AudioWindow:
        return AudioWindow(window.transcript, recordings.until_pause(window.samples, self.rate), is_last=False)

    def _note(self, window: AudioWindow, segments: Sequence[Phrase]) -> None:
        transcript = window.transcript
        begin = transcript.recording.place / self.rate
        for phrase in segments:
            text = self._tokenizer.decode(phrase.tokens, skip_special_tokens=True)
            transcript.add(text)
            if text.strip():
                transcript.add_words(text, begin + phrase.start_s, begin + phrase.end_s)

    def _written(self, task: str, windows: Sequence[AudioWindow]) -> torch.Tensor:
        features, mask = self._features([window.samples for window in windows])
        settings: dict[str, Argument] = {}
        with torch.inference_mode():
            if self._languages:
                settings = {"task": task, "language": self._spoken(windows, features)}
            stops = StopWhenCancelled([window.transcript.call for window in windows])
            tokens: torch.Tensor = self._model.generate(
                features,
                attention_mask=mask,
                return_timestamps=self._first_time is not None,
                # Whole windows go on here, in step with those of other calls.
                force_unique_generate_call=True,
                stopping_criteria=transformers.StoppingCriteriaList([stops]),
                **settings,
            )
        count_generated([window.transcript.call for window in windows], tokens, self._tokenizer)
        return tokens

    def _spoken(self, windows: Sequence[AudioWindow], features: torch.Tensor) -> list[str]:
        """Returns the language of each window: that of the call, else the one that was heard first."""
        unknown = [row for row, window in enumerate(windows) if "language" not in window.transcript.notes]
        if unknown:
            numbers = self._model.detect_language(features[unknown]).tolist()
            for row, number in zip(unknown, numbers, strict=True):
                windows[row].transcript.notes["language"] = self._languages[number]
        return [window.transcript.notes["language"] for window in windows]

    def _features(self, sounds: Sequence[Mono]) -> tuple[torch.Tensor, torch.Tensor]:
        encoded = self._extractor(
            list(sounds), sampling_rate=self.rate, return_tensors="pt", return_attention_mask=True
        )
        inputs = self.checkpoint.inputs(encoded)
        return inputs["input_features"], inputs["attention_mask"]


def phrases(tokens: Sequence[int], first_time: int, seconds: float, *, is_last: bool) -> tuple[list[Phrase], float]:
    """Cuts the tokens of a window into phrases at its tokens of time.

    Args:
        tokens: What was written, without the beginning and the end of the sequence.
        first_time: The token that stands for 0 s; each further one stands for 0.02 s more.
        seconds: How long the window is.
        is_last: Whether nothing comes after the window.

    Returns:
        The phrases, and up to where the window has been written down, in seconds. A phrase that the end of the window
        cuts off is left to the next window.
    """
    segments: list[Phrase] = []
    start, text = 0.0, list[int]()
    pair_s: float | None = None
    for place, token in enumerate(tokens):
        if token < first_time:
            text.append(token)
            continue
        time = min((token - first_time) * _SECONDS_PER_STEP, seconds)
        if text:
            segments.append(Phrase(text, start, time))
            text = []
        elif place and tokens[place - 1] >= first_time and time >= _LEAST_STEP_SECONDS:
            pair_s = time
        start = time
    if not text:
        # One time at the end says that nothing follows; two say that a phrase begins there.
        is_open = len(tokens) > 1 and tokens[-1] >= first_time and tokens[-2] >= first_time
        return segments, pair_s if is_open and not is_last and pair_s else seconds
    if is_last or not pair_s:
        return [*segments, Phrase(text, start, seconds)], seconds
    return segments, pair_s
