"""Tags of languages (BCP 47) where a language model writes a language's name."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from importlib import resources
from typing import Final

import yaml

from orchestrion_controller import languages
from orchestrion_controller.languages.folders import load
from orchestrion_controller.languages.name_phrases import names
from orchestrion_controller.languages.phrases import fold

_TAG: Final = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


def tag_of(text: str) -> str:
    """Returns the tag that a text is or names; the text as it is where it names no language, or several.

    A name is one in any of the languages that there are folders for, or in the language itself: `German`, `Deutsch`,
    `allemand`.
    """
    stripped = text.strip()
    if _TAG.fullmatch(stripped):
        return stripped.replace("_", "-")
    tags = _tags().get(fold(stripped), frozenset())
    return next(iter(tags)) if len(tags) == 1 else text


def prepare() -> None:
    """Reads the names of languages, some hundredths of a second of work that the first use does otherwise."""
    _tags()


@cache
def _tags() -> dict[str, frozenset[str]]:
    tags: defaultdict[str, set[str]] = defaultdict(set)
    for language in load().values():
        for phrase, named in names(language):
            if named.tag:
                tags[fold(phrase)].add(named.tag)
    own = resources.files(languages).joinpath("own_names.yaml").read_text("utf-8")
    for tag, name in yaml.safe_load(own).items():
        tags[fold(name)].add(tag)
    return {phrase: frozenset(named) for phrase, named in tags.items()}
