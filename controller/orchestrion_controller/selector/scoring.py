"""How good an expert on a host is for a task: the sum of the terms that `terms` describes. Pure functions, no I/O."""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import lru_cache

from orchestrion.experts import Expert, ExpertState, InputLimit
from orchestrion_controller.registry.offers import Offer
from orchestrion_controller.selector import languages, terms, twins
from orchestrion_controller.selector.demand import Demand, Size, stems
from orchestrion_controller.selector.licenses import allowed, kind
from orchestrion_controller.selector.timing import (
    NOTHING_SEEN,
    NOTHING_UNDERWAY,
    NOWHERE,
    Everywhere,
    Seen,
    Underway,
    expected,
    needed_bytes,
)


def servable(offer: Offer) -> bool:
    """Whether the host could do it: what the expert lacks can be had, and some device is large enough."""
    if not offer.obtainable:
        return False
    return needed_bytes(offer) <= offer.summary.total_bytes


def fits(demand: Demand, offer: Offer) -> bool:
    """Whether the expert may be given the task at all: domain, values and licence."""
    return fits_domain(demand, offer) and accepts(demand, offer) and licensed(demand, offer)


def fits_domain(demand: Demand, offer: Offer) -> bool:
    """Whether the expert is for general use or the domain that the task asks for; where it asks for none, all fit."""
    return not demand.domain or offer.expert.domain.lower() in ("", demand.domain)


def licensed(demand: Demand, offer: Offer) -> bool:
    """Whether the expert has a licence that the operator and the request allow."""
    return not demand.licenses or all(allowed(offer.expert.license, wanted) for wanted in demand.licenses)


def accepts(demand: Demand, offer: Offer) -> bool:
    """Whether the expert takes the values that the task gives to inputs of which it takes some only.

    A value that is another task's output is not known yet: the expert itself will tell.
    """
    if not offer.expert.accepts:
        return True
    given = demand.task.inputs
    return all(
        item.input not in given or not isinstance(given[item.input], str) or given[item.input] in item.values
        for item in offer.expert.accepts
    )


def features(
    demand: Demand,
    offer: Offer,
    *,
    underway: Underway = NOTHING_UNDERWAY,
    seen: Seen = NOTHING_SEEN,
    everywhere: Everywhere = NOWHERE,
    others: Collection[Offer] = (),
) -> dict[str, float]:
    """Computes the terms of a servable offer, by name; the score is their sum.

    Args:
        demand: What is to be done.
        offer: The expert on a host.
        underway: Calls of this controller that have not ended.
        seen: What this controller saw of it.
        everywhere: What is known of the expert over all hosts.
        others: What else is offered for the task by the same host; it may be among them.
    """
    return {**promptness(offer, underway, seen, everywhere, others), **fitness(demand, offer.expert)}


def promptness(
    offer: Offer, underway: Underway, seen: Seen, everywhere: Everywhere, others: Collection[Offer]
) -> dict[str, float]:
    """Computes the terms that depend on where the expert is, and on nothing of the task; arguments as `features`."""
    timing = expected(offer, underway, seen, everywhere)
    time_s = timing.load_s
    if not timing.partial:
        # One more copy serves the others that wait for the expert, too.
        time_s /= 1 + terms.LOAD_SHARED * everywhere.waiting_count
    loaded = points(time_s)
    # Most experts displace nobody and wait for nobody; this is the innermost part of a choice.
    displaced = waited = loaded
    if timing.displace_s:
        time_s += timing.displace_s
        displaced = waited = points(time_s)
    if timing.wait_s:
        time_s += timing.wait_s
        waited = points(time_s)
    failures = seen.failure_count + (offer.status.state is ExpertState.FAILED)
    return {
        "state": loaded,
        "memory": displaced - loaded,
        "queue": waited - displaced,
        "latency": points(time_s + timing.compute_s) - waited,
        "failures": -min(terms.MOST_FOR_FAILURES, terms.FAILURE * failures) if failures else 0.0,
        "thrift": -terms.THRIFT * needed_bytes(offer) / max(1, offer.summary.total_bytes),
        "twin": twins.handicap(offer, others) if others else 0.0,
    }


