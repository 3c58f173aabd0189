"""The planner's words (`lexicon.yaml`), read once, with the cues of the task types at hand: phrases to be looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, TypeAlias

import yaml

from orchestrion.plans import ParameterKind, TaskType
from orchestrion_controller.planner.builtin.phrases import Phrases
from orchestrion_controller.planner.builtin.words import Vocabulary, phrase

Choice: TypeAlias = tuple[str, str | float]
"""A parameter's name and a value for it."""

_PLAIN_SORTS: Final = (
    *(
        "joiners",
        "fillers",
        "telling",
        "questions",
        "polar_questions",
        "articles",
        "pronouns",
        "demonstratives",
        "plural_pronouns",
        "sequels",
        "acts",
        "harmless_acts",
        "repairs",
    ),
    *("abilities", "facts", "versions", "results", "repeats", "others", "alternatives", "lead_ins", "according"),
)
# Sorts whose words speak about things and are no content of their own.
_FUNCTION_SORTS: Final = (
    *("joiners", "fillers", "telling", "questions", "articles", "pronouns", "harmless_acts", "repeats", "others"),
    *("nouns", "quantities", "ordinals", "according"),
)


@dataclass(frozen=True, slots=True)
class Noun:
    """A word for an attachment."""

    kind: ParameterKind | None
    """None for any."""
    is_many: bool


@dataclass(frozen=True, slots=True)
class Sense:
    """What words ask for: a task type, and which of its ways where the words tell."""

    task_type: str
    mode: Choice | None = None
    """A parameter with choices, and the choice."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number given for a parameter: the parameter's value is `offset` plus `factor` times the number."""

    parameter: str
    factor: float = 1
    offset: float = 0


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All phrases that the planner knows; `lexicon.yaml` says what each sort is."""

    senses: Phrases[Sense]
    """The task types' cues, and the words for their choices."""
    options: Phrases[Choice]
    amounts: Phrases[Amount]
    nouns: Phrases[Noun]
    quantities: Phrases[int]
    ordinals: Phrases[int]
    outputs: Phrases[str]
    """Names of outputs."""
    courtesies: Phrases[str]
    """What to answer."""
    plain: Mapping[str, Phrases[None]]
    """The sorts that stand for nothing but themselves."""
    roles: Mapping[str, str]
    """What inputs are for, by name, whose values are words of the request: `question` or `labels`."""
    by_role: Mapping[str, frozenset[str]]
    """The names of the task types that cannot do without an input of a role."""
    headings: Mapping[str, str]
    """The roles of the parts of a request that have a heading, by the heading in lower case."""
    implied: Mapping[str, Choice]
    """The choice that goes without saying where a parameter is given, by the parameter's name."""
    takers: Mapping[str, frozenset[str]]
    """The names of the task types that have an input, by the input's name."""
    about: frozenset[str]
    """Names of outputs that say something about a thing, rather than being a new one."""
    replies: frozenset[str]
    """Names of outputs that say something about a thing and are what `it` stands for thereafter all the same."""
    idle_options: frozenset[str]
    """Parameters that may be left out when no step has them."""
    number_parameters: frozenset[str]
    """The names of the inputs that are numbers."""
    function_words: frozenset[str]
    """Words that speak about a thing and are no content of their own."""
    little_words: frozenset[str]
    """Those of them that are nouns of nothing either."""
    vocabulary: Vocabulary
    """Every word that is spelt right."""

    def __getitem__(self, sort: str) -> Phrases[None]:
        """Returns a sort of phrases that stand for nothing but themselves."""
        return self.plain[sort]

    def role(self, parameter: str) -> str:
        """Tells what an input is for; empty when its values are no words of the request."""
        return self.roles.get(parameter, "")


