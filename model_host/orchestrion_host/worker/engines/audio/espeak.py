"""The engine `espeak-ng`: speech in many languages as 22,050 Hz mono WAV."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Final

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.engines.audio import speech_passages
from orchestrion_host.worker.engines.audio.espeak_library import EspeakLibrary
from orchestrion_host.worker.engines.audio.espeak_voices import Voice, Voices, language_of
from orchestrion_host.worker.media.audio import wav
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_NORMAL_WORDS_PER_MINUTE: Final = 175
_SLOWEST_WORDS_PER_MINUTE: Final = 80
_NORMAL_PITCH: Final = 50


class Espeak:
    """The library and its voices."""

    def __init__(self, library: EspeakLibrary) -> None:
        """Reads the voices."""
        self._library = library
        self._voices = Voices(library.voices(), library.variants())
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Speaks a word, which loads the English dictionary."""
        self._library.synthesise("warm", "gmw/en", _NORMAL_WORDS_PER_MINUTE, _NORMAL_PITCH, lambda _piece: True)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Speaks each text."""
        return one_by_one(batch, self._speak)

    def parameter_bytes(self) -> int:
        """Returns 0: dictionaries count as memory grown."""
        return 0

    def unload(self) -> None:
        """Gives the dictionaries back."""
        self._library.close()

    def _speak(self, call: Call) -> Outputs:
        text = call.text("text")
        if not text.strip():
            raise call.bad_input("text", "is empty: there is nothing to speak.")
        voice = self._voice(call, text)
        speed = round(_NORMAL_WORDS_PER_MINUTE * call.number("speed", 1.0))
        pitch = round(_NORMAL_PITCH * call.number("pitch", 1.0))
        header = wav.header(self._library.sample_rate)
        pieces = self._pieces(call, text, voice, speed, pitch)
        return {"audio": call.spool.write(pieces, "audio/wav", "speech.wav", header=header)}

    def _pieces(self, call: Call, text: str, voice: str, speed: int, pitch: int) -> Iterator[bytes]:
        """Speaks passage by passage, so that progress is told and no more than one of them is held."""
        passages = list(speech_passages.split(text))
        spoken = 0
        size = 0
        for passage in passages:
            pieces: list[bytes] = []

            def take(piece: bytes, pieces: list[bytes] = pieces) -> bool:
                pieces.append(piece)
                return not call.cancelled

            # Calls take turns after each passage: a short one does not wait for a book.
            with self._lock:
                self._library.synthesise(passage, voice, max(speed, _SLOWEST_WORDS_PER_MINUTE), pitch, take)
            call.raise_if_cancelled()
            size += sum(map(len, pieces))
            if size > wav.MAX_BYTES:
                raise call.bad_input("text", "is too long: a WAV file holds at most 4 GiB of speech. Send it in parts.")
            yield from pieces
            spoken += len(passage)
            if len(passages) > 1:
                call.progress("speaking", spoken / len(text))

    def _voice(self, call: Call, text: str) -> str:
        language = self._language(call, text)
        name = call.text("voice").strip()
        if not name:
            return language.identifier
        voice = self._voices.named(name, language)
        if voice is None:
            raise call.bad_input(
                "voice",
                f"names no voice: {name!r}. Voices are words such as female, male, child or whisper, speakers such as "
                "f2 or m3, languages, or both, as in en-gb+whisper.",
            )
        return voice

    def _language(self, call: Call, text: str) -> Voice:
        tag = call.text("language").strip()
        voice = self._voices.for_language(tag or language_of(text))
        if voice is None and not tag:
            voice = self._voices.for_language("en")
        if voice is None:
            languages = ", ".join(self._voices.languages())
            raise call.bad_input("language", f"is none that this expert speaks: {tag!r}. It speaks {languages}.")
        return voice


def load(spec: ipc.Load) -> Espeak:
    """Loads the library.

    Raises:
        OSError: It cannot be loaded.
    """
    del spec
    return Espeak(EspeakLibrary())
