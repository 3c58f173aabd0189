"""Utterances: the stretches of a recording in which somebody speaks, split at pauses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pocketsphinx import Endpointer, Vad

_BYTES_PER_SAMPLE: Final = 2
# People who do not pause are split between two words after this long, and anywhere at the latest after that long:
# what a recogniser holds grows with the utterance.
_SPLIT_SECONDS: Final = 15.0
_LONGEST_SECONDS: Final = 25.0
# The detector cuts off soft consonants, and a recogniser expects some silence on either side.
_CONTEXT_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Utterance:
    """Some seconds of speech."""

    start_s: float
    """When it begins, in seconds from the beginning of the recording."""
    samples: bytes
    """Its samples: signed 16 bits, one channel, at the rate of the recording."""


def utterances(pieces: Iterable[bytes], rate: int) -> Iterator[Utterance]:
    """Finds the utterances of a recording, each as soon as it has ended.

    Args:
        pieces: The recording: samples of signed 16 bits, one channel, in pieces of any length.
        rate: Its samples a second, one that the detector of voices knows: 8000, 16000, 32000 or 48000.
    """
    ends = Endpointer(sample_rate=rate)
    voices = Vad(mode=Vad.STRICT, sample_rate=rate, frame_length=ends.frame_length)
    heard = _Heard(
        ends, 2 * round(_CONTEXT_SECONDS / ends.frame_length) + round(Endpointer.DEFAULT_WINDOW / ends.frame_length)
    )
    spoken = bytearray()
    start_s = 0.0
    goes_on = False
    frame = b""
    for frame in _frames(pieces, ends.frame_bytes):
        if len(frame) < ends.frame_bytes:
            break  # It is the last one.
        heard.append(frame)
        voiced = ends.process(frame)
        if voiced is None:
            continue
        if not goes_on:
            before = heard.before(ends.speech_start)
            start_s = ends.speech_start - len(before) / (_BYTES_PER_SAMPLE * rate)
            spoken += before
        spoken += voiced
        seconds = len(spoken) / (_BYTES_PER_SAMPLE * rate)
        is_long = seconds > _LONGEST_SECONDS or (seconds > _SPLIT_SECONDS and not voices.is_speech(voiced))
        if not ends.in_speech:
            spoken += heard.after(ends.speech_end)
        if is_long or not ends.in_speech:
            yield Utterance(start_s, bytes(spoken))
            spoken.clear()
            # Where the speaker goes on, the next utterance begins where this one was split.
            start_s += seconds
        goes_on = ends.in_speech
    # The detector takes the end of a recording by itself, as a frame that may be short but not empty.
    rest = ends.end_stream(frame or bytes(_BYTES_PER_SAMPLE))
    spoken += rest or b""
    if spoken:
        yield Utterance(start_s, bytes(spoken) + heard.after(ends.speech_end))


class _Heard:
    """The last frames of a recording, of which the context of an utterance is taken; nothing is taken twice."""

    def __init__(self, ends: Endpointer, count: int) -> None:
        self._frame_seconds: float = ends.frame_length
        self._frames: deque[bytes] = deque(maxlen=count)
        self._end = 0
        """How many frames there were."""
        self._taken = 0
        """Up to which frame an utterance, with its context, has them."""

    def append(self, frame: bytes) -> None:
        """Takes the next frame."""
        self._frames.append(frame)
        self._end += 1

    def before(self, start_s: float) -> bytes:
        """Returns the context of an utterance that begins at a time, but none of the utterance before."""
        start = round(start_s / self._frame_seconds)
        return self._between(max(start - self._context, self._taken), start)

    def after(self, end_s: float) -> bytes:
        """Returns the context of an utterance that ends at a time, as far as it was heard."""
        end = round(end_s / self._frame_seconds)
        self._taken = min(end + self._context, self._end)
        return self._between(end, self._taken)

    @property
    def _context(self) -> int:
        return round(_CONTEXT_SECONDS / self._frame_seconds)

    def _between(self, start: int, end: int) -> bytes:
        first = self._end - len(self._frames)
        return b"".join(islice(self._frames, max(0, start - first), max(0, end - first)))


def _frames(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Cuts pieces into frames of one size; the last one, which may be empty, is shorter."""
    waiting = b""
    for piece in pieces:
        waiting += piece
        whole = len(waiting) - len(waiting) % size
        for place in range(0, whole, size):
            yield waiting[place : place + size]
        waiting = waiting[whole:]
    yield waiting
