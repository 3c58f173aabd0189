"""The policies that are compared. All see the same: the registry's replicas, and the calls in flight."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from orchestrion.experts import ExpertState
from orchestrion.plans import Task
from orchestrion_controller.registry.registry import Registry
from orchestrion_controller.registry.replicas import Replica, ReplicaKey
from orchestrion_controller.selector import scoring
from orchestrion_controller.selector.in_flight import InFlightCalls
from orchestrion_controller.selector.selector import Selector, StartedCall

CANDIDATES: Final = 5


class Policy(Protocol):
    """Chooses, and hears how calls go."""

    def choose(self, task: Task) -> ReplicaKey:
        """Returns a host and an expert."""

    def begin(self, replica: ReplicaKey) -> object:
        """Hears that a call begins; what it returns is given back at its end."""

    def end(self, call: object) -> None:
        """Hears that it has ended."""


class Rank:
    """The controller's own selector."""

    def __init__(self, registry: Registry, clock: Callable[[], float], generator: random.Random) -> None:
        """Makes it; nothing in it is drawn by lot."""
        self._selector = Selector(registry, CANDIDATES, clock=clock)

    def choose(self, task: Task) -> ReplicaKey:
        """Takes the first by rank."""
        assignment = self._selector.assign(task)
        self._selector.count_assignment(assignment)
        return assignment.host, assignment.expert_id

    def begin(self, replica: ReplicaKey) -> StartedCall:
        """Counts a call."""
        return self._selector.begin(replica)

    def end(self, call: object) -> None:
        """Learns from a call."""
        assert isinstance(call, StartedCall)
        call.end()


class _Baseline:
    """What the others have in common: the same candidates, and the same count of calls in flight."""

    def __init__(self, registry: Registry, clock: Callable[[], float], generator: random.Random) -> None:
        self._registry = registry
        self._in_flight = InFlightCalls(clock)
        self._generator = generator

    def choose(self, task: Task) -> ReplicaKey:
        replicas = [replica for replica in self._registry.replicas(task.type) if scoring.servable(replica)]
        chosen = self._pick(replicas)
        return chosen.key

    def begin(self, replica: ReplicaKey) -> ReplicaKey:
        self._in_flight.begin(replica)
        return replica

    def end(self, call: object) -> None:
        assert isinstance(call, tuple)
        self._in_flight.end(call)

    def _pick(self, replicas: Sequence[Replica]) -> Replica:
        raise NotImplementedError

    def _least_loaded(self, replicas: Sequence[Replica]) -> Replica:
        """Takes the host with the fewest calls, and draws among equals."""
        loads = [max(replica.summary.call_count, self._in_flight.of(replica.key).host_count) for replica in replicas]
        least = min(loads)
        return self._generator.choice([replica for replica, load in zip(replicas, loads, strict=True) if load == least])


class Random(_Baseline):
    """Any expert on any host."""

    def _pick(self, replicas: Sequence[Replica]) -> Replica:
        return self._generator.choice(replicas)


class MostDownloaded(_Baseline):
    """The expert with the most downloads, as the paper ranks, on the host with the fewest calls that has it."""

    def _pick(self, replicas: Sequence[Replica]) -> Replica:
        most = max(replica.expert.download_count for replica in replicas)
        return self._least_loaded([replica for replica in replicas if replica.expert.download_count == most])


class LeastLoaded(_Baseline):
    """Any expert on the host with the fewest calls."""

    def _pick(self, replicas: Sequence[Replica]) -> Replica:
        return self._least_loaded(replicas)


class LeastLoadedOfLoaded(_Baseline):
    """The host with the fewest calls among those where an expert is loaded: stronger than what is usual."""

    def _pick(self, replicas: Sequence[Replica]) -> Replica:
        loaded = [replica for replica in replicas if replica.status.state is ExpertState.LOADED]
        return self._least_loaded(loaded or replicas)


POLICIES: Final[Mapping[str, Callable[[Registry, Callable[[], float], random.Random], Policy]]] = {
    "rank": Rank,
    "random": Random,
    "most-downloaded": MostDownloaded,
    "least-loaded": LeastLoaded,
    "least-loaded of loaded": LeastLoadedOfLoaded,
}
