"""Writes the reason of a choice in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from orchestrion.experts import Candidate, ExpertState
from orchestrion_controller.registry.replicas import Replica

_STATES: Final[Mapping[ExpertState, str]] = {
    ExpertState.LOADED: "is loaded",
    ExpertState.LOADING: "is being loaded",
    ExpertState.LOADABLE: "can be loaded",
    ExpertState.FAILED: "is all there is, though its last load failed",
    ExpertState.TO_BE_FETCHED: "can be fetched",
}
_TERMS: Final[Mapping[str, str]] = {
    "state": "it is sooner loaded",
    "memory": "nothing has to give way to it",
    "queue": "less waits for it",
    "latency": "it is faster",
    "failures": "it failed less",
    "thrift": "it is smaller",
    "runtime": "it is faster than the same model on its other runtime",
    "popularity": "more people use it",
    "accuracy": "it is more accurate",
    "default": "it is the default",
    "choice": "it takes any value that is left open",
    "words": "its description speaks of the same",
    "language": "it knows the language",
    "domain": "it is made for the domain",
    "size": "the input fits",
    "license": "its licence asks less",
}
_LEAST: Final = 0.05


def reason(chosen: Replica, ranked: Sequence[Candidate], count: int) -> str:
    """Writes why the first by rank was chosen.

    Args:
        chosen: The first.
        ranked: The best candidates, the first two at least.
        count: How many candidates there were in all.
    """
    state = _STATES[chosen.status.state]
    if count == 1:
        return f"{chosen.expert.id} {state} on {_host(chosen)}; the only candidate."
    why = _decided(ranked[0], ranked[1])
    rank = f"first of {count} candidates" + (f", before {_name(ranked)}: {why}" if why else "")
    return f"{chosen.expert.id} {state} on {_host(chosen)}; {rank}."


def _host(replica: Replica) -> str:
    return replica.host.name.removeprefix("hosts/")


def _name(ranked: Sequence[Candidate]) -> str:
    first, second = ranked[0], ranked[1]
    if first.expert_id == second.expert_id:
        return f"the same on {second.host.removeprefix('hosts/')}"
    return second.expert_id


def _decided(first: Candidate, second: Candidate) -> str:
    """Names the term by which the first is most ahead of the second; empty where there is none."""
    ahead = {name: value - second.features[name] for name, value in first.features.items()}
    most = max(ahead, key=lambda name: ahead[name], default="")
    return _TERMS[most] if most and ahead[most] >= _LEAST else ""
