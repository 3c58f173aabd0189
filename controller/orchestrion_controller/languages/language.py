"""A language as data: the files of its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final, TypeAlias

import yaml

try:
    from yaml import CBaseLoader as TextLoader
except ImportError:  # A PyYAML that was built without libyaml.
    from yaml import BaseLoader as TextLoader  # type: ignore[assignment]  # It reads the same.

GRAMMAR: Final = "grammar.yaml"
"""The file that every folder has."""

Data: TypeAlias = Mapping[str, Any]  # Who reads a file knows its form.


@dataclass(frozen=True)
class Language:
    """A language as data. Its files are read when they are first wanted."""

    tag: str
    """BCP 47, such as `de`."""
    folder: Traversable
    """Where its files are."""

    def read(self, name: str) -> Data:
        """Reads a file of the folder; empty where the folder lacks it.

        Raises:
            ValueError: It is no mapping in YAML; the message names the file.
        """
        file = self.folder.joinpath(name)
        return _read(file, f"{self.tag}/{name}") if file.is_file() else {}

    @cached_property
    def grammar(self) -> Data:
        """Numbers, units, ordinals and how amounts are put together."""
        return self.read(GRAMMAR)

    @cached_property
    def names(self) -> Data:
        """What languages are called: a tag, and its names."""
        return self.read("language_names.yaml")

    @cached_property
    def messages(self) -> Data:
        """Refusals, cures and doubts."""
        return self.read("messages.yaml")

    @cached_property
    def stop_words(self) -> frozenset[str]:
        """Words that say nothing about what a text is about."""
        return frozenset(word.strip() for word in self.read("stop_words.yaml").get("words", "").split(",")) - {""}

    @cached_property
    def answers(self) -> Data:
        """Templates of answers."""
        return self.read("answers.yaml")


@cache
def symbols() -> Data:
    """Returns what is written alike in every language: symbols of units, scripts, the shapes of amounts."""
    return _read(resources.files(__package__).joinpath("symbols.yaml"), "symbols.yaml")


def _read(file: Traversable, place: str) -> Data:
    try:
        # Everything is a text: nobody should have to know that plain YAML takes `no`, `on` and `null` for other things.
        data = yaml.load(file.read_text("utf-8"), TextLoader)  # noqa: S506 - It makes texts, lists and mappings alone.
    except yaml.YAMLError as error:
        raise ValueError(f"{place}: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{place}: this is no mapping")
    return data
