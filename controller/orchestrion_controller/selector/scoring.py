"""How good an expert on a host is for a task: a sum of named features, each with its weight. Pure functions, no I/O.

| feature | meaning | range |
|---|---|---|
| state | loaded 4, loading 3, loadable 2, failed last time 0.5, to be fetched 0 | 0 to 4 |
| memory | it is loaded or fits into what is free on some device (1), or only after eviction (0.3) | 0.3 or 1 |
| thrift | minus the share of its device's memory that it takes, so that the smaller of two equals is taken | -1 to 0 |
| load | minus 0.25 for each request queued, running or assigned a moment ago, beyond one batch | -3 to 0 |
| latency | minus 0.3 times the base-10 logarithm of 1 + observed latency in ms; 0 before the first | -2 to 0 |
| twin | minus 0.5 or 5 where the same model is faster on another runtime of the host; see `twins` | -5 to 0 |
| popularity | downloads and likes, on a logarithmic scale | 0 to 1 |
| default | it is the project's default model for the task type | 0 or 1 |
| choice | minus 1 for each input that the task leaves open and of which it takes some values only | -1 to 0 each |
| language | the expert lists the language that the task names (1), or languages without that one (-20) | -20 to 1 |
| domain | made for the domain that the task names, or for general use where it names none | 0 or 6 |

Two of them decide whatever the rest says: an expert that lacks the language comes after every other, and one that is
loaded does not make up for the wrong domain.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Final

from orchestrion.experts import Expert, ExpertState
from orchestrion.plans import Task
from orchestrion_controller.registry.registry import Offer
from orchestrion_controller.selector import twins

_STATE: Final[Mapping[ExpertState, float]] = {
    ExpertState.LOADED: 4.0,
    ExpertState.LOADING: 3.0,
    ExpertState.LOADABLE: 2.0,
    ExpertState.FAILED: 0.5,
    ExpertState.TO_BE_FETCHED: 0.0,
}
_LANGUAGE_LACKING: Final = -20.0
_DOMAIN_FITTING: Final = 6.0
_MOST_DOWNLOADS: Final = 1e8
_MOST_LIKES: Final = 1e5


def servable(offer: Offer) -> bool:
    """Whether the host could do it: what the expert lacks can be had, and some device is large enough."""
    if not offer.obtainable:
        return False
    return needed_bytes(offer) <= max((device.total_bytes for device in offer.host.devices), default=0)


def domain_of(task: Task) -> str:
    """The domain that a task asks for by its input `domain`; empty for none."""
    named = task.inputs.get("domain")
    return named.lower() if isinstance(named, str) else ""


def fits_domain(task: Task, offer: Offer) -> bool:
    """Whether the expert is for general use or the domain that the task asks for; where it asks for none, all fit."""
    return not domain_of(task) or offer.expert.domain.lower() in ("", domain_of(task))


def accepts(task: Task, offer: Offer) -> bool:
    """Whether the expert takes the values that the task gives to inputs of which it takes some only.

    A value that is another task's output is not known yet: the expert itself will tell.
    """
    given = task.inputs
    return all(
        item.input not in given or not isinstance(given[item.input], str) or given[item.input] in item.values
        for item in offer.expert.accepts
    )


def needed_bytes(offer: Offer) -> int:
    """What the expert takes on a device, in bytes: measured if it ever was, else estimated."""
    return offer.status.memory_bytes or offer.expert.memory_bytes


def features(task: Task, offer: Offer, assigned_count: int, others: Collection[Offer] = ()) -> dict[str, float]:
    """Computes the features of a servable offer.

    Args:
        task: What is to be done.
        offer: The expert on a host.
        assigned_count: Tasks assigned to it that its reports do not show yet.
        others: What else is offered for the task; it may be among them.
    """
    expert, status = offer.expert, offer.status
    waiting = max(status.queued_count + status.running_count, assigned_count)
    return {
        "state": _STATE[status.state],
        "memory": _memory(offer),
        "thrift": -needed_bytes(offer) / max([1, *(device.total_bytes for device in offer.host.devices)]),
        "load": max(-3.0, -0.25 * (waiting // max(1, expert.max_batch_size))),
        "latency": max(-2.0, -0.3 * math.log10(1 + status.latency_ms)),
        "twin": twins.handicap(offer, others),
        "popularity": _share(expert.download_count, _MOST_DOWNLOADS) / 2 + _share(expert.like_count, _MOST_LIKES) / 2,
        "default": 1.0 if task.type in expert.default_for else 0.0,
        "choice": -1.0 * sum(item.input not in task.inputs for item in expert.accepts),
        "language": _language(task, expert),
        "domain": _DOMAIN_FITTING if expert.domain.lower() == domain_of(task) else 0.0,
    }


def _language(task: Task, expert: Expert) -> float:
    named = task.inputs.get("language", task.inputs.get("spoken_language"))
    listed = {_primary(tag) for tag in expert.languages} - {""}
    if not isinstance(named, str) or not named or not listed:
        return 0.0
    return 1.0 if _primary(named) in listed else _LANGUAGE_LACKING


def _primary(tag: str) -> str:
    """The primary subtag of a BCP 47 tag: `de` of `de-AT`."""
    return tag.split("-", maxsplit=1)[0].lower()


def _memory(offer: Offer) -> float:
    if offer.status.state is ExpertState.LOADED:
        return 1.0
    needed = needed_bytes(offer)
    return 1.0 if any(needed <= device.free_bytes for device in offer.host.devices) else 0.3


def _share(count: int, most: float) -> float:
    return min(1.0, math.log1p(count) / math.log1p(most))
