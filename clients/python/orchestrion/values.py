"""Values: what goes into a task and comes out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

JsonData: TypeAlias = Any  # Its shape is known to who made it, and looked at by who reads it.
"""Dicts with text keys, lists, texts, numbers, truth values and None, in each other."""

JsonObject: TypeAlias = Mapping[str, JsonData]
"""An object of JSON, or of YAML."""


@dataclass(frozen=True, slots=True)
class ArtifactRef:
    """Names an artifact, or in a plan an attachment (`attachments/{n}`)."""

    name: str
    """The resource name, `artifacts/{sha256}`, or `attachments/{n}`: the n-th attachment of the request, from 1."""


@dataclass(frozen=True, slots=True)
class Json:
    """Holds structured data."""

    data: JsonData
    """Dicts with text keys, lists, texts, numbers, truth values and None, in each other."""


@dataclass(frozen=True, slots=True)
class OutputRef:
    """Refers to a named output of another task; `index` takes one item of a list."""

    task_id: str
    """The id of the task that produces the output."""
    output: str
    """The name of the output as the task's type declares it."""
    index: int | None = None
    """The item to take where the output is a list, counted from 0. None takes the whole output."""


Value: TypeAlias = "str | float | bool | Json | ArtifactRef | OutputRef | tuple[Value, ...]"
"""Text, number, truth value, structured data, artifact, reference, or a list of values (a tuple)."""


def references(value: Value) -> Iterator[OutputRef]:
    """Yields every reference in a value, at any depth."""
    if isinstance(value, OutputRef):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            if isinstance(item, OutputRef | tuple):  # No generator for each of many texts.
                yield from references(item)


def renamed(value: Value, names: Mapping[str, str]) -> Value:
    """Returns a value with other names of its artifacts, at any depth; those that have no other stay."""
    if isinstance(value, ArtifactRef):
        return ArtifactRef(names.get(value.name, value.name))
    return tuple(renamed(item, names) for item in value) if isinstance(value, tuple) else value


def artifacts(value: Value) -> Iterator[str]:
    """Yields the name of every artifact in a value, at any depth."""
    if isinstance(value, ArtifactRef):
        yield value.name
    elif isinstance(value, tuple):
        for item in value:
            if isinstance(item, ArtifactRef | tuple):
                yield from artifacts(item)
