"""What a task requires of an expert: language, domain, sizes, licence and words. Computed once for all candidates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
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


@dataclass(frozen=True, slots=True)
class TaskRequirements:
    """The requirements of one task."""

    task: Task
    domain: str = ""
    """The domain that it names; empty for none."""
    language: str = ""
    """The language that it names, or that its texts are in, as `languages.canonical` has it; empty where neither is
    clear."""
    language_named: bool = False
    """Whether the task names the language."""
    text_language: str = ""
    """The language that its texts are in, as detected; empty where it is not clear."""
    text_languages: tuple[languages.Detected, ...] = ()
    """What was detected of each input with texts, the longest first; tags are as `languages.canonical` has them."""
    sizes: Mapping[str, InputSize] = field(default_factory=dict)
    """How large its inputs are, by input, as far as they exist already."""
    words: frozenset[str] = frozenset()
    """The words of the request and of the texts, as `stems` leaves them."""
    licenses: tuple[tuple[str, ...], ...] = ()
    """The licences that the expert may have, as `licenses.allowed` takes them; each list has to allow it."""

    @classmethod
    def of(cls, task: Task, context: SelectionContext = NO_CONTEXT) -> TaskRequirements:
        """Computes the requirements of a task."""
        domain = task.inputs.get("domain")
        named = next((task.inputs[name] for name in _LANGUAGE_INPUTS if name in task.inputs), None)
        named = languages.canonical(named) if isinstance(named, str) else ""
        texts = [text for name, value in task.inputs.items() if name not in _SETTINGS for text in _texts(value)]
        detected = [_canonical(text) for text in sorted(read_texts(task, context), key=len, reverse=True)]
        text_language = detected[0].tag if detected and detected[0].probability >= _CLEAR else ""
        sizes = {name: _size(value, context.files) for name, value in task.inputs.items() if name not in _SETTINGS}
        return cls(
            task=task,
            domain=domain.lower() if isinstance(domain, str) else "",
            language=named or text_language,
            language_named=bool(named),
            text_language=text_language,
            text_languages=tuple(item for item in detected if item.possible),
            sizes={name: size for name, size in sizes.items() if size != InputSize()},
            words=frozenset().union(*(stems(text[:_MOST_WORDS_FROM]) for text in (context.request, *texts))),
            licenses=tuple(filter(None, (context.licenses,))),
        )


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
