"""Facts of models as YAML carries them: what `reader` reads again, without what says nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from orchestrion_host.catalogue.facts import ModelFacts


def plain(facts: ModelFacts) -> dict[str, Any]:
    """Returns the fields that are not as they are by default, as plain data."""
    return {
        item.name: _plain_value(value)
        for item in dataclasses.fields(facts)
        if (value := getattr(facts, item.name)) != _default(item)
    }


def _plain_value(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {item.name: _plain_value(getattr(value, item.name)) for item in dataclasses.fields(value)}
        return {name: found for name, found in fields.items() if found}
    if isinstance(value, Mapping):
        return {name: _plain_value(item) for name, item in value.items()}
    return [_plain_value(item) for item in value] if isinstance(value, tuple | list) else value


def _default(item: dataclasses.Field[Any]) -> Any:
    return item.default_factory() if item.default_factory is not dataclasses.MISSING else item.default
