"""Profiles: bundles of experts for kinds of machines, one YAML file each. A profile may include others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from orchestrion_host.catalogue.reader import CatalogueError

NONE: Final = "none"
"""The name under which a host offers no expert of the project's own."""

_FOLDER: Final = Path(__file__).parent / "profiles"
_FIELDS: Final[Mapping[str, type]] = {"name": str, "description": str, "order": int, "experts": list, "includes": list}


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """One profile."""

    name: str
    """Its name."""
    description: str
    """What machine it is for, in a sentence."""
    order: int
    """Its place among the others; the smallest comes first."""
    experts: tuple[str, ...]
    """The ids of its experts, those of included profiles first."""


def read(folder: Path = _FOLDER) -> Mapping[str, ProfileFacts]:
    """Reads all profiles, the smallest first.

    Raises:
        CatalogueError: A file cannot be read, or says what it cannot say.
    """
    found = {data["name"]: data for data in map(_read_file, sorted(folder.glob("*.yaml")))}
    return {
        name: ProfileFacts(name, data["description"], data["order"], tuple(_experts(found, name, ())))
        for name, data in sorted(found.items(), key=lambda item: item[1]["order"])
    }


def experts_of(name: str) -> frozenset[str]:
    """Returns the ids of the experts of a profile.

    Raises:
        CatalogueError: There is no such profile; the message names the setting.
    """
    profiles = read()
    if name == NONE:
        return frozenset()
    if name not in profiles:
        raise CatalogueError(f"profile: there is no profile {name!r}; there are {', '.join(profiles)} and {NONE}.")
    return frozenset(profiles[name].experts)


def _read_file(path: Path) -> Mapping[str, Any]:
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CatalogueError(f"{path}: {error}") from error
    if not isinstance(data, Mapping):
        raise CatalogueError(f"{path}: expected fields, found {type(data).__name__}.")
    data = {"experts": [], "includes": [], **data}
    for name in data.keys() | _FIELDS.keys():
        if name not in _FIELDS:
            raise CatalogueError(f"{path}: there is no field {name!r}; there are {', '.join(_FIELDS)}.")
        if not isinstance(data.get(name), _FIELDS[name]):
            raise CatalogueError(f"{path}: {name}: expected {_FIELDS[name].__name__}, found {data.get(name)!r}.")
    return data


def _experts(found: Mapping[str, Mapping[str, Any]], name: str, above: tuple[str, ...]) -> list[str]:
    if name not in found or name in above:
        raise CatalogueError(f"profile {above[-1]}: includes: there is no profile {name!r} that it can include.")
    included = [_experts(found, other, (*above, name)) for other in found[name]["includes"]]
    return list(dict.fromkeys([*(expert for experts in included for expert in experts), *found[name]["experts"]]))
