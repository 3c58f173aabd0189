"""The languages that there are folders for: built in, and of other packages by entry point."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from importlib.metadata import entry_points
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import yaml

try:
    from yaml import CBaseLoader as TextLoader
except ImportError:  # A PyYAML that was built without libyaml.
    from yaml import BaseLoader as TextLoader  # type: ignore[assignment]  # It reads the same.

_log = logging.getLogger(__name__)

ENTRY_POINTS: Final = "orchestrion.languages"
"""The group of entry points. The name is the language's tag, the value a package whose files are the folder."""

_GRAMMAR: Final = "grammar.yaml"
_OPTIONAL: Final = ("language_names.yaml", "messages.yaml", "answers.yaml", "examples.yaml")
_ENGLISH: Final = "en"
"""English stands in for what a folder lacks."""

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
        return self.read(_GRAMMAR)

    @cached_property
    def names(self) -> Data:
        """What languages are called: a tag, and its names."""
        return self.read("language_names.yaml")

    @cached_property
    def messages(self) -> Data:
        """Refusals, cures and doubts."""
        return self.read("messages.yaml")

    @cached_property
    def answers(self) -> Data:
        """Templates of answers."""
        return self.read("answers.yaml")


@cache
def load() -> Mapping[str, Language]:
    """Returns the languages by tag. One of another package that cannot be read is left out with a warning."""
    from orchestrion_controller.languages.checks import check  # It reads folders as the modules do that need this one.

    root = resources.files(__package__)
    folders = (folder for folder in root.iterdir() if folder.joinpath(_GRAMMAR).is_file())
    languages = {folder.name: Language(folder.name, folder) for folder in sorted(folders, key=lambda file: file.name)}
    for entry_point in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: (entry.name, entry.value)):
        try:
            if entry_point.name in languages:
                raise ValueError("there is a folder for it already")
            language = Language(entry_point.name, resources.files(entry_point.value))
            if not language.grammar:
                raise ValueError(f"the folder has no {_GRAMMAR}")
            check(language, languages[_ENGLISH])
        except Exception as error:  # Importing another package's code may raise anything.
            _log.warning("language %r of %s is left out: %r", entry_point.name, entry_point.value, error)
        else:
            languages[language.tag] = language
            if lacking := [name for name in _OPTIONAL if not language.folder.joinpath(name).is_file()]:
                _log.info("language %r of %s lacks %s", entry_point.name, entry_point.value, ", ".join(lacking))
    return MappingProxyType(languages)


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
