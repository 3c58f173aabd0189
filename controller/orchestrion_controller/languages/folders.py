"""The languages that there are folders for: built in, and of other packages by entry point."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Final

from orchestrion_controller.languages.checks import check
from orchestrion_controller.languages.language import GRAMMAR, Language

_log = logging.getLogger(__name__)

ENTRY_POINTS: Final = "orchestrion.languages"
"""The group of entry points. The name is the language's tag, the value a package whose files are the folder."""

_OPTIONAL: Final = ("language_names.yaml", "messages.yaml", "answers.yaml", "examples.yaml")
_ENGLISH: Final = "en"
"""English stands in for what a folder lacks."""


@cache
def load() -> Mapping[str, Language]:
    """Returns the languages by tag. One of another package that cannot be read is left out with a warning."""
    root = resources.files(__package__)
    folders = (folder for folder in root.iterdir() if folder.joinpath(GRAMMAR).is_file())
    languages = {folder.name: Language(folder.name, folder) for folder in sorted(folders, key=lambda file: file.name)}
    for entry_point in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: (entry.name, entry.value)):
        try:
            if entry_point.name in languages:
                raise ValueError("there is a folder for it already")
            language = Language(entry_point.name, resources.files(entry_point.value))
            if not language.grammar:
                raise ValueError(f"the folder has no {GRAMMAR}")
            check(language, languages[_ENGLISH])
        except Exception as error:  # Importing another package's code may raise anything.
            _log.warning("language %r of %s is left out: %r", entry_point.name, entry_point.value, error)
        else:
            languages[language.tag] = language
            if lacking := [name for name in _OPTIONAL if not language.folder.joinpath(name).is_file()]:
                _log.info("language %r of %s lacks %s", entry_point.name, entry_point.value, ", ".join(lacking))
    return MappingProxyType(languages)
