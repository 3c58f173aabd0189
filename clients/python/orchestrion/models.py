"""Models in the catalogue of a host and on the Hub. Fields are those of the messages of the same names."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from orchestrion.experts import Expert, ExpertState


class ModelOrigin(enum.IntEnum):
    """Where an entry of the catalogue comes from."""

    UNSPECIFIED = 0
    BUILT_IN = 1
    OPERATOR = 2
    ADDED = 3
    EXPORTED = 4


@dataclass(frozen=True, slots=True)
class ModelProgress:
    """How far work on models is; `expert` is set in the last message about one."""

    message: str
    done_bytes: int = 0
    total_bytes: int = 0
    expert: Expert | None = None


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model of the catalogue on a host."""

    expert: Expert
    state: ExpertState
    offered: bool = False
    problem: str = ""
    origin: ModelOrigin = ModelOrigin.BUILT_IN


@dataclass(frozen=True, slots=True)
class Profile:
    """A bundle of experts for a kind of machine, and what of it is still to be downloaded."""

    name: str
    description: str
    expert_ids: tuple[str, ...]
    missing_bytes: int = 0
    unknown_count: int = 0


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model on the Hub."""

    id: str
    download_count: int = 0
    like_count: int = 0
    library: str = ""
    license: str = ""
    safe_weights: bool = False
