"""Hosts, their devices and experts, and the choice among them. Fields are those of the messages of the same names."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrion.plans import TaskType


class ExpertState(enum.IntEnum):
    """Where an expert on a host is in its life."""

    UNSPECIFIED = 0
    """Not said."""
    TO_BE_FETCHED = 1
    """Its files are not on the host yet."""
    LOADABLE = 2
    """Its files are here; it is on no device."""
    LOADING = 3
    """It is being loaded."""
    LOADED = 4
    """It is on a device and answers at once."""
    FAILED = 5
    """Its last load failed; it is tried again when it is next asked for."""
    UNAVAILABLE = 6
    """It cannot run here: a package, file or device that it needs is missing."""


class HostState(enum.IntEnum):
    """Whether a host can be given work."""

    UNSPECIFIED = 0
    """Not said."""
    READY = 1
    """Its lease holds and its stream is open."""
    DISCONNECTED = 2
    """Its stream broke; it gets no new work, and is forgotten when its lease ends."""
    DRAINING = 3
    """It is shutting down; it finishes what it has and gets no new work."""


class TaskTypeState(enum.IntEnum):
    """How soon a task of a type can be carried out."""

    UNSPECIFIED = 0
    """Not said."""
    READY = 1
    """An expert that performs it is loaded and answers at once."""
    OBTAINABLE = 2
    """An expert that performs it can be had: it is loaded, or its files fetched, when a task needs it."""
    UNAVAILABLE = 3
    """No expert that performs it can be had: files, packages or devices are missing."""


class SelectionPolicy(enum.IntEnum):
    """How an expert is chosen among the candidates."""

    UNSPECIFIED = 0
    """The server's default, RANK."""
    RANK = 1
    """Takes the candidate with the highest score."""
    LLM = 2
    """Lets the language model choose among the best few experts for each task (each once, on its best host), for all
    tasks of the whole plan in one call. Where it names none of them, refuses or does not answer, the choice is that of
    RANK, and the reason says so.
    """


@dataclass(frozen=True, slots=True)
class AcceptedValues:
    """The values of one input that an expert takes."""

    input: str
    """The name of the input."""
    values: tuple[str, ...]
    """The texts that it takes; none for an input that it does not take."""


@dataclass(frozen=True, slots=True)
class InputLimit:
    """How much of one input an expert takes in; 0 for no limit that is known."""

    input: str
    """The name of the input."""
    max_character_count: int = 0
    """The longest text, in characters, about four to a token; 0 for no limit that is known."""
    max_duration_ms: int = 0
    """The longest sound or video, in milliseconds; 0 for no limit that is known."""
    max_size_bytes: int = 0
    """The largest file, in bytes; 0 for no limit that is known."""


@dataclass(frozen=True, slots=True)
class Expert:
    """What is always true of an expert: a model on a runtime, performing one or more task types."""

    id: str
    """The id, unique on its host, such as `rapidocr`. The same id on two hosts means the same expert."""
    model: str
    """The model: a Hub id, a folder, or the name of an engine."""
    runtime: str
    """The runtime: `engine`, `transformers`, `onnx`, `diffusers` or `remote`."""
    task_types: tuple[str, ...]
    """The names of the task types that it performs."""
    description: str = ""
    """What it is good at, in one or two sentences."""
    revision: str = ""
    """The revision of the weights or the version of the engine."""
    languages: tuple[str, ...] = ()
    """The languages it handles, as BCP 47 tags; empty when language does not matter."""
    domain: str = ""
    """The domain it was made for, such as `medicine`; empty for general use."""
    license: str = ""
    """The licence, as an SPDX identifier where there is one."""
    memory_bytes: int = 0
    """What it takes on its device, in bytes: measured if it was ever loaded here, else estimated; 0 when not known."""
    download_count: int = 0
    """Downloads in the last month on the Hub; 0 when not known."""
    like_count: int = 0
    """Likes on the Hub; 0 when not known."""
    max_batch_size: int = 1
    """How many requests one forward pass takes at most; at least 1."""
    accepts: tuple[AcceptedValues, ...] = ()
    """Inputs of which it takes some values only, such as one of a task type's operations. A task that gives such an
    input another value goes to another expert; one that is listed without values takes none at all. Inputs that are not
    listed take whatever the task type allows.
    """
    download_bytes: int = 0
    """What its files take to download, in bytes; 0 when there is nothing to download or that is not known yet."""
    default_for: tuple[str, ...] = ()
    """The task types for which it is the project's default model; empty for none."""
    input_limits: tuple[InputLimit, ...] = ()
    """How much of an input it takes in; what goes beyond is cut off or refused. Inputs that are not listed have no
    limit that is known.
    """
    accuracy: float = 0.0
    """A published measure of its quality, from 0 to 1, higher is better (a word error rate counts as 1 minus itself); 0
    when none is known.
    """
    accuracy_measure: str = ""
    """What `accuracy` measures, such as `F1 on CoNLL-2003`; empty when none is known."""
    context_token_count: int = 0
    """How many tokens a language model reads and writes together in one call; 0 when not known, and for experts that
    are no language models.
    """


