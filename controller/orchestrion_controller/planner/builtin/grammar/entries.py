"""How the planner's word lists (`lexicon.yaml`) become pairs of a phrase and what it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import yaml

from orchestrion.plans import ParameterKind, TaskType
from orchestrion_controller.planner.builtin.grammar.meanings import Amount, Choice, Dimension, Noun, Sense
from orchestrion_controller.planner.builtin.grammar.words import phrase


@cache
def data() -> Mapping[str, Any]:
    """Reads the word lists, once."""
    data: dict[str, Any] = {}
    for name in ("lexicon.yaml", "known_words.yaml"):
        text = resources.files(__package__).joinpath(name).read_text("utf-8")
        data |= yaml.load(text, _TextLoader)  # noqa: S506 - A safe loader.
    return data


def words(texts: Iterable[str]) -> Iterator[str]:
    """Cuts phrases into words, as `phrase` leaves them."""
    return (word for text in texts for word in phrase(text))


class _TextLoader(yaml.SafeLoader):
    """Reads no words as truth values: `y` and `no` are words of languages here."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def expanded(data: Mapping[str, Any]) -> dict[str, dict[str | float, list[str]]]:
    """Adds to the words for values those that are made of a form and a name: "number of #" and "guests"."""
    options = {
        name: {value: list(texts) for value, texts in values.items()} for name, values in data["options"].items()
    }
    for item in data["expansions"]:
        called = item.get("names") or [name for names in data["languages"]["names"].values() for name in names]
        texts = [form.replace("#", name) for form in item["forms"] for name in called]
        options[item["parameter"]][item["value"]] += texts
    return options


def senses(
    data: Mapping[str, Mapping[str | float, Sequence[str]]], task_types: Sequence[TaskType]
) -> Iterator[tuple[str, Sense]]:
    """Lists the cues, and the words for choices that some task type has."""
    for task_type in task_types:
        yield from ((cue, Sense(task_type.name)) for cue in task_type.cues)
        for parameter in task_type.inputs:
            for choice in parameter.choices:
                sense = Sense(task_type.name, (parameter.name, choice))
                yield from ((text, sense) for text in data.get(parameter.name, {}).get(choice, ()))


def options(
    data: Mapping[str, Mapping[str | float, Sequence[str]]], task_types: Iterable[TaskType]
) -> Iterator[tuple[str, Choice]]:
    """Lists the values of the lexicon and the choices that parameters declare, which are words for themselves."""
    for parameter, values in data.items():
        for value, texts in values.items():
            yield from ((text, (parameter, value)) for text in texts)
    for task_type in task_types:
        for parameter_type in task_type.inputs:
            yield from ((choice, (parameter_type.name, choice)) for choice in parameter_type.choices if phrase(choice))


def languages(parameter: str, forms: Sequence[str], names: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Choice]]:
    """Lists what a request for each language looks like."""
    for tag, called in names.items():
        yield from ((form.replace("#", name), (parameter, tag)) for form in forms for name in called)


def amounts(data: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[tuple[str, Amount]]:
    """Lists the phrases that give numbers, and how the numbers become values."""
    for parameter, groups in data.items():
        for group in groups:
            amount = Amount(parameter, group.get("factor", 1), group.get("offset", 0))
            yield from ((text, amount) for text in group["words"])


def dimensions(data: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Dimension]]:
    """Lists the words for what a factor can be of, by the parameters that it changes."""
    sorts = (("words", False, False), ("more", False, True), ("less", True, True), ("low", True, False))
    for group in data:
        for parameter, scale in group["parameters"].items():
            for sort, is_falling, is_more in sorts:
                dimension = Dimension(parameter, scale, is_falling, is_more)
                yield from ((text, dimension) for text in group.get(sort, ()))


def nouns(data: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[tuple[str, Noun]]:
    """Lists what people call things."""
    for name, forms in data.items():
        kind = None if name == "any" else ParameterKind[name.upper()]
        yield from (
            (text, Noun(kind, is_many)) for is_many in (False, True) for text in forms["many" if is_many else "one"]
        )
