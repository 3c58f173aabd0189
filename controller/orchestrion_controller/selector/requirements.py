"""What a task requires of an expert: language, domain, sizes, licence and words. Computed once for all candidates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from orchestrion.plans import Task
from orchestrion.values import ArtifactRef, Value
from orchestrion_controller.dispatch import NO_CONTEXT, InputSize, SelectionContext
from orchestrion_controller.selector import languages

_LANGUAGE_INPUTS: Final = ("language", "spoken_language")
_SETTINGS: Final = frozenset({*_LANGUAGE_INPUTS, "source_language", "domain", "operation", "voice"})
"""Inputs that are options: their texts say nothing about the language."""
_MOST_WORDS_FROM: Final = 2_000
"""Characters of each text whose words count."""
_SHORTEST_WORD: Final = 3
_WORD: Final = re.compile(r"[^\W\d_]+")
_EMPTY_WORDS: Final = frozenset(
    {"text", "picture", "image", "photo", "sound", "file", "model", "language", "please", "want"}
    | {"need", "make", "give", "this", "that", "with", "from", "into", "what", "which"}
    | {"some", "other", "others", "than", "also", "well", "best", "these", "those", "such"}
    | {"only", "very", "each", "every", "about", "like", "just"}
)
"""Stop words: nearly every request or description has them."""
_ENDINGS: Final = ("ings", "ing", "ies", "ed", "es", "s", "y", "e")


@dataclass(frozen=True, slots=True)
class TaskRequirements:
    """The requirements of one task."""

    task: Task
    domain: str = ""
    """The domain that it names; empty for none."""
    language: str = ""
    """The language that it names, or that its texts are in, as a primary subtag; empty where neither is clear."""
    language_named: bool = False
    """Whether the task names the language."""
    text_language: str = ""
    """The language that its texts are in, as detected; empty where it is not clear."""
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
        named = languages.primary(named) if isinstance(named, str) else ""
        texts = [text for name, value in task.inputs.items() if name not in _SETTINGS for text in _texts(value)]
        text_language = languages.guess(max(texts, key=len)) if texts else ""
        sizes = {name: _size(value, context.files) for name, value in task.inputs.items() if name not in _SETTINGS}
        return cls(
            task=task,
            domain=domain.lower() if isinstance(domain, str) else "",
            language=named or text_language,
            language_named=bool(named),
            text_language=text_language,
            sizes={name: size for name, size in sizes.items() if size != InputSize()},
            words=frozenset().union(*(stems(text[:_MOST_WORDS_FROM]) for text in (context.request, *texts))),
            licenses=tuple(filter(None, (context.licenses,))),
        )


@lru_cache(maxsize=4096)
def stems(text: str) -> frozenset[str]:
    """Returns the words of a text that say what it is about, without endings."""
    words = (word.casefold() for word in _WORD.findall(text))
    kept = (word for word in words if len(word) >= _SHORTEST_WORD and word not in languages.common_words())
    return frozenset(_stem(word) for word in kept if word not in _EMPTY_WORDS and _stem(word) not in _EMPTY_WORDS)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_WORD:
            return word[: -len(ending)]
    return word


def _texts(value: Value) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)


def _size(value: Value, files: Mapping[str, InputSize]) -> InputSize:
    if isinstance(value, str):
        return InputSize(character_count=len(value))
    if isinstance(value, ArtifactRef):
        return files.get(value.name, InputSize())
    size = InputSize()
    for item in value if isinstance(value, tuple) else ():
        size = size.largest(_size(item, files))
    return size