@lru_cache(maxsize=16)
def lexicon_for(task_types: tuple[TaskType, ...]) -> Lexicon:
    """Builds the lexicon for a set of task types; kept, since servers plan with few sets."""
    data = _data()
    numbers = {
        word: float(count) for count, texts in data["numbers"].items() for text in texts for word in phrase(text)
    }
    parts: dict[str, Phrases[Any]] = {
        "senses": Phrases(_senses(data["options"], task_types)),
        "options": Phrases([*_options(data["options"], task_types), *_languages(**data["languages"])]),
        "amounts": Phrases(_amounts(data["amounts"]), numbers),
        "nouns": Phrases(_nouns(data["nouns"])),
        "quantities": Phrases((str(text), count) for count, texts in data["quantities"].items() for text in texts),
        "ordinals": Phrases((text, place) for place, texts in data["ordinals"].items() for text in texts),
        "outputs": Phrases((text, name) for name, texts in data["outputs"].items() for text in texts),
        "courtesies": Phrases((text, item["answer"]) for item in data["courtesies"] for text in item["words"]),
    }
    plain = {sort: Phrases((text, None) for text in data[sort]) for sort in _PLAIN_SORTS}
    sorts = {**parts, **plain}
    inputs = (parameter for task_type in task_types for parameter in task_type.inputs)
    roles = {name: role for role, names in data["roles"].items() for name in names}
    spelt_right = {*_words(data["function"]), *numbers}
    return Lexicon(
        **parts,
        plain=plain,
        roles=roles,
        by_role={
            role: frozenset(
                item.name
                for item in task_types
                if any(roles.get(it.name) == role and not it.optional for it in item.inputs)
            )
            for role in data["roles"]
        },
        headings={heading: role for role, headings in data["headings"].items() for heading in headings},
        implied={name: next(iter(choice.items())) for name, choice in data["implied"].items()},
        takers={
            name: frozenset(item.name for item in task_types if item.input(name))
            for name in {parameter.name for item in task_types for parameter in item.inputs}
        },
        about=frozenset(data["about"]),
        replies=frozenset(data["replies"]),
        idle_options=frozenset(data["idle_options"]),
        number_parameters=frozenset(item.name for item in inputs if item.kind is ParameterKind.NUMBER),
        function_words=frozenset({*_words(data["function"]), *numbers}).union(
            *(sorts[sort].single_words() for sort in _FUNCTION_SORTS)
        ),
        little_words=frozenset(_words(data["function"])),
        vocabulary=Vocabulary(
            spelt_right.union(*(phrases.words() for phrases in sorts.values())), _words(data["known"])
        ),
    )


@cache
def _data() -> Mapping[str, Any]:
    data: dict[str, Any] = {}
    for name in ("lexicon.yaml", "known_words.yaml"):
        text = resources.files(__package__).joinpath(name).read_text("utf-8")
        data |= yaml.load(text, _TextLoader)  # noqa: S506 - A safe loader.
    return data


def _words(texts: Iterable[str]) -> Iterator[str]:
    return (word for text in texts for word in phrase(text))


class _TextLoader(yaml.SafeLoader):
    """Reads no words as truth values: `y` and `no` are words of languages here."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _senses(
    data: Mapping[str, Mapping[str | float, Sequence[str]]], task_types: Sequence[TaskType]
) -> Iterator[tuple[str, Sense]]:
    """Lists the cues, and the words for choices that some task type has."""
    for task_type in task_types:
        yield from ((cue, Sense(task_type.name)) for cue in task_type.cues)
        for parameter in task_type.inputs:
            for choice in parameter.choices:
                sense = Sense(task_type.name, (parameter.name, choice))
                yield from ((text, sense) for text in data.get(parameter.name, {}).get(choice, ()))


def _options(
    data: Mapping[str, Mapping[str | float, Sequence[str]]], task_types: Iterable[TaskType]
) -> Iterator[tuple[str, Choice]]:
    """Lists the values of the lexicon and the choices that parameters declare, which are words for themselves."""
    for parameter, values in data.items():
        for value, texts in values.items():
            yield from ((text, (parameter, value)) for text in texts)
    for task_type in task_types:
        for parameter_type in task_type.inputs:
            yield from ((choice, (parameter_type.name, choice)) for choice in parameter_type.choices if phrase(choice))


def _languages(
    parameter: str, forms: Sequence[str], names: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Choice]]:
    for tag, called in names.items():
        yield from ((form.replace("#", name), (parameter, tag)) for form in forms for name in called)


def _amounts(data: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[tuple[str, Amount]]:
    for parameter, groups in data.items():
        for group in groups:
            amount = Amount(parameter, group.get("factor", 1), group.get("offset", 0))
            yield from ((text, amount) for text in group["words"])


def _nouns(data: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[tuple[str, Noun]]:
    for name, forms in data.items():
        kind = None if name == "any" else ParameterKind[name.upper()]
        yield from (
            (text, Noun(kind, is_many)) for is_many in (False, True) for text in forms["many" if is_many else "one"]
        )
