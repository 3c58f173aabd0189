"""Assigns tasks by rank: filter, score, keep the best few, take the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.experts import Assignment, Candidate, ExpertState
from orchestrion.plans import Task
from orchestrion_controller.registry.registry import Offer, Registry
from orchestrion_controller.selector import scoring

Pair = tuple[str, str]
"""A host's name and an expert's id."""


class Selector:
    """Chooses among what the registry lists, and remembers what it assigned until the task ends."""

    def __init__(self, registry: Registry, candidate_count: int) -> None:
        """Keeps the registry.

        Args:
            registry: What there is.
            candidate_count: How many candidates an assignment keeps.
        """
        self._registry = registry
        self._candidate_count = candidate_count
        self._assigned: Counter[Pair] = Counter()

    def assign(self, task: Task, avoid: Collection[Pair] = ()) -> Assignment:
        """Chooses an expert for a task.

        Args:
            task: The task.
            avoid: Experts on hosts that failed at it; they come last.

        Raises:
            FailedPreconditionError: No host has an expert for it, its domain and its other values (`NO_EXPERT`), none
                has its files (`EXPERT_NOT_FETCHED`), or none has a device that is large enough (`EXPERT_TOO_LARGE`).
        """
        offers = [
            offer
            for offer in self._registry.offers(task.type)
            if scoring.fits_domain(task, offer) and scoring.accepts(task, offer)
        ]
        ranked = sorted(
            (self._candidate(task, offer, offers) for offer in offers if scoring.servable(offer)),
            key=lambda candidate: ((candidate.host, candidate.expert_id) in avoid, -candidate.score, candidate.host),
        )
        if not ranked:
            raise self._none(task, offers)
        best = ranked[0]
        reason = _reason(next(offer for offer in offers if _pair(offer) == (best.host, best.expert_id)), len(ranked))
        return Assignment(task.id, best.host, best.expert_id, reason, tuple(ranked[: self._candidate_count]))

    def begin(self, pair: Pair) -> None:
        """Counts a task as assigned, so that the next choice sees it before the host reports it."""
        self._assigned[pair] += 1

    def end(self, pair: Pair) -> None:
        """Counts a task as no longer assigned."""
        self._assigned[pair] -= 1
        if self._assigned[pair] <= 0:
            del self._assigned[pair]

    def _candidate(self, task: Task, offer: Offer, offers: Collection[Offer]) -> Candidate:
        found = scoring.features(task, offer, self._assigned[_pair(offer)], offers)
        return Candidate(offer.host.name, offer.expert.id, sum(found.values()), found)

    def _none(self, task: Task, offers: Collection[Offer]) -> OrchestrionError:
        where = {"task_id": task.id, "task_type": task.type}
        large = [offer for offer in offers if offer.obtainable]
        if large:
            needed = min(scoring.needed_bytes(offer) for offer in large)
            total = max((device.total_bytes for offer in large for device in offer.host.devices), default=0)
            message = (
                f"Task {task.id!r}: every expert for {task.type} is too large; the smallest needs {needed} bytes, "
            )
            message += f"the largest device has {total}."
            return Reason.EXPERT_TOO_LARGE.error(message, where, needed_bytes=str(needed), total_bytes=str(total))
        if not self._registry.hosts():
            message = f"Task {task.id!r}: no model host is listed; start one with `orchestrion up`."
            return Reason.NO_EXPERT.error(message, where)
        absent = sorted({offer.expert.id for offer in offers if offer.status.state is ExpertState.TO_BE_FETCHED})
        if absent:
            message = f"Task {task.id!r}: the files of {', '.join(absent[:3])}, which could do {task.type}, are on no "
            message += f"host yet; fetch them with `orchestrion models pull {absent[0]}`."
            return Reason.EXPERT_NOT_FETCHED.error(message, where, expert=absent[0])
        what = task.type
        if domain := scoring.domain_of(task):
            what = f"{task.type} of the domain {domain!r}"
            where["domain"] = domain
        elif refused := _refused(task, self._registry.offers(task.type)):
            what = f"{task.type} with {refused} {task.inputs[refused]!r}"
            where["field"] = f"inputs.{refused}"
        message = f"Task {task.id!r}: no listed host has a working expert for {what}; see `orchestrion experts`."
        return Reason.NO_EXPERT.error(message, where)


def _refused(task: Task, offers: Collection[Offer]) -> str:
    """Names the first input whose value some expert does not take; empty for none."""
    for offer in offers:
        for item in offer.expert.accepts:
            if isinstance(value := task.inputs.get(item.input), str) and value not in item.values:
                return item.input
    return ""


def _pair(offer: Offer) -> Pair:
    return offer.host.name, offer.expert.id


def _reason(offer: Offer, count: int) -> str:
    state = {
        ExpertState.LOADED: "is loaded",
        ExpertState.LOADING: "is being loaded",
        ExpertState.LOADABLE: "can be loaded",
        ExpertState.FAILED: "is all there is, though its last load failed",
        ExpertState.TO_BE_FETCHED: "can be fetched",
    }[offer.status.state]
    rank = "the only candidate" if count == 1 else f"first of {count} candidates"
    return f"{offer.expert.id} {state} on {offer.host.name.removeprefix('hosts/')}; {rank}."
