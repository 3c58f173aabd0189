"""Assigns tasks by rank: filter, score, keep the best few, take the first."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from orchestrion.errors import OrchestrionError
from orchestrion.experts import Assignment, Candidate
from orchestrion.plans import Task
from orchestrion_controller import languages
from orchestrion_controller.cures import Cures
from orchestrion_controller.dispatch import NO_CONTEXT, SelectionContext
from orchestrion_controller.registry.registry import Registry
from orchestrion_controller.registry.replicas import Replica, ReplicaKey
from orchestrion_controller.selector import scoring
from orchestrion_controller.selector.equivalents import equivalents
from orchestrion_controller.selector.errors import no_replica
from orchestrion_controller.selector.in_flight import InFlightCalls
from orchestrion_controller.selector.languages import fits_language, language_of
from orchestrion_controller.selector.observations import Observations
from orchestrion_controller.selector.reasons import reason
from orchestrion_controller.selector.requirements import TaskRequirements, names_language, read_texts
from orchestrion_controller.selector.timing import (
    NO_FLEET_AVERAGE,
    FleetAverage,
    TimeEstimate,
    estimate,
    size_based_s,
)


class RankedReplica(NamedTuple):
    """A replica and its score for a task."""

    replica: Replica
    """The expert on a host."""
    score: float
    """The sum of all terms."""
    replica_terms: Mapping[str, float]
    """Those that depend on where the expert is."""
    expert_terms: Mapping[str, float]
    """Those that depend on what the expert is."""

    @property
    def candidate(self) -> Candidate:
        """The candidate as the event has it."""
        features = {**self.replica_terms, **self.expert_terms}
        return Candidate(self.replica.host.name, self.replica.expert.id, self.score, features)


class StartedCall:
    """A call in flight with its expected duration: its end updates the selector's observations."""

    def __init__(
        self,
        replica: ReplicaKey,
        *,
        expected: TimeEstimate | None,
        size_based_s: float,
        clock: Callable[[], float],
        in_flight: InFlightCalls,
        observations: Observations,
        is_measured: bool = False,
    ) -> None:
        """Counts the call as in flight.

        Args:
            replica: The expert on the host.
            expected: The estimate of its time; None where there is none.
            size_based_s: The estimate of its computing by the expert's size alone, in seconds; 0 where there is none.
            clock: A monotonic clock, in seconds.
            in_flight: Where it is counted.
            observations: Where its measurement is added.
            is_measured: Whether earlier calls of this replica were measured.
        """
        self.expected_s = sum(expected[:4]) if expected is not None and is_measured else None
        """How long it is expected to take by what earlier calls took, in seconds; None where none was measured."""
        self.replica = replica
        self._expected = expected
        self._size_based_s = size_based_s
        self._clock = clock
        self._start_s = clock()
        self._in_flight = in_flight
        self._observations = observations

    def end(self, error: OrchestrionError | None = None, *, cancelled: bool = False) -> None:
        """Ends the count of the call, and records its measurement.

        Args:
            error: What it failed with; None when it succeeded.
            cancelled: Whether it was cancelled: then nothing is recorded.
        """
        self._in_flight.end(self.replica)
        if cancelled:
            return
        if error is None:
            took_s = self._clock() - self._start_s
            self._observations.succeeded(self.replica, took_s, self._expected, self._size_based_s)
        else:
            self._observations.failed(self.replica, error)


