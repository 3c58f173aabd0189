"""The engine `pocketsphinx`: writes down clear English speech, utterance by utterance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from pocketsphinx import Decoder

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.engines.audio.utterances import Utterance, utterances
from orchestrion_host.worker.media.audio import audio_inputs, mixing, resampling, wav
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_RATE: Final = 16_000
_FRAMES_A_SECOND: Final = 100
# The library holds the interpreter's lock while it works; after each 0.1 s of sound, calls can be cancelled and pings
# answered.
_PIECE_BYTES: Final = 2 * _RATE // 10
_MEANS_SEARCH: Final = "means"
_MEANS_PHRASE: Final = "oh mighty computer"
# The detector of voices was made for people near a microphone: their loudest half second is about this.
_USUAL_LOUDNESS: Final = 0.06
_LARGEST_GAIN: Final = 100.0
# Listening for the loudness takes a small part of the time that recognition takes.
_LISTENING: Final = 0.05
# `<sil>`, `[NOISE]` and `++BREATH++` are sounds, and `a(2)` is the second way to pronounce `a`.
_NO_WORD: Final = re.compile(r"^[<\[+]")
_PRONUNCIATION: Final = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word that was heard."""

    text: str
    start_s: float
    end_s: float
    score: float


class PocketSphinx:
    """The recogniser with the acoustic model, the dictionary and the language model that the package brings."""

    def __init__(self, max_audio_seconds: float) -> None:
        """Loads the models.

        Args:
            max_audio_seconds: The longest recording that is decoded.
        """
        self._max_audio_seconds = max_audio_seconds
        self._decoder = Decoder(samprate=_RATE, loglevel="FATAL")
        self._decoder.add_keyphrase(_MEANS_SEARCH, _MEANS_PHRASE)

    def warm_up(self) -> None:
        """Listens to a second of noise."""
        noise = np.random.default_rng(1).normal(0, 1000, _RATE).astype("<i2")
        self._adapt(noise.tobytes())
        self._decoder.start_utt()
        self._decoder.process_raw(noise.tobytes())
        self._decoder.end_utt()

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Writes down each recording."""
        return one_by_one(batch, self._compute)

    def parameter_bytes(self) -> int:
        """Returns 0: the library does not tell; the growth of the process does."""
        return 0

    def unload(self) -> None:
        """Lets go of the models."""
        del self._decoder

    def _compute(self, call: Call) -> Outputs:
        texts: list[str] = []
        words: list[SpokenWord] = []
        for utterance in utterances(self._pieces(call, self._gain(call)), _RATE):
            heard = self._words(call, utterance)
            if heard:
                text = " ".join(word.text for word in heard)
                call.text_piece("text", f" {text}" if texts else text)
                texts.append(text)
                words += heard
        described = [
            {"text": word.text, "start_s": word.start_s, "end_s": word.end_s, "score": word.score} for word in words
        ]
        return {"text": " ".join(texts), "words": {"json": described}}

    def _gain(self, call: Call) -> float:
        """Returns how much louder a quiet recording must be made to be understood."""
        with audio_inputs.opened(call, "audio", self._max_audio_seconds) as sound:
            blocks = mixing.mixed(sound.blocks("listening", 0.0, _LISTENING))
            loudest = max(float(np.sqrt(np.mean(block**2))) for block in blocks)
        return float(np.clip(_USUAL_LOUDNESS / max(loudest, 1e-6), 1.0, _LARGEST_GAIN))

    def _pieces(self, call: Call, gain: float) -> Iterator[bytes]:
        with audio_inputs.opened(call, "audio", self._max_audio_seconds) as sound:
            blocks = sound.blocks("listening to what is said", _LISTENING)
            for samples in resampling.mono(blocks, sound.rate, _RATE):
                yield wav.sixteen_bits(samples * np.float32(gain))

    def _adapt(self, samples: bytes) -> None:
        """Takes the voice, the microphone and the room out of what follows: the means of the utterance's own features.

        The library knows them when it has seen an utterance to its end, but then computes all of it at once, with the
        interpreter's lock held. So it first looks at the features alone, with a search that has next to nothing to
        do. On the package's test recordings this takes one error in three away.

        What it knows of the noise goes on to what follows as well, but nothing of the utterance before: the library
        would hear the same recording otherwise each time, by what it was given until then.
        """
        self._decoder.reinit_feat()
        self._decoder.activate_search(_MEANS_SEARCH)
        self._decoder.start_utt()
        self._decoder.process_raw(samples, no_search=True, full_utt=True)
        means = self._decoder.get_cmn(False)
        self._decoder.end_utt()
        self._decoder.activate_search()
        self._decoder.set_cmn(means)

    def _words(self, call: Call, utterance: Utterance) -> list[SpokenWord]:
        self._adapt(utterance.samples)
        self._decoder.start_utt()
        try:
            for place in range(0, len(utterance.samples), _PIECE_BYTES):
                call.raise_if_cancelled()
                self._decoder.process_raw(utterance.samples[place : place + _PIECE_BYTES])
        finally:
            self._decoder.end_utt()
        # Without a hypothesis there are no segments either, and asking for them is an error.
        if self._decoder.hyp() is None:
            return []
        return [
            SpokenWord(
                text=_PRONUNCIATION.sub("", segment.word),
                start_s=round(utterance.start_s + segment.start_frame / _FRAMES_A_SECOND, 2),
                end_s=round(utterance.start_s + (segment.end_frame + 1) / _FRAMES_A_SECOND, 2),
                score=round(min(float(segment.prob), 1.0), 3),
            )
            for segment in self._decoder.seg()
            if not _NO_WORD.match(segment.word)
        ]


def load(spec: ipc.Load) -> PocketSphinx:
    """Loads the models."""
    return PocketSphinx(spec.max_audio_seconds)
