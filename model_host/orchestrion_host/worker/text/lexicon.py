"""Reads the words and patterns of this package, which lie beside it as YAML."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml

from orchestrion.values import JsonObject


@cache
def english(name: str) -> frozenset[str]:
    """Returns a list of words of `english.yaml`.

    Raises:
        KeyError: It has no such list.
    """
    return frozenset(_read("english.yaml")[name].split())


def answer_types() -> JsonObject:
    """Returns what `answer_types.yaml` says."""
    return _read("answer_types.yaml")


@cache
def _read(file_name: str) -> JsonObject:
    text = resources.files(__package__ or "").joinpath(file_name).read_text("utf-8")
    data: JsonObject = yaml.safe_load(text)
    return data
