"""What synthesisers of speech share: texts of any length, spoken sentence by sentence, as 16-bit WAV.

Pitch, and the speed where a model has none, are changed afterwards, each without the other.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model
from orchestrion_host.worker.media.audio import limiting, stretching, wav
from orchestrion_host.worker.media.audio.audio_inputs import Samples
from orchestrion_host.worker.media.audio.mixing import Mono
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one
from orchestrion_host.worker.text import language_tags, sentences

Voice: TypeAlias = Any
"""What stands for a voice. Any: each model has its own way: an x-vector, the number of a speaker, or nothing."""

_PAUSE_SECONDS: Final = 0.15
# The task type takes factors down to 0; a voice an octave deeper is the deepest that is one.
_LOWEST_PITCH: Final = 0.5


class Synthesiser(TorchExpert):
    """What synthesisers have in common."""

    rate: int
    """Frames of their sound a second."""
    has_speed: bool
    """Whether the model itself speaks faster and slower."""
    longest_text: int = sentences.MAX_CHARACTERS
    """How many characters are spoken at once at most."""
    language: str = ""
    """The language of the model as the checkpoint or the option `language` names it; empty when neither tells."""

    def __init__(self, checkpoint: Checkpoint, *modules: Model) -> None:
        """Keeps the modules."""
        super().__init__(checkpoint, *modules)
        self.language = str(checkpoint.spec.options.get("language", self.language) or "")

    def warm_up(self) -> None:
        """Speaks a sentence."""
        self.speak("A sentence of usual length, as people say it.", 1.0, None)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Speaks texts, one after the other: the random numbers that voices draw differ with what is in a pass."""
        return one_by_one(batch, self._compute)

    @abstractmethod
    def speak(self, text: str, speed: float, voice: Voice) -> Mono | None:
        """Speaks a piece of text; None where nothing in it can be spoken."""

    @abstractmethod
    def voice(self, call: Call, name: str) -> Voice:
        """Returns what stands for the voice that a call names, for its own when the name is empty.

        Raises:
            InvalidArgumentError: There is none of that name.
        """

    def _compute(self, call: Call) -> Outputs:
        text = call.text("text")
        if not text.strip():
            raise call.bad_input("text", "is empty: there is nothing to speak.")
        self._check_language(call)
        speed, pitch = call.number("speed", 1.0), max(call.number("pitch", 1.0), _LOWEST_PITCH)
        spoken = self._spoken(call, text, self.voice(call, call.text("voice").strip()), speed)
        blocks: Iterator[Samples] = (samples[:, None] for samples in spoken)
        left = 1.0 if self.has_speed else speed
        if left != 1 or pitch != 1:
            blocks = stretching.stretched(blocks, self.rate, left, 12 * math.log2(pitch))
        pieces = (wav.sixteen_bits(block) for block in limiting.amplified(blocks, self.rate, 0.0))
        return {"audio": call.spool.write(pieces, "audio/wav", "speech.wav", header=wav.header(self.rate))}

    def _spoken(self, call: Call, text: str, voice: Voice, speed: float) -> Iterator[Mono]:
        pieces = [piece for sentence in sentences.split(text) for piece in bounded(sentence.text, self.longest_text)]
        pause = np.zeros(round(_PAUSE_SECONDS * self.rate), dtype=np.float32)
        is_spoken = False
        for number, piece in enumerate(pieces):
            call.raise_if_cancelled()
            samples = self.speak(piece, speed, voice)
            if samples is not None:
                if is_spoken:
                    yield pause
                is_spoken = True
                yield samples
            if len(pieces) > 1:
                call.progress("speaking", (number + 1) / len(pieces))
        call.raise_if_cancelled()
        if not is_spoken:
            raise call.bad_input("text", "has nothing that this expert can speak: it does not know its letters.")

    def _check_language(self, call: Call) -> None:
        text = call.text("language").strip()
        own = language_tags.parse(self.language)
        if not text or own is None:
            return
        wanted = language_tags.parse(text)
        if wanted is None or language_tags.choose(wanted, [own.language]) is None:
            raise call.bad_input("language", f"is none that this expert speaks: {text!r}. It speaks {own}.")


def bounded(text: str, longest: int) -> Iterator[str]:
    """Cuts a sentence that is too long for a model at its spaces, or anywhere in a word that is too long itself."""
    while len(text) > longest:
        place = text.rfind(" ", longest // 2, longest)
        end = place if place > 0 else longest
        yield text[:end]
        text = text[end:].lstrip()
    if text:
        yield text
