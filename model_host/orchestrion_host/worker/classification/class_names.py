"""The names of a classifier's classes: its own, the catalogue's, and the words that a domain uses for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from orchestrion.values import JsonObject
from orchestrion_host import ipc
from orchestrion_host.worker.library_types import Config
from orchestrion_host.worker.runtimes import Outputs
from orchestrion_host.worker.text import language_tags, languages

_SENTIMENTS: Final = {"pos": "positive", "neg": "negative", "neu": "neutral", "mixed": "neutral"}


def of(config: Config, spec: ipc.Load) -> dict[int, str]:
    """Returns the name of each class by its place: of the option `class_names`, else of the configuration.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: the option does not name each class once.
    """
    names = {int(place): str(name) for place, name in config.id2label.items()}
    names_option = spec.options.get("class_names")
    if names_option is None:
        return names
    if not isinstance(names_option, list | tuple) or len(names_option) != len(names):
        raise spec.refused(f"options.class_names: expected {len(names)} names; found {names_option!r}.")
    return {place: str(name) for place, name in enumerate(names_option)}


def as_sentiments(outputs: Outputs) -> Outputs:
    """Writes the names of sentiments as the task type does, such as `positive` for `POS`; keeps other names."""
    return _renamed(outputs, lambda name: _SENTIMENTS.get(name.lower(), _lower(name)))


def as_languages(outputs: Outputs) -> Outputs:
    """Gives languages their English names, and adds the tag of the best, for models whose classes are codes."""
    tag = _tag(str(outputs["label"]))
    return {**_renamed(outputs, _language), **({"tag": tag} if tag else {})}


def _tag(name: str) -> str:
    """Returns the tag of a language by its code or English name; empty where it is neither."""
    tag = language_tags.parse(name)
    if tag is not None and tag.language in languages.NAMES:
        return str(tag)
    return next(
        (code for code, english_name in languages.NAMES.items() if english_name.casefold() == name.casefold()), ""
    )


def _language(name: str) -> str:
    tag = language_tags.parse(name)
    return languages.name(tag.language) if tag is not None and tag.language in languages.NAMES else name


def _lower(name: str) -> str:
    return name.lower() if name.lower() in _SENTIMENTS.values() else name


def _renamed(outputs: Outputs, rename: Callable[[str], str]) -> Outputs:
    scores: list[JsonObject] = outputs["scores"]["json"]
    renamed = [{**item, "label": rename(str(item["label"]))} for item in scores]
    return {**outputs, "label": rename(str(outputs["label"])), "scores": {"json": renamed}}
