"""Whether an expert can run here: its packages, and the folder of its files. Nothing is imported to find out."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrion.experts import ExpertState
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
    missing = [name for name in facts.requires if importlib.util.find_spec(name) is None]
    if missing:
        names = ", ".join(missing)
        return Presence(ExpertState.UNAVAILABLE, f"{facts.id} needs packages that are not installed here: {names}.")
    if facts.environment and not any(os.environ.get(name) for name in facts.environment):
        names = " or ".join(facts.environment)
        return Presence(ExpertState.UNAVAILABLE, f"{facts.id} needs the environment variable {names} on this host.")
    source = facts.source
    parts: dict[str, str] = {}
    for part, place in source.parts.items():
        found = Path(place) if place.startswith("/") else _hub_snapshot(place, source.part_revisions.get(part, ""))
        if found is None:
            return Presence(ExpertState.TO_BE_FETCHED, f"The files of {place} are not on this host yet.", source.hub)
        if not found.is_dir():
            return Presence(ExpertState.UNAVAILABLE, f"{facts.id} needs the folder {found}, which is not there.")
        parts[part] = str(found)
    if source.hub:
        snapshot = _hub_snapshot(source.hub, facts.revision)
        if snapshot is None:
            return Presence(
                ExpertState.TO_BE_FETCHED, f"The files of {source.hub} are not on this host yet.", source.hub
            )
        return Presence(ExpertState.LOADABLE, folder=str(snapshot), parts=parts)
    folder = _package_folder(source.package) / source.folder if source.package else Path(source.folder)
    if (source.package or source.folder) and not folder.is_dir():
        return Presence(ExpertState.UNAVAILABLE, f"{facts.id} needs the folder {folder}, which is not there.")
    return Presence(ExpertState.LOADABLE, folder=str(folder) if source.package or source.folder else "", parts=parts)


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec is not None else None
    return Path(places[0]) if places else Path(package)


def _hub_snapshot(model: str, revision: str) -> Path | None:
    """Finds a model in the Hub's own cache, whose layout huggingface_hub documents: models--{id}/snapshots/{commit}."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub") / f"models--{model.replace('/', '--')}"
    reference = cache / "refs" / (revision or "main")
    commit = reference.read_text("ascii").strip() if reference.is_file() else revision
    snapshot = cache / "snapshots" / commit
    return snapshot if commit and snapshot.is_dir() else None