class Selector:
    """Chooses among the registry's replicas, and tracks its assignments and the calls that follow."""

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
            registry: The hosts and their experts.
            candidate_count: How many candidates an assignment keeps.
            licenses: The licences that experts may have; none allows all. Requests can only allow fewer.
            clock: A monotonic clock, in seconds.
        """
        self._registry = registry
        self._candidate_count = candidate_count
        self._licenses = tuple(licenses)
        self._clock = clock
        self._in_flight = InFlightCalls(clock)
        self._observations = Observations(clock)

    def assign(
        self, task: Task, context: SelectionContext = NO_CONTEXT, avoid: Collection[ReplicaKey] = ()
    ) -> Assignment:
        """Chooses an expert for a task.

        Args:
            task: The task.
            context: The selection context.
            avoid: Replicas that failed at it; they come last.

        Raises:
            FailedPreconditionError: No host has an expert for it, its language, its domain, its licences and its other
                values (`NO_EXPERT`), none has its files (`EXPERT_NOT_FETCHED`), or none has a device that is large
                enough (`EXPERT_TOO_LARGE`).
        """
        ranked = self._ranked(task, context, avoid)
        # The reason compares the first with the second, even where only the first is kept.
        best = [item.candidate for item in ranked[: max(2, self._candidate_count)]]
        why = reason(ranked[0].replica, best, len(ranked))
        return Assignment(task.id, best[0].host, best[0].expert_id, why, tuple(best[: self._candidate_count]))

    def shortlist(self, task: Task, context: SelectionContext = NO_CONTEXT) -> Sequence[RankedReplica]:
        """Returns the best few experts for a task, each once, on the host that is best for it; errors as `assign`."""
        best: dict[str, RankedReplica] = {}
        for item in self._ranked(task, context):
            best.setdefault(item.replica.expert.id, item)
            if len(best) == self._candidate_count:
                break
        return tuple(best.values())

    def best_replica(self, task: Task, expert_id: str, context: SelectionContext = NO_CONTEXT) -> Candidate | None:
        """Returns an expert for a task on the host that is best for it; None where no replica is eligible any more."""
        try:
            ranked = self._ranked(task, context)
        except OrchestrionError:
            return None
        return next((item.candidate for item in ranked if item.replica.expert.id == expert_id), None)

    def placements(self, task: Task, expert_id: str) -> Assignment | None:
        """Chooses where an expert that is chosen already performs a task: every host that can have it, best first.

        The operator's licences hold. Language and domain do not matter: whoever chose the expert knows what it is for.

        Returns:
            An assignment whose candidates are all of its replicas; None where no host can have it.
        """
        requirements = TaskRequirements(task, operator_licenses=self._licenses)
        self._in_flight.expire()
        replicas = [
            item
            for item in self._registry.replicas(task.type)
            if item.expert.id == expert_id and scoring.servable(item) and scoring.fits_as_chosen(requirements, item)
        ]
        if not replicas:
            return None
        ranked = sorted(
            self._scored(requirements, replicas),
            key=lambda item: (self._observations.is_open(item.replica.key), *_order(item)),
        )
        candidates = tuple(item.candidate for item in ranked)
        why = reason(ranked[0].replica, candidates, len(ranked))
        return Assignment(task.id, candidates[0].host, expert_id, why, candidates)

    async def prepare(self, task: Task, context: SelectionContext = NO_CONTEXT) -> None:
        """Loads what tells the language of a task's texts, where it has any or a language is named for it."""
        if read_texts(task, context) or names_language(task):
            await languages.prepared()

    async def reassign(self, task: Task, assignment: Assignment, context: SelectionContext = NO_CONTEXT) -> Assignment:
        """Returns an assignment anew where the texts of the task turn out to be in languages that the expert lacks.

        Args:
            task: The task, its inputs as they are now.
            assignment: What was assigned before they existed.
            context: The selection context.

        Raises:
            FailedPreconditionError: As `assign`.
        """
        await self.prepare(task, context)
        replica = self._registry.replica(assignment.host, assignment.expert_id)
        if replica is None or fits_language(TaskRequirements(task, context), replica.expert):
            return assignment
        other = self.assign(task, context)
        reason = f"{other.reason} {assignment.expert_id} lacks the language that the text turned out to be in."
        return replace(other, reason=reason)

    async def text_language(
        self, task: Task, replica: ReplicaKey, name: str, context: SelectionContext = NO_CONTEXT
    ) -> str:
        """Returns the language of a task's text as an expert takes it for an input; empty where that is not clear.

        Args:
            task: The task.
            replica: The expert on a host.
            name: The input.
            context: The selection context.
        """
        listed, texts = self._registry.replica(*replica), read_texts(task, context)
        if listed is None or not texts:
            return ""
        await self.prepare(task, context)
        accepted = [item.values for item in listed.expert.accepts if item.input == name]
        # People mostly have texts in the language that they ask in.
        expected = languages.detect(context.request, default="") if context.request else ""
        return language_of(max(texts, key=len), expected, *accepted or [listed.expert.languages])

    def count_assignment(self, assignment: Assignment) -> None:
        """Counts an assignment as load from now on, so that the next choice sees it before its host reports it."""
        self._in_flight.assign((assignment.host, assignment.expert_id))

    def begin(self, replica: ReplicaKey) -> StartedCall:
        """Counts a call as in flight, until its `end`."""
        listed = self._registry.replica(*replica)
        self._in_flight.begin(replica)
        before = self._in_flight.of(replica).without_one()
        expected, by_size_s, is_measured = None, 0.0, False
        if listed is not None:
            observed = self._observations.of(replica, listed.status.latency_ms / 1000)
            expected, by_size_s = estimate(listed, before, observed), size_based_s(listed)
            is_measured = observed.compute_s > 0
        self._observations.began(replica)
        return StartedCall(
            replica,
            expected=expected,
            size_based_s=by_size_s,
            clock=self._clock,
            in_flight=self._in_flight,
            observations=self._observations,
            is_measured=is_measured,
        )

    def _ranked(self, task: Task, context: SelectionContext, avoid: Collection[ReplicaKey] = ()) -> list[RankedReplica]:
        requirements = TaskRequirements(task, context, self._licenses)
        self._in_flight.expire()
        listed = self._registry.replicas(task.type)
        replicas = [item for item in listed if scoring.servable(item) and scoring.fits(requirements, item)]
        if not replicas:
            cures = Cures(self._registry.absent_experts(), has_hosts=bool(self._registry.hosts()))
            task_type = self._registry.definitions.get(task.type)
            raise no_replica(requirements, listed, cures, task_type=task_type, request=context.request)
        ranked = self._scored(requirements, replicas)
        ranked.sort(
            key=lambda item: (
                item.replica.key in avoid,
                self._observations.is_open(item.replica.key),
                *_order(item),
            )
        )
        return ranked

    def _fleet_averages(self, replicas: Sequence[Replica]) -> Mapping[str, FleetAverage]:
        """Averages what hosts report of their replicas, by expert; experts without a report are left out."""
        times: dict[str, list[float]] = {}
        waiting: Counter[str] = Counter()
        for replica in replicas:
            status, expert_id = replica.status, replica.expert.id
            if status.latency_ms > 0:
                times.setdefault(expert_id, []).append(status.latency_ms / 1000)
            in_flight_count = self._in_flight.of(replica.key).replica_count
            if (count := max(status.queued_count, in_flight_count - status.running_count)) > 0:
                waiting[expert_id] += count
        return {
            expert_id: FleetAverage(sum(seconds := times.get(expert_id, [])) / max(1, len(seconds)), waiting[expert_id])
            for expert_id in times.keys() | waiting.keys()
        }

    def _scored(self, requirements: TaskRequirements, replicas: Sequence[Replica]) -> list[RankedReplica]:
        averages, by_model = self._fleet_averages(replicas), equivalents(replicas)
        # Hosts with the same expert share one object.
        by_expert: dict[int, tuple[float, Mapping[str, float]]] = {}
        scored = []
        for replica in replicas:
            expert = by_expert.get(id(replica.expert))
            if expert is None:
                expert_terms = scoring.expert_terms(requirements, replica.expert)
                expert = by_expert[id(replica.expert)] = sum(expert_terms.values()), expert_terms
            replica_terms = scoring.replica_terms(
                replica,
                self._in_flight.of(replica.key),
                self._observations.of(replica.key, replica.status.latency_ms / 1000),
                averages.get(replica.expert.id, NO_FLEET_AVERAGE),
                by_model.get((replica.host.name, replica.expert.model), ()),
            )
            scored.append(RankedReplica(replica, sum(replica_terms.values()) + expert[0], replica_terms, expert[1]))
        return scored


def _order(item: RankedReplica) -> tuple[float, str]:
    return -item.score, item.replica.host.name
