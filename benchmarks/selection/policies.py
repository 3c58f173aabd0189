"""The policies that are compared. All see the same: the registry's offers, and the calls that were given out."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from orchestrion.experts import ExpertState
from orchestrion.plans import Task
from orchestrion_controller.registry.offers import Offer
from orchestrion_controller.registry.registry import Registry
from orchestrion_controller.selector import scoring
from orchestrion_controller.selector.observations import Pair
from orchestrion_controller.selector.selector import Begun, Selector
from orchestrion_controller.selector.underway import CallsUnderway

CANDIDATES: Final = 5


class Policy(Protocol):
    """Chooses, and hears how calls go."""

    def choose(self, task: Task) -> Pair:
        """Returns a host and an expert."""

    def begin(self, pair: Pair) -> object:
        """Hears that a call begins; what it returns is given back at its end."""

    def end(self, begun: object) -> None:
        """Hears that it has ended."""


class Rank:
    """The controller's own selector."""

    def __init__(self, registry: Registry, clock: Callable[[], float], generator: random.Random) -> None:
        """Makes it; nothing in it is drawn by lot."""
        self._selector = Selector(registry, CANDIDATES, clock=clock)

    def choose(self, task: Task) -> Pair:
        """Takes the first by rank."""
        assignment = self._selector.assign(task)
        self._selector.promise(assignment)
        return assignment.host, assignment.expert_id

    def begin(self, pair: Pair) -> Begun:
        """Counts a call."""
        return self._selector.begin(pair)

    def end(self, begun: object) -> None:
        """Learns from a call."""
        assert isinstance(begun, Begun)
        self._selector.end(begun)


class _Simple:
    """What the others have in common: the same candidates, and the same count of calls given out."""

    def __init__(self, registry: Registry, clock: Callable[[], float], generator: random.Random) -> None:
        self._registry = registry
        self._underway = CallsUnderway(clock)
        self._generator = generator

    def choose(self, task: Task) -> Pair:
        offers = [offer for offer in self._registry.offers(task.type) if scoring.servable(offer)]
        chosen = self._pick(offers)
        return chosen.host.name, chosen.expert.id

    def begin(self, pair: Pair) -> Pair:
        self._underway.begin(pair)
        return pair

    def end(self, begun: object) -> None:
        assert isinstance(begun, tuple)
        self._underway.end(begun)

    def _pick(self, offers: Sequence[Offer]) -> Offer:
        raise NotImplementedError

    def _least_loaded(self, offers: Sequence[Offer]) -> Offer:
        """Takes the host with the fewest calls, and draws among equals."""
        loads = [
            max(offer.summary.call_count, self._underway.of((offer.host.name, offer.expert.id)).host_count)
            for offer in offers
        ]
        least = min(loads)
        return self._generator.choice([offer for offer, load in zip(offers, loads, strict=True) if load == least])


class Random(_Simple):
    """Any expert on any host."""

    def _pick(self, offers: Sequence[Offer]) -> Offer:
        return self._generator.choice(offers)


class MostDownloaded(_Simple):
    """The expert with the most downloads, as the paper ranks, on the host with the fewest calls that has it."""

    def _pick(self, offers: Sequence[Offer]) -> Offer:
        most = max(offer.expert.download_count for offer in offers)
        return self._least_loaded([offer for offer in offers if offer.expert.download_count == most])


class LeastLoaded(_Simple):
    """Any expert on the host with the fewest calls."""

    def _pick(self, offers: Sequence[Offer]) -> Offer:
        return self._least_loaded(offers)


class LeastLoadedOfLoaded(_Simple):
    """The host with the fewest calls among those where an expert is loaded: stronger than what is usual."""

    def _pick(self, offers: Sequence[Offer]) -> Offer:
        loaded = [offer for offer in offers if offer.status.state is ExpertState.LOADED]
        return self._least_loaded(loaded or offers)


POLICIES: Final[Mapping[str, Callable[[Registry, Callable[[], float], random.Random], Policy]]] = {
    "rank": Rank,
    "random": Random,
    "most-downloaded": MostDownloaded,
    "least-loaded": LeastLoaded,
    "least-loaded of loaded": LeastLoadedOfLoaded,
}
