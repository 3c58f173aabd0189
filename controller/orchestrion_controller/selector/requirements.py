"""What a task requires of an expert: language, domain, sizes, licence and words. Computed once for all candidates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Final

from orchestrion.plans import Task
from orchestrion.values import ArtifactRef, Value
from orchestrion_controller import languages
from orchestrion_controller.dispatch import NO_CONTEXT, InputSize, SelectionContext

_LANGUAGE_INPUTS: Final = ("language", "spoken_language")
_SETTINGS: Final = frozenset({*_LANGUAGE_INPUTS, "source_language", "domain", "operation", "voice"})
"""Inputs that are options: their texts say nothing about the language."""
_MOST_WORDS_FROM: Final = 2_000
"""Characters of each text whose words count."""
_SHORTEST_WORD: Final = 3
_WORD: Final = re.compile(r"[^\W\d_]+")
_CLEAR: Final = 0.5
"""How likely a language must be to count for the rank."""
_MOST_ITEMS: Final = 50
_MOST_CHARACTERS: Final = 1_000
"""From how many texts of a list, and how much of each, its language is told."""
_NO_FILES: Final[Mapping[str, str]] = MappingProxyType({})
_ENDINGS: Final = ("ings", "ing", "ies", "ed", "es", "s", "y", "e")


@dataclass(frozen=True)
class TaskRequirements:
    """The requirements of one task, each computed when an expert is first measured by it.

    Most experts lack the fact that a requirement is compared with, and to tell the language of a text takes longer than
    everything else in the choice of an expert.
    """

    task: Task
    context: SelectionContext = NO_CONTEXT
    """What the choice depends on besides the task."""
    operator_licenses: tuple[str, ...] = ()
    """The licences that the operator allows; none allows all."""

    @cached_property
    def domain(self) -> str:
        """The domain that it names; empty for none."""
        domain = self.task.inputs.get("domain")
        return domain.lower() if isinstance(domain, str) else ""

    @property
    def language(self) -> str:
        """The language that it names, or that its texts are in, as `languages.canonical` has it; empty if unclear."""
        return self._named_language or self.text_language

    @property
    def language_named(self) -> bool:
        """Whether the task names the language."""
        return bool(self._named_language)

    @cached_property
    def text_language(self) -> str:
        """The language that its texts are in, as detected; empty where it is not clear."""
        longest = self._detected[0] if self._detected else None
        return longest.tag if longest is not None and longest.probability >= _CLEAR else ""

    @cached_property
    def text_languages(self) -> tuple[languages.Detected, ...]:
        """What was detected of each input with texts, the longest first; tags are as `languages.canonical` has them."""
        return tuple(item for item in self._detected if item.possible)

    @cached_property
    def sizes(self) -> Mapping[str, InputSize]:
        """How large its inputs are, by input, as far as they exist already."""
        files = self.context.files
        sizes = {name: _size(value, files) for name, value in self.task.inputs.items() if name not in _SETTINGS}
        return {name: size for name, size in sizes.items() if size != InputSize()}

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the request and of the texts, as `stems` leaves them."""
        texts = (text for name, value in self.task.inputs.items() if name not in _SETTINGS for text in _texts(value))
        return frozenset().union(*(stems(text[:_MOST_WORDS_FROM]) for text in (self.context.request, *texts)))

    @property
    def licenses(self) -> tuple[tuple[str, ...], ...]:
        """The licences that the expert may have, as `licenses.allowed` takes them; each list has to allow it."""
        return tuple(filter(None, (self.operator_licenses, self.context.licenses)))

    @cached_property
    def _named_language(self) -> str:
        named = next((self.task.inputs[name] for name in _LANGUAGE_INPUTS if name in self.task.inputs), None)
        return languages.canonical(named) if isinstance(named, str) else ""

    @cached_property
    def _detected(self) -> tuple[languages.Detected, ...]:
        """What was detected of the texts of each input, the longest first."""
        return tuple(_canonical(text) for text in sorted(read_texts(self.task, self.context), key=len, reverse=True))


def read_texts(task: Task, context: SelectionContext = NO_CONTEXT) -> list[str]:
    """Returns what the language of a task can be told from: the texts of each input, files as far as they were read."""
    joined = (
        " ".join(text[:_MOST_CHARACTERS] for text in islice(_texts(value, context.texts), _MOST_ITEMS)).strip()
        for name, value in task.inputs.items()
        if name not in _SETTINGS
    )
    return [text for text in joined if text]


def names_language(task: Task) -> bool:
    """Whether a task names the language that it is to be done in."""
    return any(name in task.inputs for name in (*_LANGUAGE_INPUTS, "source_language"))


@lru_cache(maxsize=1024)
def _canonical(text: str) -> languages.Detected:
    detected = languages.detect_any(text)
    possible = frozenset(map(languages.canonical, detected.possible))
    return languages.Detected(languages.canonical(detected.tag), detected.probability, possible)


@lru_cache(maxsize=4096)
def stems(text: str) -> frozenset[str]:
    """Returns the words of a text that say what it is about, without endings."""
    words = (word.casefold() for word in _WORD.findall(text))
    empty = _stop_words()
    kept = (word for word in words if len(word) >= _SHORTEST_WORD and word not in empty)
    return frozenset(_stem(word) for word in kept if _stem(word) not in empty)


@cache
def _stop_words() -> frozenset[str]:
    return frozenset().union(*(language.stop_words for language in languages.load().values()))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_WORD:
            return word[: -len(ending)]
    return word


def _texts(value: Value, files: Mapping[str, str] = _NO_FILES) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, ArtifactRef):
        yield files.get(value.name, "")
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item, files)


def _size(value: Value, files: Mapping[str, InputSize]) -> InputSize:
    if isinstance(value, str):
        return InputSize(character_count=len(value))
    if isinstance(value, ArtifactRef):
        return files.get(value.name, InputSize())
    size = InputSize()
    for item in value if isinstance(value, tuple) else ():
        size = size.largest(_size(item, files))
    return size
