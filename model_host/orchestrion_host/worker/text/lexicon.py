"""Reads the words and patterns of this package, which lie beside it as YAML."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def english(name: str) -> frozenset[str]:
    """Returns a list of words of `english.yaml`.

    Raises:
        KeyError: It has no such list.
    """
    return frozenset(_read("english.yaml")[name].split())


def answer_types() -> Mapping[str, Any]:
    """Returns what `answer_types.yaml` says."""
    return _read("answer_types.yaml")


@cache
def _read(file_name: str) -> Mapping[str, Any]:
    text = resources.files(__package__ or "").joinpath(file_name).read_text("utf-8")
    data: Mapping[str, Any] = yaml.safe_load(text)
    return data
