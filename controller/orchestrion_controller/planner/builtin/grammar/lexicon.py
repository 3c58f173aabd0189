"""The planner's words (`lexicon.yaml`), read once, with the cues of the task types at hand: phrases to be looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from orchestrion.plans import ParameterKind, TaskType
from orchestrion_controller.planner.builtin.grammar import entries
from orchestrion_controller.planner.builtin.grammar.meanings import Amount, Choice, Dimension, Noun, Sense
from orchestrion_controller.planner.builtin.grammar.phrases import Phrases
from orchestrion_controller.planner.builtin.grammar.words import Vocabulary, phrase, stem

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
    *(
        "reasons",
        "reason_pronouns",
        "exclusions",
        "exempt",
        "clarifiers",
        "deeds",
        "places",
        "complaints",
        "imperatives",
    ),
    *("possessives", "separations", "past", "looks"),
)
# Sorts whose words speak about things and are no content of their own.
_FUNCTION_SORTS: Final = (
    *("joiners", "fillers", "telling", "questions", "articles", "pronouns", "harmless_acts", "repeats", "others"),
    *("nouns", "quantities", "ordinals", "according"),
)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All phrases that the planner knows; `lexicon.yaml` says what each sort is."""

    senses: Phrases[Sense]
    """The task types' cues, and the words for their choices."""
    options: Phrases[Choice]
    amounts: Phrases[Amount]
    factors: Phrases[Amount]
    """How many times as much of something; the parameter is `share` for a part of one ("50 %", "a third")."""
    dimensions: Phrases[Dimension]
    directions: Phrases[int]
    """Words for more (1) and for less (-1)."""
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
    signed_parameters: frozenset[str]
    """Those of them that can be below 0."""
    name_parameters: Mapping[str, frozenset[str]]
    """What inputs whose value may be any name are called, by the inputs' names: `voice`."""
    pairs: tuple[tuple[str, str], ...]
    """Inputs that are the lower and the upper end of something."""
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
    data = entries.data()
    numbers = {
        word: float(count) for count, texts in data["numbers"].items() for text in texts for word in phrase(text)
    }
    options = entries.expanded(data)
    parts: dict[str, Phrases[Any]] = {
        "senses": Phrases(entries.senses(options, task_types)),
        "options": Phrases([*entries.options(options, task_types), *entries.languages(**data["languages"])]),
        "amounts": Phrases(entries.amounts(data["amounts"]), numbers),
        "factors": Phrases(entries.amounts(data["factors"]), numbers),
        "dimensions": Phrases(entries.dimensions(data["dimensions"])),
        "directions": Phrases((text, sign) for sign, texts in data["directions"].items() for text in texts),
        "nouns": Phrases(entries.nouns(data["nouns"])),
        "quantities": Phrases((str(text), count) for count, texts in data["quantities"].items() for text in texts),
        "ordinals": Phrases((text, place) for place, texts in data["ordinals"].items() for text in texts),
        "outputs": Phrases((text, name) for name, texts in data["outputs"].items() for text in texts),
        "courtesies": Phrases((text, item["answer"]) for item in data["courtesies"] for text in item["words"]),
    }
    plain = {sort: Phrases((text, None) for text in data[sort]) for sort in _PLAIN_SORTS}
    plain["sayings"] = Phrases((f"{name} {verb}", None) for name in data["headings"]["text"] for verb in data["saying"])
    sorts = {**parts, **plain}
    inputs = [parameter for task_type in task_types for parameter in task_type.inputs]
    names = {parameter.name for parameter in inputs}
    roles = {name: role for role, names in data["roles"].items() for name in names}
    spelt_right = {*entries.words(data["function"]), *numbers}
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
        headings={
            f"{heading} {verb}".strip(): role
            for role, headings in data["headings"].items()
            for heading in headings
            for verb in ("", *(data["saying"] if role == "text" else ()))
        },
        implied={name: next(iter(choice.items())) for name, choice in data["implied"].items()},
        takers={name: frozenset(item.name for item in task_types if item.input(name)) for name in names},
        about=frozenset(data["about"]),
        replies=frozenset(data["replies"]),
        idle_options=frozenset(data["idle_options"]),
        number_parameters=frozenset(item.name for item in inputs if item.kind is ParameterKind.NUMBER),
        signed_parameters=frozenset(item.name for item in inputs if item.minimum is not None and item.minimum < 0),
        name_parameters={
            item.name: frozenset({item.name, *data["called"].get(item.name, ())})
            for item in inputs
            if item.kind is ParameterKind.TEXT and item.optional and not item.choices and item.name in data["called"]
        },
        pairs=tuple(
            (name, other)
            for name in sorted(names)
            for low, high in data["pairs"].items()
            if name.startswith(low) and (other := high + name.removeprefix(low)) in names
        ),
        function_words=frozenset({*entries.words(data["function"]), *numbers}).union(
            *(sorts[sort].single_words() for sort in _FUNCTION_SORTS)
        ),
        little_words=frozenset(entries.words(data["function"])),
        vocabulary=Vocabulary(
            spelt_right.union(*(phrases.words() for phrases in sorts.values())),
            entries.words(data["known"]),
            {stem(short): stem(str(meant)) for meant, texts in data["short"].items() for short in texts},
        ),
    )
