"""The task types, one YAML file each: what planners plan with, checks check against, and responders tell from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

import yaml

from orchestrion.values import JsonObject

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # A PyYAML that was built without libyaml.
    from yaml import SafeLoader  # type: ignore[assignment]  # It reads the same.

from orchestrion.plans import Parameter, ParameterKind, TaskType

_FIELDS: Final = frozenset(field.name for field in dataclasses.fields(TaskType))


@cache
def load() -> Mapping[str, TaskType]:
    """Reads every task type that the project defines, by name.

    Raises:
        ValueError: A file does not have the form of a task type; the message names the file.
    """
    files = sorted(resources.files(__name__).iterdir(), key=lambda file: file.name)
    types = [read(file.read_text("utf-8"), f"task_types/{file.name}") for file in files if file.name.endswith(".yaml")]
    return MappingProxyType({task_type.name: task_type for task_type in types})


def read(text: str, place: str) -> TaskType:
    """Reads one task type.

    Args:
        text: The YAML.
        place: Where it is from, for errors.

    Raises:
        ValueError: It does not have the form of a task type; the message names the place.
    """
    try:
        data = yaml.load(text, SafeLoader)
        if unknown := sorted(data.keys() - _FIELDS):
            raise ValueError(f"{place}: there is no field {unknown[0]!r}; there are {', '.join(sorted(_FIELDS))}.")
        return TaskType(
            name=data["name"],
            description=data["description"].strip(),
            inputs=tuple(_parameter(item) for item in data["inputs"]),
            outputs=tuple(_parameter(item) for item in data["outputs"]),
            cues=tuple(data.get("cues", ())),
            answer_template=data.get("answer_template", "").strip(),
            total_template=data.get("total_template", "").strip(),
            item_template=data.get("item_template", "").strip(),
            converts=data.get("converts", False),
        )
    except (KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise ValueError(f"{place}: {error!r}") from error


def _parameter(data: JsonObject) -> Parameter:
    fields = dict(data, kind=ParameterKind[data["kind"].upper()], choices=tuple(data.get("choices", ())))
    return Parameter(**fields)
