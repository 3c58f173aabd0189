"""Subtitles of a transcription: words with their times as cues, in the forms of SubRip and WebVTT. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion.values import JsonData

_LONGEST_CHARACTERS: Final = 84
"""Two lines of 42 characters, as broadcasters have them."""
_LONGEST_S: Final = 7.0
_PAUSE_S: Final = 1.0
_ENDS: Final = (".", "!", "?", "\u3002", "\uff01", "\uff1f")


@dataclass(frozen=True, slots=True)
class Cue:
    """A text and when it is said."""

    text: str
    """What is said."""
    start_s: float
    """When it begins, in seconds from the beginning of the recording."""
    end_s: float
    """When it ends, in seconds."""


def words_of(data: JsonData) -> tuple[Cue, ...]:
    """Reads the output `words` of an expert; nothing where it is none, or an entry has no times."""
    if not isinstance(data, list) or not all(_is_word(word) for word in data):
        return ()
    return tuple(Cue(word["text"].strip(), float(word["start_s"]), float(word["end_s"])) for word in data)


def cues_of(words: Iterable[Cue], *, spaced: bool) -> tuple[Cue, ...]:
    """Joins words to cues that can be read: they end with a sentence, at a pause, or when they are full.

    Args:
        words: The words, or phrases, in order.
        spaced: Whether words stand apart in the script of the text.
    """
    cues: list[Cue] = []
    for word in words:
        last = cues[-1] if cues else None
        if last is None or _is_over(last, word):
            cues.append(word)
        else:
            cues[-1] = Cue(f"{last.text}{' ' if spaced else ''}{word.text}", last.start_s, word.end_s)
    return tuple(cues)


def srt(cues: Sequence[Cue]) -> str:
    """Writes cues as SubRip."""
    return "".join(
        f"{number}\n{_time(cue.start_s, ',')} --> {_time(cue.end_s, ',')}\n{cue.text}\n\n"
        for number, cue in enumerate(cues, 1)
    )


def vtt(cues: Sequence[Cue]) -> str:
    """Writes cues as WebVTT, where `&` and `<` are written as in HTML."""
    lines = ["WEBVTT\n\n"]
    for cue in cues:
        text = cue.text.replace("&", "&amp;").replace("<", "&lt;").replace("-->", "--&gt;")
        lines.append(f"{_time(cue.start_s, '.')} --> {_time(cue.end_s, '.')}\n{text}\n\n")
    return "".join(lines)


def _is_over(cue: Cue, word: Cue) -> bool:
    return (
        cue.text.endswith(_ENDS)
        or word.start_s - cue.end_s > _PAUSE_S
        or word.end_s - cue.start_s > _LONGEST_S
        or len(cue.text) + 1 + len(word.text) > _LONGEST_CHARACTERS
    )


def _is_word(word: JsonData) -> bool:
    return (
        isinstance(word, dict)
        and isinstance(word.get("text"), str)
        and all(isinstance(word.get(end), int | float) for end in ("start_s", "end_s"))
    )


def _time(seconds: float, mark: str) -> str:
    milliseconds = max(0, round(seconds * 1000))
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}{mark}{milliseconds % 1000:03}"
