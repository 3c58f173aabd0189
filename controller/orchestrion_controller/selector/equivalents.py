"""One model on two runtimes of a host, as a checkpoint and its export to ONNX are: which of them is faster. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from orchestrion.experts import ExpertState
from orchestrion_controller.registry.replicas import Replica
from orchestrion_controller.selector import terms

_READY: Final = (ExpertState.LOADED, ExpertState.LOADING, ExpertState.LOADABLE)
_CLEARLY_FASTER: Final = 1.25


def equivalents(replicas: Sequence[Replica]) -> Mapping[tuple[str, str], Sequence[Replica]]:
    """Returns the replicas of models that a host has more than once, by host and model."""
    by_model: dict[tuple[str, str], list[Replica]] = {}
    for replica in replicas:
        by_model.setdefault((replica.host.name, replica.expert.model), []).append(replica)
    return {key: alike for key, alike in by_model.items() if len(alike) > 1}


def runtime_penalty(replica: Replica, replicas: Iterable[Replica]) -> float:
    """Returns what a replica loses to an equivalent that was measured to be faster on its host; 0 where there is none.

    Small where they are nearly as fast: then the loaded one stays the better choice, and calls do not move to
    and fro between the two. Large from a quarter on, which is worth a load. Small as well where the other one's speed
    alone is known, since "not measured yet" is no speed; but not on a host with a graphics device, on which checkpoints
    run and exports do not.
    """
    own_ms = replica.status.latency_ms
    unknown_is_slower = all(device.name == "cpu" for device in replica.host.devices)
    penalty = 0.0
    for other in replicas:
        other_ms = other.status.latency_ms
        if not other_ms or not _are_equivalent(replica, other) or other.status.state not in _READY:
            continue
        if own_ms >= other_ms * _CLEARLY_FASTER:
            penalty = -terms.RUNTIME_CLEARLY_SLOWER
        elif own_ms > other_ms or (not own_ms and unknown_is_slower):
            penalty = min(penalty, -terms.RUNTIME_SLOWER)
    return penalty


def _are_equivalent(one: Replica, other: Replica) -> bool:
    return (
        one.host.name == other.host.name
        and one.expert.model == other.expert.model
        and one.expert.runtime != other.expert.runtime
    )
