"""The planner's words (`lexicon.yaml`), read once, with the cues of the task types at hand: phrases to be looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, Generic, TypeVar

import yaml

from orchestrion.plans import ParameterKind, TaskType
from orchestrion_controller.planner.builtin.words import Token, phrase

T = TypeVar("T")
_LONGEST_GAP: Final = 12


@dataclass(frozen=True, slots=True)
class Mark(Generic[T]):
    """A phrase found among tokens."""

    value: T
    start: int
    """The index of its first token."""
    end: int
    """One past the index of its last token."""
    matched: tuple[int, ...]
    """The indices of the tokens that are part of it: all between, but for those that `…` stands for."""


class Phrases(Generic[T]):
    """Phrases of one sort and what they stand for. The longest phrase wins; equal ones keep all their values."""

    def __init__(self, items: Iterable[tuple[str, T]]) -> None:
        """Indexes phrases by their first word."""
        self._by_first: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        for text, value in items:
            words = phrase(text)
            # An open end would match nothing, or anything.
            if not words or "…" in {words[0], words[-1]}:
                continue
            self._by_first.setdefault(words[0], []).append((words, value))

    def words(self) -> Iterator[str]:
        """Lists all words of all phrases."""
        for entries in self._by_first.values():
            for words, _ in entries:
                yield from (word for word in words if word != "…")

    def find(self, tokens: Sequence[Token]) -> list[Mark[T]]:
        """Finds the phrases that do not overlap: those with more words first, then the shorter span, then the first."""
        found = [mark for start in range(len(tokens)) for mark in self.at(tokens, start)]
        found.sort(key=lambda mark: (-len(mark.matched), mark.end - mark.start, mark.start))
        kept: list[Mark[T]] = []
        taken: dict[int, Mark[T]] = {}
        for mark in found:
            others = {taken[index].matched for index in mark.matched if index in taken}
            # The same words may stand for several things.
            if not others or others == {mark.matched}:
                kept.append(mark)
                taken.update(dict.fromkeys(mark.matched, mark))
        return sorted(kept, key=lambda mark: mark.start)

    def at(self, tokens: Sequence[Token], start: int) -> list[Mark[T]]:
        """Finds the phrases that begin with one token."""
        marks = []
        for words, value in self._by_first.get(tokens[start].text, ()):
            matched = _match(words, tokens, start)
            if matched:
                marks.append(Mark(value, start, matched[-1] + 1, matched))
        return marks


@dataclass(frozen=True, slots=True)
class Noun:
    """A word for an attachment."""

    kind: ParameterKind | None
    """None for any."""
    is_many: bool


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All phrases that the planner knows; `lexicon.yaml` says what each sort is."""

    cues: Phrases[str]
    """Names of task types."""
    options: Phrases[tuple[str, str | float]]
    """Names of parameters, with values for them."""
    joiners: Phrases[None]
    fillers: Phrases[None]
    telling: Phrases[None]
    questions: Phrases[None]
    nouns: Phrases[Noun]
    quantities: Phrases[int]
    ordinals: Phrases[int]
    articles: Phrases[None]
    pronouns: Phrases[None]
    abilities: Phrases[None]
    number_parameters: frozenset[str]
    """The names of the inputs that are numbers."""
    function_words: frozenset[str]
    """Words that speak about a thing and are no content of their own."""
    vocabulary: frozenset[str]
    """Every word that is spelt right."""


@lru_cache(maxsize=16)
def lexicon_for(task_types: tuple[TaskType, ...]) -> Lexicon:
    """Builds the lexicon for a set of task types; kept, since servers plan with few sets."""
    data = _data()
    parts: dict[str, Phrases[Any]] = {
        "cues": Phrases((cue, task_type.name) for task_type in task_types for cue in task_type.cues),
        "options": Phrases(_options(data["options"], task_types)),
        "nouns": Phrases(_nouns(data["nouns"])),
        "quantities": Phrases((str(text), count) for count, texts in data["quantities"].items() for text in texts),
        "ordinals": Phrases((text, place) for place, texts in data["ordinals"].items() for text in texts),
    }
    for sort in ("joiners", "fillers", "telling", "questions", "articles", "pronouns", "abilities"):
        parts[sort] = Phrases((text, None) for text in data[sort])
    about = ("nouns", "quantities", "ordinals", "articles", "pronouns", "joiners", "fillers", "telling", "questions")
    inputs = (parameter for task_type in task_types for parameter in task_type.inputs)
    return Lexicon(
        **parts,
        number_parameters=frozenset(item.name for item in inputs if item.kind is ParameterKind.NUMBER),
        function_words=frozenset(_words(data["function"])).union(*(parts[sort].words() for sort in about)),
        vocabulary=frozenset(_words(data["known"])).union(*(phrases.words() for phrases in parts.values())),
    )


@cache
def _data() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("lexicon.yaml").read_text("utf-8")
    data: Mapping[str, Any] = yaml.load(text, _TextLoader)  # noqa: S506 - A safe loader.
    return data


def _words(texts: Iterable[str]) -> Iterator[str]:
    return (word for text in texts for word in phrase(text))


class _TextLoader(yaml.SafeLoader):
    """Reads no words as truth values: `y` and `no` are words of languages here."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _options(
    data: Mapping[str, Mapping[str | float, Sequence[str]]], task_types: Iterable[TaskType]
) -> Iterator[tuple[str, tuple[str, str | float]]]:
    """Lists the values of the lexicon and the choices that parameters declare, which are words for themselves."""
    for parameter, values in data.items():
        for value, texts in values.items():
            yield from ((text, (parameter, value)) for text in texts)
    for task_type in task_types:
        for parameter_type in task_type.inputs:
            yield from ((choice, (parameter_type.name, choice)) for choice in parameter_type.choices if phrase(choice))


def _nouns(data: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[tuple[str, Noun]]:
    for name, forms in data.items():
        kind = None if name == "any" else ParameterKind[name.upper()]
        yield from (
            (text, Noun(kind, is_many)) for is_many in (False, True) for text in forms["many" if is_many else "one"]
        )


def _match(words: tuple[str, ...], tokens: Sequence[Token], start: int) -> tuple[int, ...]:
    """Matches a phrase from one token on; empty when it does not fit. `…` takes the fewest tokens it can."""
    if not words:
        return ()
    gap = words[0] == "…"
    first, rest = (words[1], words[2:]) if gap else (words[0], words[1:])
    for position in range(start, min(start + _LONGEST_GAP if gap else start + 1, len(tokens))):
        if tokens[position].text == first:
            following = _match(rest, tokens, position + 1)
            if following or not rest:
                return (position, *following)
    return ()
