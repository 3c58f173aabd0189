"""The relevance of texts to each other by the words that they share, weighted by their rarity (BM25)."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from orchestrion.plans import TaskType
from orchestrion_controller import languages
from orchestrion_controller.identity_cache import IdentityCache
from orchestrion_controller.languages.examples import examples
from orchestrion_controller.plans.kinds import takes

_WORD: Final = re.compile(r"\w+")
_PLACEHOLDER: Final = re.compile(r"\{\w+\}|[“„«「][^”“»」]*[”“»」]")
"""What examples are about: a file, or a text in quotation marks."""
_ENDINGS: Final = ("ing", "ed", "es", "s")
_SATURATION: Final = 1.2
_LENGTH: Final = 0.6
"""BM25's k1 and b."""
_FITTING_FILE: Final = 2.0
_JUST_PLANNED: Final = 6.0


def words(text: str) -> frozenset[str]:
    """Lists the words of a text, without the commonest English endings; other scripts by pairs of letters too."""
    distinct: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        if word.isascii():
            ending = next((ending for ending in _ENDINGS if word.endswith(ending) and len(word) > len(ending) + 2), "")
            distinct.add(word.removesuffix(ending))
        else:
            distinct |= {word, *(word[start : start + 2] for start in range(len(word) - 1))}
    return frozenset(distinct)


class Likeness:
    """Scores documents by the words that they share with a text, as BM25 does where each word counts once."""

    def __init__(self, documents: Sequence[frozenset[str]]) -> None:
        """Takes the documents, as the words of each."""
        self._documents = documents
        self._counts = Counter(word for document in documents for word in document)
        mean = sum(map(len, documents)) / max(1, len(documents)) or 1.0
        # Normalised by length: a long document shares a word with many texts.
        self._weights = [
            (1 + _SATURATION) / (1 + _SATURATION * (1 - _LENGTH + _LENGTH * len(document) / mean))
            for document in documents
        ]

    def scores(self, text: frozenset[str]) -> list[float]:
        """Scores every document, 0 where it shares no word with the text."""
        count = len(self._documents)
        return [
            weight * sum(math.log((count + 1) / self._counts[word]) for word in sorted(text & document))
            for weight, document in zip(self._weights, self._documents, strict=True)
        ]


def by_relevance(
    task_types: Mapping[str, TaskType], text: str, media_types: Iterable[str], planned: Iterable[str] = ()
) -> list[str]:
    """Orders task types by how likely a request needs them, the likeliest first.

    Args:
        task_types: The task types, by name.
        text: The text of the request.
        media_types: Those of the files that the request brings.
        planned: The task types of the turn before: a follow-up often wants the same again.
    """
    likeness = _likenesses.get((task_types,), lambda: Likeness(list(map(_words_of, task_types.values()))))
    files, planned = tuple(media_types), frozenset(planned)
    scores: dict[str, float] = {}
    for task_type, score in zip(task_types.values(), likeness.scores(words(text)), strict=True):
        fitting = any(takes(parameter, file) for parameter in task_type.inputs for file in files)
        scores[task_type.name] = score + _FITTING_FILE * fitting + _JUST_PLANNED * (task_type.name in planned)
    return sorted(task_types, key=lambda name: -scores[name])


_likenesses: Final[IdentityCache[Likeness]] = IdentityCache()


@functools.lru_cache(maxsize=1024)
def _words_of(task_type: TaskType) -> frozenset[str]:
    choices = (choice for parameter in task_type.inputs for choice in parameter.choices)
    own = [task_type.name.replace("-", " "), task_type.description, *task_type.cues, *choices]
    return words(" ".join([*own, *worded(task_type.name)]))


@functools.cache
def worded(task_type: str) -> tuple[str, ...]:
    """Returns how what a task type does is said, and asked for, in every language that there are words for."""
    return tuple(
        text
        for language in languages.load()
        for entry in examples(language).get(task_type, ())
        for text in (entry.does, _PLACEHOLDER.sub(" ", entry.request))
    )
