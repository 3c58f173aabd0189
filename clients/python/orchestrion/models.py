"""Models in the catalogue of a host and on the Hub. Fields are those of the messages of the same names."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from orchestrion.experts import Expert, ExpertState


class ModelOrigin(enum.IntEnum):
    """Where an entry of the catalogue comes from."""

    UNSPECIFIED = 0
    """Not said."""
    BUILT_IN = 1
    """The project's own catalogue."""
    OPERATOR = 2
    """A folder that the operator named."""
    ADDED = 3
    """It was added or pulled on this host."""
    EXPORTED = 4
    """It was exported on this machine."""


@dataclass(frozen=True, slots=True)
class ModelProgress:
    """How far work on models is; `expert` is set in the last message about one."""

    message: str
    """What it is doing, in a few words."""
    done_bytes: int = 0
    """The bytes done."""
    total_bytes: int = 0
    """The bytes in all; 0 when not known."""
    expert: Expert | None = None
    """The expert as it is registered now; set in the last message about it."""


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model of the catalogue on a host."""

    expert: Expert
    """What is always true of it."""
    state: ExpertState
    """Where it is in its life."""
    offered: bool = False
    """Whether the host offers it to the controller: it belongs to the host's profile, or was added or pulled."""
    problem: str = ""
    """Why it cannot run here, as a sentence; empty where it can."""
    origin: ModelOrigin = ModelOrigin.BUILT_IN
    """Where its entry comes from."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A bundle of experts for a kind of machine, and what of it is still to be downloaded."""

    name: str
    """The name, such as `small`."""
    description: str
    """What machine it is for, in a sentence."""
    expert_ids: tuple[str, ...]
    """The ids of its experts."""
    missing_bytes: int = 0
    """What of it is still to be downloaded, in bytes, as far as sizes are known."""
    unknown_count: int = 0
    """How many of the experts that are still to be downloaded are of unknown size."""


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model on the Hub."""

    id: str
    """The id on the Hub."""
    download_count: int = 0
    """Downloads in the last month."""
    like_count: int = 0
    """Likes."""
    library: str = ""
    """The library that it was made with, such as `transformers`; empty when not known."""
    license: str = ""
    """The licence; empty when not known."""
    safe_weights: bool = False
    """Whether its weights are there as safetensors or ONNX."""
