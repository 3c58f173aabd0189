"""Assigns tasks by rank: filter, score, keep the best few, take the first."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from orchestrion.errors import OrchestrionError
from orchestrion.experts import Assignment, Candidate
from orchestrion.plans import Task
from orchestrion_controller.registry.offers import Offer
from orchestrion_controller.registry.registry import Registry
from orchestrion_controller.selector import scoring
from orchestrion_controller.selector.demand import NOTHING_KNOWN, Circumstances, Demand
from orchestrion_controller.selector.observations import Observations, Pair
from orchestrion_controller.selector.reasons import reason
from orchestrion_controller.selector.refusals import refusal
from orchestrion_controller.selector.timing import NOWHERE, Everywhere, Timing, estimated_s, expected
from orchestrion_controller.selector.underway import CallsUnderway


class Ranked(NamedTuple):
    """A candidate and the offer that it is about."""

    offer: Offer
    score: float
    promptness: Mapping[str, float]
    fitness: Mapping[str, float]

    @property
    def candidate(self) -> Candidate:
        """What the event tells."""
        return Candidate(self.offer.host.name, self.offer.expert.id, self.score, {**self.promptness, **self.fitness})


@dataclass(frozen=True, slots=True)
class Begun:
    """A call that was begun: what was expected of it, to learn from when it ends."""

    pair: Pair
    time_s: float
    expected: Timing | None
    estimated_s: float


class Selector:
    """Chooses among what the registry lists, and remembers what it gave out and what became of it."""

    def __init__(
        self,
        registry: Registry,
        candidate_count: int,
        *,
        licenses: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keeps the registry.

        Args:
            registry: What there is.
            candidate_count: How many candidates an assignment keeps.
            licenses: The licences that experts may have; none allows all. Requests can only allow fewer.
            clock: Tells the time in seconds, from any beginning.
        """
        self._registry = registry
        self._candidate_count = candidate_count
        self._licenses = tuple(licenses)
        self._clock = clock
        self._underway = CallsUnderway(clock)
        self._observations = Observations(clock)

    def assign(self, task: Task, known: Circumstances = NOTHING_KNOWN, avoid: Collection[Pair] = ()) -> Assignment:
        """Chooses an expert for a task.

        Args:
            task: The task.
            known: What is known of the run beside it.
            avoid: Experts on hosts that failed at it; they come last.

        Raises:
            FailedPreconditionError: No host has an expert for it, its domain, its licences and its other values
                (`NO_EXPERT`), none has its files (`EXPERT_NOT_FETCHED`), or none has a device that is large enough
                (`EXPERT_TOO_LARGE`).
        """
        ranked = self._ranked(task, known, avoid)
        # The second is told in the reason, even where only the first is kept.
        best = [item.candidate for item in ranked[: max(2, self._candidate_count)]]
        why = reason(ranked[0].offer, best, len(ranked))
        return Assignment(task.id, best[0].host, best[0].expert_id, why, tuple(best[: self._candidate_count]))

    def shortlist(self, task: Task, known: Circumstances = NOTHING_KNOWN) -> Sequence[Ranked]:
        """Returns the best few experts for a task, each once, on the host that is best for it; errors as `assign`."""
        found: dict[str, Ranked] = {}
        for item in self._ranked(task, known):
            found.setdefault(item.offer.expert.id, item)
            if len(found) == self._candidate_count:
                break
        return tuple(found.values())

    def place(self, task: Task, expert_id: str, known: Circumstances = NOTHING_KNOWN) -> Candidate | None:
        """Returns an expert for a task on the host that is best for it; None where none can be given to any more."""
        try:
            ranked = self._ranked(task, known)
        except OrchestrionError:
            return None
        return next((item.candidate for item in ranked if item.offer.expert.id == expert_id), None)

    def promise(self, assignment: Assignment) -> None:
        """Counts an assignment from now on, so that the next choice sees it before its host reports it."""
        self._underway.promise((assignment.host, assignment.expert_id))

    def begin(self, pair: Pair) -> Begun:
        """Counts a call; `end` takes what this returns."""
        offer = self._registry.offer(*pair)
        self._underway.begin(pair)
        before = self._underway.of(pair).without_one()
        timing, estimate_s = None, 0.0
        if offer is not None:
            seen = self._observations.seen(pair, offer.status.latency_ms / 1000)
            timing, estimate_s = expected(offer, before, seen), estimated_s(offer)
        return Begun(pair, self._clock(), timing, estimate_s)

    def end(self, begun: Begun, error: OrchestrionError | None = None, *, cancelled: bool = False) -> None:
        """Counts a call no longer, and learns from it.

        Args:
            begun: The call.
            error: What it failed with; None when it succeeded.
            cancelled: Whether it was given up, which says nothing.
        """
        self._underway.end(begun.pair)
        if cancelled:
            return
        if error is None:
            took_s = self._clock() - begun.time_s
            self._observations.succeeded(begun.pair, took_s, begun.expected, begun.estimated_s)
        else:
            self._observations.failed(begun.pair, error)

    def _ranked(self, task: Task, known: Circumstances, avoid: Collection[Pair] = ()) -> list[Ranked]:
        demand = Demand.of(task, known)
        if self._licenses:
            demand = replace(demand, licenses=(self._licenses, *demand.licenses))
        self._underway.expire()
        all_offers = self._registry.offers(task.type)
        offers = [offer for offer in all_offers if scoring.servable(offer) and scoring.fits(demand, offer)]
        if not offers:
            raise refusal(demand, all_offers, has_hosts=bool(self._registry.hosts()))
        ranked = self._scored(demand, offers)
        if avoid:
            ranked.sort(key=lambda item: ((item.offer.host.name, item.offer.expert.id) in avoid, *_order(item)))
        else:
            ranked.sort(key=_order)
        return ranked

    def _everywhere(self, offers: Sequence[Offer]) -> Mapping[str, Everywhere]:
        """Sums up what is known of experts over all of their hosts, by id; those of which nothing is are left out."""
        times: dict[str, list[float]] = {}
        waiting: Counter[str] = Counter()
        for offer in offers:
            status, expert_id = offer.status, offer.expert.id
            if status.latency_ms > 0:
                times.setdefault(expert_id, []).append(status.latency_ms / 1000)
            given_out = self._underway.of((offer.host.name, expert_id)).expert_count
            if (count := max(status.queued_count, given_out - status.running_count)) > 0:
                waiting[expert_id] += count
        return {
            expert_id: Everywhere(sum(known := times.get(expert_id, [])) / max(1, len(known)), waiting[expert_id])
            for expert_id in times.keys() | waiting.keys()
        }

    def _scored(self, demand: Demand, offers: Sequence[Offer]) -> list[Ranked]:
        everywhere, twins = self._everywhere(offers), _twins(offers)
        fitness: dict[int, tuple[float, Mapping[str, float]]] = {}
        scored = []
        for offer in offers:
            pair = (offer.host.name, offer.expert.id)
            known = fitness.get(id(offer.expert))
            if known is None:
                terms = scoring.fitness(demand, offer.expert)
                known = fitness[id(offer.expert)] = sum(terms.values()), terms
            seen = self._observations.seen(pair, offer.status.latency_ms / 1000)
            others = twins.get((offer.host.name, offer.expert.model), ())
            prompt = scoring.promptness(
                offer, self._underway.of(pair), seen, everywhere.get(offer.expert.id, NOWHERE), others
            )
            scored.append(Ranked(offer, sum(prompt.values()) + known[0], prompt, known[1]))
        return scored


def _twins(offers: Sequence[Offer]) -> Mapping[Pair, Sequence[Offer]]:
    """Returns the offers of one model on several runtimes of a host, by host and model."""
    found: dict[Pair, list[Offer]] = {}
    for offer in offers:
        found.setdefault((offer.host.name, offer.expert.model), []).append(offer)
    return {pair: alike for pair, alike in found.items() if len(alike) > 1}


def _order(item: Ranked) -> tuple[float, str]:
    return -item.score, item.offer.host.name