def fitness(demand: Demand, expert: Expert) -> dict[str, float]:
    """Computes the terms that depend on what the expert is, wherever it is."""
    return {
        "popularity": _popularity(expert.download_count, expert.like_count),
        "accuracy": _accuracy(expert.accuracy) if expert.accuracy else 0.0,
        "default": terms.DEFAULT if demand.task.type in expert.default_for else 0.0,
        "choice": _choice(demand, expert) if expert.accepts else 0.0,
        "words": _words(demand, expert),
        "language": _language(demand, expert) if expert.languages and demand.language else 0.0,
        "domain": _domain(demand, expert),
        "size": _size(demand, expert) if expert.input_limits else 0.0,
        "license": terms.LICENSE[kind(expert.license)],
    }


def points(seconds: float) -> float:
    """Returns what a time costs: nothing for none, and a point for each doubling from a tenth of a second on."""
    return -min(terms.MOST_FOR_TIME, math.log2(1 + seconds / terms.TIME_UNIT_S)) if seconds else 0.0


def _accuracy(accuracy: float) -> float:
    errors = max(1 - accuracy, 1e-9)
    halvings = -terms.ACCURACY * math.log2(errors / terms.USUAL_ERRORS)
    return min(terms.MOST_FOR_ACCURACY, max(terms.LEAST_FOR_ACCURACY, halvings))


def _choice(demand: Demand, expert: Expert) -> float:
    found = 0.0
    for item in expert.accepts:
        if item.input in demand.task.inputs:
            continue
        if item.input == "source_language" and demand.text_language:
            if demand.text_language not in languages.primaries(item.values):
                found -= terms.LANGUAGE_GUESSED_LACKING
        else:
            found -= terms.CHOICE
    return max(-terms.LANGUAGE_GUESSED_LACKING, found)


def _words(demand: Demand, expert: Expert) -> float:
    shared = len(demand.words & _about(expert.description, expert.domain)) if demand.words else 0
    return min(terms.MOST_FOR_WORDS, terms.WORD * shared)


def _language(demand: Demand, expert: Expert) -> float:
    listed = languages.primaries(expert.languages)
    if not listed:
        return 0.0
    if demand.language in listed:
        return terms.LANGUAGE + terms.LANGUAGE_OWN / len(listed)
    return -(terms.LANGUAGE_LACKING if demand.language_named else terms.LANGUAGE_GUESSED_LACKING)


def _domain(demand: Demand, expert: Expert) -> float:
    domain = expert.domain.lower()
    if domain == demand.domain:
        return terms.DOMAIN
    return terms.DOMAIN_SPOKEN_OF if not demand.domain and stems(domain) & demand.words else 0.0


def _size(demand: Demand, expert: Expert) -> float:
    excess = max((_excess(demand.sizes.get(limit.input, Size()), limit) for limit in expert.input_limits), default=0.0)
    return -min(terms.MOST_FOR_TOO_LARGE, terms.TOO_LARGE + math.log2(excess)) if excess > 1 else 0.0


def _excess(size: Size, limit: InputLimit) -> float:
    """How many times as large an input is as it may be; 0 where one of the two is not known."""
    pairs = (
        (size.character_count, limit.max_character_count),
        (size.duration_ms, limit.max_duration_ms),
        (size.size_bytes, limit.max_size_bytes),
    )
    return max(found / most if most else 0.0 for found, most in pairs)


@lru_cache(maxsize=4096)
def _popularity(download_count: int, like_count: int) -> float:
    downloads = terms.DOWNLOADS * _share(download_count, terms.MOST_DOWNLOADS)
    return downloads + terms.LIKES * _share(like_count, terms.MOST_LIKES)


def _share(count: int, most: float) -> float:
    return min(1.0, math.log1p(count) / math.log1p(most))


@lru_cache(maxsize=4096)
def _about(description: str, domain: str) -> frozenset[str]:
    return stems(f"{description} {domain}")
