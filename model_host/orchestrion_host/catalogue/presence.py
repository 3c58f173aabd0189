"""Whether an expert can run here: its packages, and the folder of its files. Nothing is imported to find out."""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrion.experts import ExpertState
from orchestrion_host.catalogue import snapshots
from orchestrion_host.catalogue.facts import ModelFacts


@dataclass(frozen=True, slots=True)
class Presence:
    """The state that an expert starts in, why, and where its files are."""

    state: ExpertState
    """LOADABLE, TO_BE_FETCHED or UNAVAILABLE."""
    problem: str = ""
    """What is missing, as a sentence; empty when nothing is."""
    folder: str = ""
    """The folder of its files; a Hub id where they are not in a folder; empty for engines."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """The folders of the checkpoints that it is made of besides, by what they are to it."""


def find(facts: ModelFacts) -> Presence:
    """Looks for what an expert needs."""
    if missing := missing_packages(facts):
        problem = f"{facts.id} needs packages that are not installed here: {', '.join(missing)}."
        if command := install_command(facts):
            problem += f" `{command}` brings them."
        return Presence(ExpertState.UNAVAILABLE, problem)
    if facts.environment and not any(os.environ.get(name) for name in facts.environment):
        names = " or ".join(facts.environment)
        return Presence(ExpertState.UNAVAILABLE, f"{facts.id} needs the environment variable {names} on this host.")
    source = facts.source
    places = {model: snapshots.find(facts, model) for model in facts.checkpoints}
    absent = next((model for model, folder in places.items() if folder is None), "")
    if absent:
        problem = f"The files of {absent} are not on this host yet; `orchestrion models pull {facts.id}` fetches them."
        return Presence(ExpertState.TO_BE_FETCHED, problem, source.hub)
    parts = {part: str(places.get(place) or place) for part, place in source.parts.items()}
    if source.hub:
        folder = Path(places[source.hub] or "")
    else:
        folder = _package_folder(source.package) / source.folder if source.package else Path(source.folder)
    needed = [folder] if source.hub or source.package or source.folder else []
    for place in (*needed, *map(Path, parts.values())):
        if not place.is_dir():
            return Presence(ExpertState.UNAVAILABLE, f"{facts.id} needs the folder {place}, which is not there.")
    if source.gguf and not (folder / source.gguf).is_file():
        return Presence(
            ExpertState.UNAVAILABLE, f"{facts.id} needs the file {folder / source.gguf}, which is not there."
        )
    return Presence(ExpertState.LOADABLE, folder=str(folder) if needed else "", parts=parts)


def missing_packages(facts: ModelFacts) -> list[str]:
    """Returns the packages that an expert requires and that are not installed here, by import name."""
    return [name for name in facts.requires if not _is_installed(name)]


def install_command(facts: ModelFacts) -> str:
    """Returns the command that installs what an expert requires; empty where the catalogue names none."""
    return facts.install or (f"pip install 'orchestrion[{facts.extra}]'" if facts.extra else "")


@functools.cache
def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec is not None else None
    return Path(places[0]) if places else Path(package)