@dataclass(frozen=True, slots=True)
class ExpertStatus:
    """What changes about an expert on a host."""

    expert_id: str
    """The id of the expert."""
    state: ExpertState
    """Where it is in its life."""
    device: str = ""
    """The device that it is on, such as `cpu` or `cuda:0`; empty while it is on none."""
    memory_bytes: int = 0
    """The bytes that it takes there, measured; 0 while it is on none."""
    queued_count: int = 0
    """Requests waiting for it."""
    running_count: int = 0
    """Requests being computed."""
    latency_ms: float = 0.0
    """A moving average of the time from the start of a forward pass to its end, in milliseconds; 0 before the first."""
    reservation_count: int = 0
    """Reservations on it, soft and hard."""
    pinned: bool = False
    """Whether it was pinned: it stays loaded until it is unpinned."""


@dataclass(frozen=True, slots=True)
class AbsentExpert:
    """An expert of a host's catalogue that cannot be given work there now, and what changes that."""

    id: str
    """The id that it has, or would have, on the host."""
    task_types: tuple[str, ...]
    """The names of the task types that it performs."""
    languages: tuple[str, ...] = ()
    """The languages it handles, as BCP 47 tags; empty when language does not matter."""
    domain: str = ""
    """The domain it was made for; empty for general use."""
    accepts: tuple[AcceptedValues, ...] = ()
    """Inputs of which it takes some values only."""
    default_for: tuple[str, ...] = ()
    """The task types for which it is the project's default model; empty for none."""
    command: str = ""
    """The command that brings it, such as `orchestrion models pull blip-vqa-base`."""
    download_bytes: int = 0
    """What that command downloads for it, in bytes; 0 when it downloads nothing or that is not known."""


@dataclass(frozen=True, slots=True)
class Device:
    """One device of a host and its memory, in bytes."""

    name: str
    """The name, such as `cpu` or `cuda:0`."""
    total_bytes: int
    """Its memory, in bytes, as far as the host may use it."""
    free_bytes: int
    """What of it is free for further experts, in bytes."""
    model: str = ""
    """The maker's name for it, such as `NVIDIA H200`; empty when not known."""


@dataclass(frozen=True, slots=True)
class Host:
    """A host as the registry knows it."""

    name: str
    """The resource name, `hosts/{host}`."""
    address: str
    """The address at which the controller reaches its ModelHostService, `host:port`."""
    state: HostState = HostState.READY
    """Whether it can be given work."""
    devices: tuple[Device, ...] = ()
    """Its devices."""
    experts: tuple[Expert, ...] = ()
    """Its experts: what is always true of them."""
    statuses: tuple[ExpertStatus, ...] = ()
    """Its experts: what changes."""
    version: str = ""
    """The version of the host's software."""
    max_concurrent_calls: int = 1
    """How many calls the host wants at once from one controller; at least 1."""
    worker_restart_count: int = 0
    """Worker processes restarted since the host started."""
    profile: str = ""
    """The profile of its experts, such as `starter`."""
    fetches_on_demand: bool = False
    """Whether it fetches the files of an expert by itself when a task needs it. Where it does not, experts in the state
    TO_BE_FETCHED get no work.
    """
    task_types: tuple[TaskType, ...] = ()
    """The task types that its experts bring and the project does not define."""
    metrics_address: str = ""
    """The address at which Prometheus reads its metrics, `host:port`; empty where it serves none."""


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What is true of a host as long as its catalogue does not change."""

    address: str
    """The address at which its ModelHostService is reached, `host:port`."""
    version: str
    """The version of its software."""
    max_concurrent_calls: int
    """How many calls it wants at once from one controller; at least 1."""
    experts: tuple[Expert, ...]
    """Its experts."""
    profile: str = ""
    """The profile of its experts, such as `starter`."""
    fetches_on_demand: bool = False
    """Whether it fetches the files of an expert by itself when a task needs it."""
    task_types: tuple[TaskType, ...] = ()
    """The task types that its experts bring and the project does not define. One that contradicts the server's own of
    that name, or that of a host listed before, is refused: the server logs it, and gives this host no tasks of that
    type.
    """
    absent_experts: tuple[AbsentExpert, ...] = ()
    """The experts of its catalogue that cannot be given work now, each with the command that brings it, those for the
    smallest machines first: refusals name the cure by them.
    """
    metrics_address: str = ""
    """The address at which Prometheus reads its metrics, `host:port`; empty where it serves none."""


@dataclass(frozen=True, slots=True)
class ExpertPlacement:
    """How an expert stands on one host."""

    host: str
    """The host, `hosts/{host}`."""
    status: ExpertStatus
    """How it stands there."""


@dataclass(frozen=True, slots=True)
class ListedExpert:
    """An expert and every host that has it."""

    expert: Expert
    """What is always true of it."""
    placements: tuple[ExpertPlacement, ...] = ()
    """How it stands on each host that has it."""


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
    """The hosts that reported it with their experts, `hosts/{host}`, by name; empty for a task type of the server's
    own.
    """


@dataclass(frozen=True, slots=True)
class Candidate:
    """One expert on one host that could perform a task; the score is the sum of the features."""

    host: str
    """The host, `hosts/{host}`."""
    expert_id: str
    """The id of the expert."""
    score: float = 0.0
    """The score; higher is better. One point is worth halving the time to the result."""
    features: Mapping[str, float] = field(default_factory=dict)
    """The terms that the score is the sum of, by name; `docs/selection.md` describes each."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which expert on which host performs a task, why, and the candidates, best first."""

    task_id: str
    """The id of the task."""
    host: str
    """The host chosen, `hosts/{host}`."""
    expert_id: str
    """The id of the expert chosen."""
    reason: str = ""
    """Why: what rank went by, or what the language model said; in one or two sentences."""
    candidates: tuple[Candidate, ...] = ()
    """The candidates, best first and the chosen one among them; the rest are the alternatives when it fails."""
