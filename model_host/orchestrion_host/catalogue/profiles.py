"""Profiles: bundles of experts for kinds of machines, one YAML file each. A profile may include others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from orchestrion_host.catalogue.reader import CatalogueError, read_yaml

NONE: Final = "none"
"""The name under which a host offers no expert of the project's own."""

_FOLDER: Final = Path(__file__).parent / "profiles"


class ProfileFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One profile, as its file says it."""

    name: str
    """Its name."""
    description: str
    """What machine it is for, in a sentence."""
    order: int
    """Its place among the others; the smallest comes first."""
    experts: tuple[str, ...] = ()
    """The ids of its experts; once all profiles are read, those of included ones come first."""
    includes: tuple[str, ...] = ()
    """The names of the profiles whose experts it has too."""
    language_model: str = ""
    """The one of its experts that plans and answers where no other language model is set; empty for none."""


def read(folder: Path = _FOLDER) -> Mapping[str, ProfileFacts]:
    """Reads all profiles, the smallest first.

    Raises:
        CatalogueError: A file cannot be read, or says what it cannot say.
    """
    files = [read_yaml(path, ProfileFacts) for path in sorted(folder.glob("*.yaml"))]
    by_name = {file.name: file for file in files}
    profiles = {
        file.name: msgspec.structs.replace(file, experts=tuple(_experts(by_name, file.name, ())))
        for file in sorted(by_name.values(), key=lambda file: file.order)
    }
    for profile in profiles.values():
        if profile.language_model not in ("", *profile.experts):
            text = f"profile {profile.name}: language_model: {profile.language_model!r} is none of its experts."
            raise CatalogueError(text)
    return profiles


def experts_of(name: str) -> frozenset[str]:
    """Returns the ids of the experts of a profile.

    Raises:
        CatalogueError: There is no such profile; the message names the setting.
    """
    return frozenset(_profile(name).experts)


def language_model_of(name: str) -> str:
    """Returns the id of the expert of a profile that plans and answers; empty for none. Errors as `experts_of`."""
    return _profile(name).language_model


def smallest() -> Mapping[str, str]:
    """Returns the smallest profile that has each expert, by the expert's id; the experts of small profiles first."""
    return {expert_id: profile.name for profile in reversed([*read().values()]) for expert_id in profile.experts}


def _profile(name: str) -> ProfileFacts:
    profiles = read()
    if name == NONE:
        return ProfileFacts(NONE, "Nothing of the project's own.", 0)
    if name not in profiles:
        raise CatalogueError(f"profile: there is no profile {name!r}; there are {', '.join(profiles)} and {NONE}.")
    return profiles[name]


def _experts(files: Mapping[str, ProfileFacts], name: str, above: tuple[str, ...]) -> list[str]:
    if name not in files or name in above:
        raise CatalogueError(f"profile {above[-1]}: includes: there is no profile {name!r} that it can include.")
    file = files[name]
    included = [_experts(files, other, (*above, name)) for other in file.includes]
    return list(dict.fromkeys([*(expert for experts in included for expert in experts), *file.experts]))
