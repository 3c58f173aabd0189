"""The task `summarization`: the sentences of a text that say most of it, word for word and in their order."""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Outputs
from orchestrion_host.worker.text import inputs, ranking, sentences
from orchestrion_host.worker.text.encoding import Vectors
from orchestrion_host.worker.text.lexicon import english
from orchestrion_host.worker.text.sentences import Sentence

LEAST_SIMILARITY: Final = 0.25
REDUNDANCY_WEIGHT: Final = 0.4
_MOST_BY_LENGTH: Final = 10
_FEW_WORDS: Final = 6
_MANY_CHARACTERS: Final = 350
_WORD: Final = re.compile(r"[^\W_]+")
_EAST_ASIAN: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def summarize(call: Call) -> Generator[Sequence[str], Vectors, Outputs]:
    """Chooses sentences by how central their meaning is, how well they stand alone, and how little they repeat.

    The number of sentences is the input `sentence_count`, or else about the square root of how many there are, at
    most 10. A text of no more sentences than that comes back as it is.

    Raises:
        InvalidArgumentError: The text is blank or too long.
    """
    text = inputs.text(call, "text")
    split = sentences.split(text)
    count = int(call.number("sentence_count")) or count_for(len(split))
    if len(split) <= count:
        return {"text": text}
    vectors = yield [sentence.text for sentence in split]
    scores = ranking.centrality(vectors, LEAST_SIMILARITY) * 0.7 + [
        _quality(sentence, place, len(split)) for place, sentence in enumerate(split)
    ]
    chosen = ranking.choose(scores, vectors, count, REDUNDANCY_WEIGHT)
    return {"text": _joined(text, [split[place] for place in chosen])}


def count_for(sentence_count: int) -> int:
    """Returns how many sentences stand for a text of that many."""
    return min(max(1, round(math.sqrt(sentence_count))), _MOST_BY_LENGTH)


def _quality(sentence: Sentence, place: int, count: int) -> float:
    """Scores what makes a sentence fit for a summary beside its meaning; from -0.6 to 0.15."""
    words = _WORD.findall(sentence.text)
    early = 0.15 * float(np.exp(-4.0 * place / count))
    if _EAST_ASIAN.search(sentence.text):
        is_short, leans = len(sentence.text) < 2 * _FEW_WORDS, False
    else:
        is_short, leans = len(words) < _FEW_WORDS, bool(words) and words[0].lower() in english("leaning")
    flaws = {
        0.25: is_short,
        0.2: not sentence.is_complete,
        0.08: leans,
        0.1: sentence.text.rstrip(sentences.CLOSERS).endswith(("?", "\uff1f")),
        0.12: len(sentence.text) > _MANY_CHARACTERS,
    }
    return early - sum(weight for weight, holds in flaws.items() if holds)


def _joined(text: str, chosen: Sequence[Sentence]) -> str:
    """Joins sentences by spaces, or by what the text has between them where they are neighbours without any."""
    pieces = [chosen[0].text]
    for earlier, later in pairwise(chosen):
        if not earlier.is_complete:
            pieces.append("\n")
        elif not _EAST_ASIAN.search(earlier.text[-3:]) and text[earlier.end : earlier.end + 1].strip() == "":
            pieces.append(" ")
        pieces.append(later.text)
    return "".join(pieces)
