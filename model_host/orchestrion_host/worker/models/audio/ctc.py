"""Speech recognition by CTC (Wav2Vec2, HuBERT and others): a token or a blank for each frame of 20 ms.

Long recordings are transcribed in windows that overlap; of each, only the middle is kept, where frames have been seen
with their context.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
import transformers

from orchestrion_host.worker.library_types import Array, Model, Tokenizer
from orchestrion_host.worker.media.audio.mixing import Mono
from orchestrion_host.worker.models.audio.recogniser import WINDOW_SECONDS, AudioWindow, Recogniser, Transcript
from orchestrion_host.worker.models.audio.waveforms import Waveforms, warm_up_audio
from orchestrion_host.worker.models.checkpoint import Checkpoint

# What is heard on either side of the part of a window that is kept.
_MARGIN_SECONDS: Final = 5
# How SentencePiece marks the beginning of a word.
_WORD_START: Final = "\u2581"


@dataclass
class PendingFrames:
    """Frames that were heard and do not make complete words yet."""

    start: int = 0
    """The number of the first of them in the recording."""
    tokens: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    scores: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    is_open: bool = False
    """Whether the last word that was written goes on in them."""


@dataclass(frozen=True)
class CtcToken:
    """A token that was spoken for some frames."""

    text: str
    first: int
    end: int
    score: float
    begins_word: bool


class CtcRecogniser(Recogniser):
    """A CTC model and its letters."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Loads both; the option `target_lang` chooses the language of a checkpoint that has several (MMS)."""
        language = checkpoint.spec.options.get("target_lang")
        settings = {"target_lang": language} if language else {}
        self._waveforms = Waveforms(checkpoint)
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer, **settings)
        # The head of another language has another size.
        sizes = {**settings, "ignore_mismatched_sizes": True} if language else {}
        self._model: Model = checkpoint.model(transformers.AutoModelForCTC, **sizes)
        rate = self._waveforms.rate
        self._frame = int(getattr(checkpoint.config, "inputs_to_logits_ratio", 0)) or self._measured_frame(rate)
        super().__init__(checkpoint, self._model, rate, self._whole_frames(WINDOW_SECONDS))
        self._margin = self._whole_frames(_MARGIN_SECONDS)
        self._delimiter = getattr(self._tokenizer, "word_delimiter_token", None)
        self._blank = self._tokenizer.pad_token_id
        # The delimiter of words may count as special, and is none here.
        self._silent = set(self._tokenizer.all_special_ids) - set(
            self._tokenizer.convert_tokens_to_ids([self._delimiter] if self._delimiter else [])
        )
        self._every_token_is_a_word = "Phoneme" in type(self._tokenizer).__name__
        self._lower = bool(getattr(self._tokenizer, "do_lower_case", False))

    def warm_up(self) -> None:
        """Hears a window of noise."""
        self._frames_of(warm_up_audio(self.checkpoint, self.window))

    def hear(self, windows: Sequence[AudioWindow]) -> None:
        """Adds the frames of the middle of each window and writes the words that are complete."""
        heard = self._frames_of([window.samples for window in windows])
        for window, (tokens, scores) in zip(windows, heard, strict=True):
            transcript = window.transcript
            recording = transcript.recording
            spelled: PendingFrames = transcript.notes.setdefault("spelled", PendingFrames())
            begin = self._margin // self._frame if recording.place else 0
            end = len(tokens) if window.is_last else min(len(tokens), (self.window - self._margin) // self._frame)
            spelled.tokens = np.concatenate([spelled.tokens, tokens[begin:end]])
            spelled.scores = np.concatenate([spelled.scores, scores[begin:end]])
            self._write(transcript, spelled, is_last=window.is_last)
            transcript.is_done = window.is_last
            recording.advance(self.window - 2 * self._margin)

    def _frames_of(self, sounds: Sequence[Mono]) -> list[tuple[Array, Array]]:
        """Returns the likeliest token of each frame of each sound, and its probability."""
        # Any: arrays take the places of None.
        frames: list[tuple[Any, Any]] = [(None, None)] * len(sounds)
        for places, inputs in self._waveforms.passes(sounds):
            with torch.inference_mode():
                logits = self._model(**inputs).logits.float()
                scores, tokens = (kind.cpu().numpy() for kind in logits.softmax(dim=-1).max(dim=-1))
            counts = [logits.shape[1]] * len(places)
            if self._waveforms.masked:
                samples = inputs["attention_mask"].sum(dim=-1)
                counts = self._model._get_feat_extract_output_lengths(samples).tolist()
            for row, (place, count) in enumerate(zip(places, counts, strict=True)):
                frames[place] = tokens[row, :count], scores[row, :count]
        return frames

    def _write(self, transcript: Transcript, spelled: PendingFrames, *, is_last: bool) -> None:
        """Writes the complete words of what was spelled, and leaves the rest for the next window."""
        words = _words(list(self._letters(spelled)))
        # The last word may go on in the next window, and so may the last letter of a script without spaces.
        held = None if is_last or not words else words[-1][0]
        is_cut = held is not None and len(words) == 1 and len(spelled.tokens) * self._frame > self.window
        if is_cut and len(words[0]) > 1:
            held = words[0].pop()
        for word in words:
            if word[0] is held:
                spelled.is_open = spelled.is_open and not held.begins_word
                break
            text = "".join(letter.text for letter in word)
            transcript.add(text if spelled.is_open and not word[0].begins_word else f" {text}")
            start, end = (spelled.start + frame for frame in (word[0].first, word[-1].end))
            score = sum(letter.score for letter in word) / len(word)
            transcript.add_words(text, self._seconds(start), self._seconds(end), score)
            spelled.is_open = is_cut
        done = held.first if held else len(spelled.tokens)
        spelled.start += done
        spelled.tokens, spelled.scores = spelled.tokens[done:], spelled.scores[done:]

    def _letters(self, spelled: PendingFrames) -> Iterator[CtcToken]:
        """Yields the letters: tokens that differ from the one before, without blanks and other silent ones."""
        begins_word = not spelled.is_open
        place = 0
        for token, group in itertools.groupby(spelled.tokens.tolist()):
            first, place = place, place + sum(1 for _ in group)
            if token == self._blank or token in self._silent:
                continue
            text = str(self._tokenizer.convert_ids_to_tokens(token))
            if text == self._delimiter:
                begins_word = True
                continue
            begins_word = begins_word or self._every_token_is_a_word or text.startswith(_WORD_START)
            text = text.removeprefix(_WORD_START)
            if text.strip():
                score = float(spelled.scores[first:place].mean())
                yield CtcToken(text.lower() if self._lower else text, first, place, score, begins_word)
                begins_word = False

    def _seconds(self, frame: int) -> float:
        return frame * self._frame / self.rate

    def _whole_frames(self, seconds: int) -> int:
        return round(seconds * self._waveforms.rate / self._frame) * self._frame

    def _measured_frame(self, rate: int) -> int:
        tokens, _ = self._frames_of([np.zeros(10 * rate, dtype=np.float32)])[0]
        return max(1, round(10 * rate / len(tokens)))


def _words(letters: Sequence[CtcToken]) -> list[list[CtcToken]]:
    words: list[list[CtcToken]] = []
    for letter in letters:
        if letter.begins_word or not words:
            words.append([])
        words[-1].append(letter)
    return words
