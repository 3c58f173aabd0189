"""How good an expert on a host is for a task: the sum of the terms that `terms` describes. Pure functions, no I/O."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import lru_cache

from orchestrion.experts import Expert, ExpertState, InputLimit
from orchestrion.values import Value
from orchestrion_controller.dispatch import InputSize
from orchestrion_controller.registry.replicas import Replica
from orchestrion_controller.selector import terms
from orchestrion_controller.selector.equivalents import runtime_penalty
from orchestrion_controller.selector.languages import SOURCE_LANGUAGE, fits_language, listed
from orchestrion_controller.selector.licenses import allowed, kind
from orchestrion_controller.selector.requirements import TaskRequirements, stems
from orchestrion_controller.selector.timing import (
    NO_FLEET_AVERAGE,
    NO_LOAD,
    NOTHING_OBSERVED,
    FleetAverage,
    InFlightLoad,
    Observed,
    estimate,
    needed_bytes,
)


def servable(replica: Replica) -> bool:
    """Whether the host can serve it: missing files can be fetched, and some device is large enough."""
    if not replica.is_available:
        return False
    return needed_bytes(replica) <= replica.summary.total_bytes


def fits(requirements: TaskRequirements, replica: Replica) -> bool:
    """Whether the expert is eligible for the task: domain, values, licence and language."""
    return fits_otherwise(requirements, replica) and fits_language(requirements, replica.expert)


def fits_otherwise(requirements: TaskRequirements, replica: Replica) -> bool:
    """Whether the expert is eligible but for its languages."""
    return fits_domain(requirements, replica) and fits_as_chosen(requirements, replica)


def fits_as_chosen(requirements: TaskRequirements, replica: Replica) -> bool:
    """Whether an expert that somebody chose for the task can do it: values and licence."""
    return accepts(requirements, replica) and licensed(requirements, replica)


def fits_domain(requirements: TaskRequirements, replica: Replica) -> bool:
    """Whether the expert is for general use or the domain that the task asks for; where it asks for none, all fit."""
    return not requirements.domain or replica.expert.domain.lower() in ("", requirements.domain)


def licensed(requirements: TaskRequirements, replica: Replica) -> bool:
    """Whether the expert has a licence that the operator and the request allow."""
    return not requirements.licenses or all(allowed(replica.expert.license, wanted) for wanted in requirements.licenses)


def accepts(requirements: TaskRequirements, replica: Replica) -> bool:
    """Whether the expert takes the task's values for inputs of which it takes certain values only.

    A value that is another task's output does not exist yet: the expert itself checks it.
    """
    if not replica.expert.accepts:
        return True
    inputs = requirements.task.inputs
    return all(
        item.input not in inputs or takes_value(inputs[item.input], item.values) for item in replica.expert.accepts
    )


def takes_value(value: Value, accepted: Sequence[str]) -> bool:
    """Whether a value is among those that an expert takes of an input; of an input without any it takes none."""
    return bool(accepted) and (not isinstance(value, str) or value in accepted)


def features(
    requirements: TaskRequirements,
    replica: Replica,
    *,
    in_flight: InFlightLoad = NO_LOAD,
    observed: Observed = NOTHING_OBSERVED,
    average: FleetAverage = NO_FLEET_AVERAGE,
    equivalents: Collection[Replica] = (),
) -> dict[str, float]:
    """Computes the terms of a servable replica, by name; the score is their sum.

    Args:
        requirements: The requirements of the task.
        replica: The expert on a host.
        in_flight: Calls of this controller that have not ended.
        observed: What this controller measured of it.
        average: What is reported of the expert over all hosts.
        equivalents: Replicas of the same model on the same host; it may be among them.
    """
    return {
        **replica_terms(replica, in_flight, observed, average, equivalents),
        **expert_terms(requirements, replica.expert),
    }


def replica_terms(
    replica: Replica,
    in_flight: InFlightLoad,
    observed: Observed,
    average: FleetAverage,
    equivalents: Collection[Replica],
) -> dict[str, float]:
    """Computes the terms that depend on where the expert is, and on nothing of the task; arguments as `features`."""
    timing = estimate(replica, in_flight, observed, average)
    time_s = timing.load_s
    if not timing.partial:
        # Loading another copy also serves the calls that wait for the expert elsewhere.
        time_s /= 1 + terms.LOAD_SHARED * average.waiting_count
    loaded = time_cost(time_s)
    # Most experts displace nobody and wait for nobody; this is the innermost part of a choice.
    displaced = waited = loaded
    if timing.displace_s:
        time_s += timing.displace_s
        displaced = waited = time_cost(time_s)
    if timing.wait_s:
        time_s += timing.wait_s
        waited = time_cost(time_s)
    failures = observed.failure_count + (replica.status.state is ExpertState.FAILED)
    return {
        "state": loaded,
        "memory": displaced - loaded,
        "queue": waited - displaced,
        "latency": time_cost(time_s + timing.compute_s) - waited,
        "failures": -min(terms.MOST_FOR_FAILURES, terms.FAILURE * failures) if failures else 0.0,
        "thrift": -terms.THRIFT * needed_bytes(replica) / max(1, replica.summary.total_bytes),
        "runtime": runtime_penalty(replica, equivalents) if equivalents else 0.0,
    }


def expert_terms(requirements: TaskRequirements, expert: Expert) -> dict[str, float]:
    """Computes the terms that depend on what the expert is, wherever it is."""
    return {
        "popularity": _popularity(expert.download_count, expert.like_count),
        "accuracy": _accuracy(expert.accuracy) if expert.accuracy else 0.0,
        "default": terms.DEFAULT if requirements.task.type in expert.default_for else 0.0,
        "choice": _choice(requirements, expert) if expert.accepts else 0.0,
        "words": _words(requirements, expert),
        "language": _language(requirements, expert) if expert.languages and requirements.language else 0.0,
        "domain": _domain(requirements, expert),
        "size": _size(requirements, expert) if expert.input_limits else 0.0,
        "license": terms.LICENSE[kind(expert.license)],
    }


def time_cost(seconds: float) -> float:
    """Returns the cost of a time in points: 0 for none, then one more for each doubling from 0.1 s on."""
    return -min(terms.MOST_FOR_TIME, math.log2(1 + seconds / terms.TIME_UNIT_S)) if seconds else 0.0


def _accuracy(accuracy: float) -> float:
    errors = max(1 - accuracy, 1e-9)
    halvings = -terms.ACCURACY * math.log2(errors / terms.USUAL_ERRORS)
    return min(terms.MOST_FOR_ACCURACY, max(terms.LEAST_FOR_ACCURACY, halvings))


def _choice(requirements: TaskRequirements, expert: Expert) -> float:
    points = 0.0
    for item in expert.accepts:
        if item.input in requirements.task.inputs or not item.values:
            continue
        if item.input == SOURCE_LANGUAGE and requirements.text_language:
            if requirements.text_language not in listed(item.values):
                points -= terms.LANGUAGE_LACKING
        else:
            points -= terms.CHOICE
    return max(-terms.LANGUAGE_LACKING, points)


def _words(requirements: TaskRequirements, expert: Expert) -> float:
    shared = len(requirements.words & _stems_of(expert.description, expert.domain)) if requirements.words else 0
    return min(terms.MOST_FOR_WORDS, terms.WORD * shared)


def _language(requirements: TaskRequirements, expert: Expert) -> float:
    own = listed(expert.languages)
    if not own:
        return 0.0
    return terms.LANGUAGE + terms.LANGUAGE_OWN / len(own) if requirements.language in own else -terms.LANGUAGE_LACKING


def _domain(requirements: TaskRequirements, expert: Expert) -> float:
    domain = expert.domain.lower()
    if domain == requirements.domain:
        return terms.DOMAIN
    spoken_of = domain and not requirements.domain and not requirements.words.isdisjoint(stems(domain))
    return terms.DOMAIN_SPOKEN_OF if spoken_of else 0.0


def _size(requirements: TaskRequirements, expert: Expert) -> float:
    sizes = requirements.sizes
    excess = max((_excess(sizes.get(limit.input, InputSize()), limit) for limit in expert.input_limits), default=0.0)
    return -min(terms.MOST_FOR_TOO_LARGE, terms.TOO_LARGE + math.log2(excess)) if excess > 1 else 0.0


def _excess(size: InputSize, limit: InputLimit) -> float:
    """How many times as large an input is as it may be; 0 where its size or the limit is not known."""
    limits = (
        (size.character_count, limit.max_character_count),
        (size.duration_ms, limit.max_duration_ms),
        (size.size_bytes, limit.max_size_bytes),
    )
    return max(measured / most if most else 0.0 for measured, most in limits)


@lru_cache(maxsize=4096)
def _popularity(download_count: int, like_count: int) -> float:
    downloads = terms.DOWNLOADS * _share(download_count, terms.MOST_DOWNLOADS)
    return downloads + terms.LIKES * _share(like_count, terms.MOST_LIKES)


def _share(count: int, most: float) -> float:
    return min(1.0, math.log1p(count) / math.log1p(most))


@lru_cache(maxsize=4096)
def _stems_of(description: str, domain: str) -> frozenset[str]:
    return stems(f"{description} {domain}")
