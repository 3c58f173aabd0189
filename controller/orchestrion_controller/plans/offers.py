"""What a library of task types offers to be asked for: each task type by each of its choices, and their options."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion.plans import Parameter, ParameterKind, TaskType

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONGEST: Final = 300
"""Characters of a description that are read."""


@dataclass(frozen=True, slots=True)
class Ability:
    """A task type with its choices made, such as `image-to-image` with `operation` `blur`."""

    task_type: TaskType
    choices: tuple[tuple[str, str], ...] = ()
    """The inputs that have choices, and the choice; an optional one that is left out is not here."""

    def is_among(self, offered: Mapping[str, TaskType]) -> bool:
        """Whether it is on offer: its task type, with its choices, and without others that have to be made there."""
        task_type = offered.get(self.task_type.name)
        if task_type is None:
            return False
        inputs = {item.name: item for item in task_type.inputs if item.choices}
        own = dict(self.choices)
        is_chosen = all(name in inputs and choice in inputs[name].choices for name, choice in own.items())
        return is_chosen and all(item.optional or name in own for name, item in inputs.items())

    @property
    def name_words(self) -> str:
        """What it is called, in words."""
        return " ".join([words_of(self.task_type.name), *(words_of(choice) for _, choice in self.choices)])

    @property
    def description(self) -> str:
        """What it does, in words."""
        return description_of(self.task_type)

    @property
    def digest(self) -> int:
        """What tells it from any other, what it does included, as a 64-bit number."""
        return _digest(self.name_words, self.identity)

    @property
    def identity(self) -> str:
        """What it does with what it needs: the same whatever optional inputs and outputs its task type gets."""
        needed = (item for item in self.task_type.inputs if not item.optional)
        made = (item for item in self.task_type.outputs if not item.optional)
        return f"{_purpose(self.task_type)}. takes {_kinds(tuple(needed))}, gives {_kinds(tuple(made))}"


@dataclass(frozen=True, slots=True)
class Option:
    """An input of a task type that words can give."""

    task_type: TaskType
    parameter: Parameter

    @property
    def text(self) -> tuple[str, str]:
        """What it is called and what it does, in words: the same for inputs that are alike."""
        return words_of(self.parameter.name), self.parameter.description

    @property
    def digest(self) -> int:
        """What tells it from any other, as a 64-bit number."""
        return _digest(self.task_type.name, *self.text)


@dataclass(frozen=True, slots=True)
class Offer:
    """Everything that words can ask for."""

    abilities: tuple[Ability, ...]
    options: tuple[Option, ...]
    option_texts: tuple[tuple[str, str], ...]
    """The texts of the options, each once."""
    text_of: tuple[int, ...]
    """For each option the index of its text."""
    ability_of: tuple[int, ...]
    """For each option the index of the first ability of its task type."""
    type_of: tuple[int, ...]
    """For each ability, then for each option, the index of the first ability of its task type."""

    @property
    def ability_digests(self) -> list[int]:
        """Those of the abilities."""
        return [item.digest for item in self.abilities]

    @property
    def option_digests(self) -> list[int]:
        """Those of the options."""
        return [item.digest for item in self.options]

    def first_of(self, task_type: TaskType) -> int:
        """The index of the first ability of a task type."""
        return next(number for number, ability in enumerate(self.abilities) if ability.task_type == task_type)


def offer(task_types: Sequence[TaskType], is_read: Callable[[Option], bool] = lambda _: True) -> Offer:
    """Lists what a library offers.

    Args:
        task_types: The library.
        is_read: Which of the options words can give.
    """
    abilities = tuple(ability for item in task_types for ability in abilities_of(item))
    every = (Option(item, parameter) for item in task_types for parameter in item.inputs if is_worded(parameter))
    options = tuple(filter(is_read, every))
    texts = tuple(dict.fromkeys(option.text for option in options))
    types = [ability.task_type for ability in abilities]
    ability_of = tuple(types.index(option.task_type) for option in options)
    return Offer(
        abilities,
        options,
        texts,
        tuple(texts.index(option.text) for option in options),
        ability_of,
        (*(types.index(item) for item in types), *ability_of),
    )


def _digest(*texts: str) -> int:
    return int.from_bytes(hashlib.sha256("\n".join(texts).encode()).digest()[:8], "big")


def abilities_of(task_type: TaskType) -> list[Ability]:
    """Lists a task type by each of its choices."""
    return [Ability(task_type, choices) for choices in _choices(task_type)]


def size_of(task_types: Iterable[TaskType]) -> int:
    """Counts what a library offers, abilities and options, without listing it: choices multiply with each other."""
    return sum(
        math.prod(len(item.choices) + item.optional for item in task_type.inputs if item.choices)
        + len(task_type.inputs)
        for task_type in task_types
    )


def is_worded(parameter: Parameter) -> bool:
    """Whether words of their own can give an input: no medium, and no choice, which is part of what is asked for."""
    return not parameter.kind.is_media and not parameter.choices


def takes_several(parameter: Parameter) -> bool:
    """Whether words name several values of an input: a list, or languages, each of which is a task."""
    return parameter.repeated or parameter.name == "language"


def _choices(task_type: TaskType) -> list[tuple[tuple[str, str], ...]]:
    alternatives = [
        [*((parameter.name, choice) for choice in parameter.choices), *([None] if parameter.optional else [])]
        for parameter in task_type.inputs
        if parameter.choices
    ]
    return [tuple(pair for pair in row if pair) for row in itertools.product(*alternatives)]


def words_of(name: str) -> str:
    """Spells a name out: `image-to-text`, `imageToText` and `Image_to_Text` are `image to text`."""
    return " ".join(re.split(r"[\W_]+", _CAMEL.sub(" ", name))).strip().lower()


def description_of(task_type: TaskType) -> str:
    """Describes a task type: what it does, its inputs and its outputs."""
    return f"{_purpose(task_type)}. takes {_kinds(task_type.inputs)}, gives {_kinds(task_type.outputs)}"


def _purpose(task_type: TaskType) -> str:
    return " ".join(task_type.description.split())[:_LONGEST].rstrip(".")


def _kinds(parameters: Sequence[Parameter]) -> str:
    kinds = dict.fromkeys(
        "text" if parameter.kind is ParameterKind.JSON else parameter.kind.name.lower() for parameter in parameters
    )
    return " and ".join(kinds) or "nothing"
