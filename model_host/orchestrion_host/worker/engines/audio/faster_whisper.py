"""The engine `faster-whisper`: Whisper (Radford et al., 2022) on CTranslate2, in many languages, or into English."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from faster_whisper import WhisperModel

from orchestrion.values import JsonObject
from orchestrion_host import ipc
from orchestrion_host.worker import weights
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.engines import cores
from orchestrion_host.worker.library_types import Argument, Model
from orchestrion_host.worker.media.audio import recordings
from orchestrion_host.worker.media.audio.mixing import Mono
from orchestrion_host.worker.media.audio.recordings import Recording
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one
from orchestrion_host.worker.text import spoken_languages

_RATE: Final = 16_000
_PIECE_SECONDS: Final = 300
"""How much of a recording is in memory at once; the library goes through it in windows of half a minute."""
_SECOND_HALF: Final = "model.bin.part2"
_SETTINGS: Final[dict[str, Argument]] = {
    "beam_size": 5,
    # Higher temperatures draw random numbers, and what was written before leads the model into loops.
    "temperature": 0.0,
    "condition_on_previous_text": False,
    # Where nobody speaks, the model makes sentences up.
    "vad_filter": True,
}


class FasterWhisper:
    """The model, its kernels in 8 bits."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `first_half` with the `package`, `folder`, `file` and `sha256` of the first half of the weights.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: a file is missing, or not the one that the catalogue names.
        """
        # It tells of each call what the platform tells anyway.
        logging.getLogger("faster_whisper").setLevel(logging.WARNING)
        folder = Path(spec.folder)
        first = _first_half(spec)
        files = {name: (folder / name).read_bytes() for name in spec.sha256 if name != _SECOND_HALF}
        files["model.bin"] = first.read_bytes() + (folder / _SECOND_HALF).read_bytes()
        self._max_audio_seconds = spec.max_audio_seconds
        self._model: Model = WhisperModel(
            spec.expert_id, device="cpu", compute_type="int8", cpu_threads=cores.half(), files=files
        )
        self._languages: Sequence[str] = self._model.supported_languages

    def warm_up(self) -> None:
        """Hears a second of silence, without looking for speech in it."""
        list(
            self._model.transcribe(np.zeros(_RATE, np.float32), language="en", **{**_SETTINGS, "vad_filter": False})[0]
        )

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Writes down each recording."""
        return one_by_one(batch, self._compute)

    def parameter_bytes(self) -> int:
        """Returns 0: the library does not tell; the growth of the process does."""
        return 0

    def unload(self) -> None:
        """Lets go of the model."""
        del self._model

    def _compute(self, call: Call) -> Outputs:
        language = spoken_languages.chosen(call, self._languages)
        task = spoken_languages.task(call, translates=True)
        text = ""
        words: list[JsonObject] = []
        recording = Recording(call, "audio", self._max_audio_seconds, _RATE)
        try:
            is_last = False
            while not is_last:
                samples, is_last = recording.window(_PIECE_SECONDS * _RATE)
                samples = samples if is_last else recordings.until_pause(samples, _RATE)
                begin = recording.place / _RATE
                segments, heard = self._segments(samples, language, task)
                for segment in segments:
                    call.raise_if_cancelled()
                    piece = segment.text if text else segment.text.lstrip()
                    text += piece
                    call.text_piece("text", piece)
                    words += _described(segment, begin)
                    call.progress("listening to what is said", recording.fraction_at(segment.end))
                # What is heard first says what the rest is in.
                language = language or (heard if text else "")
                recording.advance(len(samples))
        finally:
            recording.close()
        return {
            "text": text.rstrip(),
            **({"words": {"json": words}} if words else {}),
            **({"language": language} if language else {}),
        }

    def _segments(self, samples: Mono, language: str, task: str) -> tuple[Iterable[Argument], str]:
        """Begins to write samples down.

        Returns:
            Its phrases, which are computed when they are taken, and the language that is heard.
        """
        if not len(samples):
            return (), ""
        # The words of a translation have no times of their own.
        segments, info = self._model.transcribe(
            samples, language=language or None, task=task, word_timestamps=task == "transcribe", **_SETTINGS
        )
        return segments, str(info.language)


load = FasterWhisper


def _first_half(spec: ipc.Load) -> Path:
    place: dict[str, str] = spec.options.get("first_half", {})
    package = importlib.util.find_spec(place.get("package", ""))
    if package is None or not package.submodule_search_locations:
        raise spec.refused("options.first_half.package: there is no such package.")
    folder = Path(package.submodule_search_locations[0]) / place["folder"]
    weights.check(folder, {place["file"]: place["sha256"]})
    return folder / place["file"]


def _described(segment: Argument, begin: float) -> list[JsonObject]:
    """Describes the words of a phrase with their times in the recording; the phrase where it has none."""
    if not segment.words:
        return [_word(segment.text, segment.start + begin, segment.end + begin)]
    return [
        {**_word(word.word, word.start + begin, word.end + begin), "score": round(float(word.probability), 3)}
        for word in segment.words
    ]


def _word(text: str, start_s: float, end_s: float) -> JsonObject:
    return {"text": text.strip(), "start_s": round(float(start_s), 2), "end_s": round(float(end_s), 2)}
