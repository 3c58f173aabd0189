"""Cuts long texts into passages for a voice, at the ends of sentences, where it breathes anyway."""

from __future__ import annotations

from typing import Final

from orchestrion_host.worker.text import sentences

_LONGEST_CHARACTERS: Final = 2_000


def split(text: str) -> list[str]:
    """Returns the passages of a text in order, each as it is written; a text of some sentences is one passage."""
    if len(text) <= _LONGEST_CHARACTERS:
        return [text]
    passages: list[str] = []
    start = 0
    for sentence in sentences.split(text):
        if sentence.end - start > _LONGEST_CHARACTERS and text[start : sentence.start].strip():
            passages.append(text[start : sentence.start])
            start = sentence.start
    return [*passages, text[start:]]
