"""The espeak-ng library through ctypes: voices, parameters, and synthesis into samples.

The library keeps one global state, so one object at a time may use it, and one thread at a time may synthesise.
Constants are those of espeak-ng's `speak_lib.h`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Final

import espeakng_loader

from orchestrion_host.worker.engines.audio.espeak_voices import Voice

_AUDIO_OUTPUT_SYNCHRONOUS: Final = 2
_INITIALIZE_DONT_EXIT: Final = 0x8000
_PIECE_MS: Final = 100
_RATE: Final = 1
_PITCH: Final = 3
_POSITION_CHARACTER: Final = 1
# UTF-8, and a pause at the end; neither SSML (0x10) nor phoneme names in `[[ ]]` (0x100): text is only ever text.
_SYNTHESIS_FLAGS: Final = 0x1 | 0x1000
_BYTES_PER_SAMPLE: Final = 2
_SynthesisCallback: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class _VoiceStructure(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class EspeakLibrary:
    """The library, initialised."""

    def __init__(self) -> None:
        """Loads and initialises it.

        Raises:
            OSError: It cannot be loaded, or does not find its data.
        """
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceStructure))
        data = espeakng_loader.get_data_path()
        self.sample_rate: int = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, _PIECE_MS, data.encode(), _INITIALIZE_DONT_EXIT
        )
        if self.sample_rate <= 0:
            raise OSError(f"espeak-ng does not start with the data in {data}")
        self._variants = Path(data) / "voices" / "!v"
        self._take: Callable[[bytes], bool] = lambda _piece: False
        # The library keeps only the address: the object must live as long as it may be called.
        self._callback = _SynthesisCallback(self._on_samples)
        self._library.espeak_SetSynthCallback(self._callback)

    def voices(self) -> list[Voice]:
        """Returns all voices, without those that need the separate MBROLA program."""
        table = self._library.espeak_ListVoices(None)
        voices: list[Voice] = []
        place = 0
        while table[place]:
            structure = table[place].contents
            identifier = structure.identifier.decode()
            if not identifier.startswith("mb/"):
                voices.append(Voice(structure.name.decode(), identifier, _languages(structure.languages)))
            place += 1
        return voices

    def variants(self) -> list[str]:
        """Returns the names of all speakers."""
        return sorted(path.name for path in self._variants.iterdir())

    def synthesise(
        self, text: str, voice: str, words_per_minute: int, pitch: int, take: Callable[[bytes], bool]
    ) -> None:
        """Speaks a text.

        Args:
            text: The text; read as it is, no markup.
            voice: What `espeak_SetVoiceByName` takes.
            words_per_minute: From 80 to 700.
            pitch: From 0 to 100; 50 is normal.
            take: Gets the samples (signed, 16 bits, mono) piece by piece and says whether to go on.

        Raises:
            OSError: The library refuses.
        """
        self._check(self._library.espeak_SetVoiceByName(voice.encode()), f"the voice {voice}")
        self._check(self._library.espeak_SetParameter(_RATE, words_per_minute, 0), "the speed")
        self._check(self._library.espeak_SetParameter(_PITCH, pitch, 0), "the pitch")
        # The library reads up to the first zero byte.
        encoded = text.replace("\0", " ").encode() + b"\0"
        self._take = take
        status = self._library.espeak_Synth(
            encoded, len(encoded), 0, _POSITION_CHARACTER, 0, _SYNTHESIS_FLAGS, None, None
        )
        self._check(status, "the text")

    def close(self) -> None:
        """Gives everything back that the library holds."""
        self._library.espeak_Terminate()

    def _on_samples(self, samples: int | None, count: int, _events: object) -> int:
        if not samples or count <= 0:
            return 0
        return 0 if self._take(ctypes.string_at(samples, count * _BYTES_PER_SAMPLE)) else 1

    @staticmethod
    def _check(status: int, what: str) -> None:
        if status != 0:
            raise OSError(f"espeak-ng does not take {what} (status {status})")


def _languages(address: int) -> tuple[tuple[int, str], ...]:
    """Reads pairs of a rank (one byte) and a tag (to the next zero byte), up to a rank of zero."""
    languages: list[tuple[int, str]] = []
    while rank := ctypes.string_at(address, 1)[0]:
        tag = ctypes.string_at(address + 1)
        languages.append((rank, tag.decode()))
        address += len(tag) + 2
    return tuple(languages)
