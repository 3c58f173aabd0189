"""What recognisers of speech share: recordings of any length in windows, those of several calls in one forward pass."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from orchestrion.errors import OrchestrionError
from orchestrion.values import JsonObject
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model
from orchestrion_host.worker.media.audio.mixing import Mono
from orchestrion_host.worker.media.audio.recordings import Recording
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.runtimes import Outputs, Result
from orchestrion_host.worker.text import spoken_languages

WINDOW_SECONDS: Final = 30
"""How much is heard at once: what Whisper was made for, and others can bear."""


@dataclass
class Transcript:
    """A recording that is being written down."""

    call: Call
    recording: Recording
    text: str = ""
    words: list[JsonObject] = field(default_factory=list)
    """The words or phrases with their times, as the output `words` has them."""
    is_done: bool = False
    notes: dict[str, Any] = field(default_factory=dict)
    """What a recogniser keeps from one window to the next; `language` is told. Any: each keeps something else."""

    def add(self, text: str) -> None:
        """Writes more text down and streams it; the space before the first word goes."""
        piece = text if self.text else text.lstrip()
        if piece:
            self.text += piece
            self.call.text_piece("text", piece)

    def add_words(self, text: str, start_s: float, end_s: float, score: float | None = None) -> None:
        """Notes when a word or phrase was said."""
        word = {"text": text.strip(), "start_s": round(start_s, 2), "end_s": round(end_s, 2)}
        self.words.append(word if score is None else {**word, "score": round(score, 3)})

    def outputs(self) -> Outputs:
        """Returns the outputs of the call; `words` where times are known."""
        words: dict[str, ipc.Plain] = {"words": {"json": self.words}} if self.words else {}
        language: dict[str, ipc.Plain] = {"language": self.notes["language"]} if "language" in self.notes else {}
        return {"text": self.text.rstrip(), **words, **language}


@dataclass(frozen=True)
class AudioWindow:
    """The part of a recording that is heard next."""

    transcript: Transcript
    samples: Mono
    is_last: bool


class Recogniser(TorchExpert):
    """What recognisers have in common: the rounds in which the recordings of a batch are heard."""

    def __init__(self, checkpoint: Checkpoint, model: Model, rate: int, window: int) -> None:
        """Keeps the model.

        Args:
            checkpoint: Where it comes from.
            model: The model.
            rate: The rate in Hz that it takes.
            window: How many samples it hears at once.
        """
        super().__init__(checkpoint, model)
        self.rate = rate
        self.window = window

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Writes recordings down, window by window, and streams the text."""
        results: dict[int, Result] = {}
        transcripts: dict[int, Transcript] = {}
        try:
            for place, call in enumerate(batch):
                try:
                    transcripts[place] = self._begin(call)
                except OrchestrionError as error:
                    results[place] = error
            while len(results) < len(batch):
                windows = []
                for place, transcript in transcripts.items():
                    if place in results:
                        continue
                    try:
                        windows.append(AudioWindow(transcript, *transcript.recording.window(self.window)))
                    except OrchestrionError as error:
                        results[place] = error
                if windows:
                    self.hear(windows)
                for place, transcript in transcripts.items():
                    if place not in results:
                        self._report(place, transcript, results)
        finally:
            for transcript in transcripts.values():
                transcript.recording.close()
        return [results[place] for place in range(len(batch))]

    @abstractmethod
    def hear(self, windows: Sequence[AudioWindow]) -> None:
        """Writes down what is said in windows of different recordings, and advances or ends each of them."""

    def check(self, transcript: Transcript) -> None:
        """Checks the further inputs of a call.

        Raises:
            InvalidArgumentError: The recogniser cannot do what they ask.
        """
        spoken_languages.task(transcript.call, translates=False)

    def _begin(self, call: Call) -> Transcript:
        recording = Recording(call, "audio", self.checkpoint.spec.max_audio_seconds, self.rate)
        transcript = Transcript(call, recording)
        try:
            self.check(transcript)
        except OrchestrionError:
            recording.close()
            raise
        return transcript

    def _report(self, place: int, transcript: Transcript, results: dict[int, Result]) -> None:
        try:
            transcript.call.raise_if_cancelled()
        except OrchestrionError as error:
            results[place] = error
            return
        if transcript.is_done:
            results[place] = transcript.outputs()
        else:
            transcript.call.progress("listening to what is said", transcript.recording.fraction)


def is_silent(samples: Mono) -> bool:
    """Whether there is nothing at all to be heard: models that write sentences make some up then."""
    return not len(samples) or float(np.abs(samples).max()) < 1e-3
