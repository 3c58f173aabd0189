"""Hosts, their devices and experts, and the choice among them. Fields are those of the messages of the same names."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrion.plans import TaskType


class ExpertState(enum.IntEnum):
    """Where an expert on a host is in its life."""

    UNSPECIFIED = 0
    TO_BE_FETCHED = 1
    LOADABLE = 2
    LOADING = 3
    LOADED = 4
    FAILED = 5
    UNAVAILABLE = 6


class HostState(enum.IntEnum):
    """Whether a host can be given work."""

    UNSPECIFIED = 0
    READY = 1
    DISCONNECTED = 2
    DRAINING = 3


class TaskTypeState(enum.IntEnum):
    """How soon a task of a type can be carried out."""

    UNSPECIFIED = 0
    READY = 1
    OBTAINABLE = 2
    UNAVAILABLE = 3


class SelectionPolicy(enum.IntEnum):
    """How an expert is chosen among the candidates."""

    UNSPECIFIED = 0
    RANK = 1
    LLM = 2


@dataclass(frozen=True, slots=True)
class AcceptedValues:
    """The values of one input that an expert takes."""

    input: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InputLimit:
    """How much of one input an expert takes in; 0 for no limit that is known."""

    input: str
    max_character_count: int = 0
    max_duration_ms: int = 0
    max_size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Expert:
    """What is always true of an expert: a model on a runtime, performing one or more task types."""

    id: str
    model: str
    runtime: str
    task_types: tuple[str, ...]
    description: str = ""
    revision: str = ""
    languages: tuple[str, ...] = ()
    domain: str = ""
    license: str = ""
    memory_bytes: int = 0
    download_count: int = 0
    like_count: int = 0
    max_batch_size: int = 1
    accepts: tuple[AcceptedValues, ...] = ()
    download_bytes: int = 0
    default_for: tuple[str, ...] = ()
    input_limits: tuple[InputLimit, ...] = ()
    accuracy: float = 0.0
    accuracy_measure: str = ""


@dataclass(frozen=True, slots=True)
class ExpertStatus:
    """What changes about an expert on a host."""

    expert_id: str
    state: ExpertState
    device: str = ""
    memory_bytes: int = 0
    queued_count: int = 0
    running_count: int = 0
    latency_ms: float = 0.0
    reservation_count: int = 0
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """One device of a host and its memory, in bytes."""

    name: str
    total_bytes: int
    free_bytes: int
    model: str = ""


@dataclass(frozen=True, slots=True)
class Host:
    """A host as the registry knows it."""

    name: str
    address: str
    state: HostState = HostState.READY
    devices: tuple[Device, ...] = ()
    experts: tuple[Expert, ...] = ()
    statuses: tuple[ExpertStatus, ...] = ()
    version: str = ""
    max_concurrent_calls: int = 1
    worker_restart_count: int = 0
    profile: str = ""
    fetches_on_demand: bool = False
    task_types: tuple[TaskType, ...] = ()
    """The task types that its experts bring and the project does not define."""


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What is true of a host as long as its catalogue does not change."""

    address: str
    version: str
    max_concurrent_calls: int
    experts: tuple[Expert, ...]
    profile: str = ""
    fetches_on_demand: bool = False
    task_types: tuple[TaskType, ...] = ()
    """The task types that its experts bring and the project does not define."""


@dataclass(frozen=True, slots=True)
class ExpertPlacement:
    """How an expert stands on one host."""

    host: str
    status: ExpertStatus


@dataclass(frozen=True, slots=True)
class ListedExpert:
    """An expert and every host that has it."""

    expert: Expert
    placements: tuple[ExpertPlacement, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedTaskType:
    """A task type on offer, and who performs it."""

    task_type: TaskType
    """The task type as plans are checked against it: with all choices, also those that no expert takes now."""
    state: TaskTypeState = TaskTypeState.UNSPECIFIED
    """How soon a task of this type can be carried out."""
    experts: tuple[str, ...] = ()
    """The ids of the experts that perform it, those that can be had first, then by id."""
    reported_by: tuple[str, ...] = ()
    """The hosts that reported it with their experts, by name; empty for a task type of the server's own."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One expert on one host that could perform a task; the score is the sum of the features."""

    host: str
    expert_id: str
    score: float = 0.0
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which expert on which host performs a task, why, and the candidates, best first."""

    task_id: str
    host: str
    expert_id: str
    reason: str = ""
    candidates: tuple[Candidate, ...] = ()
