"""One model on two runtimes of a host, as a checkpoint and its export to ONNX are: which of them is faster. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from orchestrion.experts import ExpertState
from orchestrion_controller.registry.offers import Offer
from orchestrion_controller.selector import terms

_READY: Final = (ExpertState.LOADED, ExpertState.LOADING, ExpertState.LOADABLE)
_CLEARLY_FASTER: Final = 1.25


def handicap(offer: Offer, offers: Iterable[Offer]) -> float:
    """Returns what an offer loses to a twin that was measured to be faster on the same host; 0 where there is none.

    Slight where they are nearly alike: then the one that is loaded stays the better choice, and calls do not move to
    and fro between the two. Clear from a quarter on, which is worth a load. Slight as well where the other one's speed
    alone is known, since "not measured yet" is no speed; but not on a host with a graphics device, on which checkpoints
    run and exports do not.
    """
    own = offer.status.latency_ms
    unknown_is_slower = all(device.name == "cpu" for device in offer.host.devices)
    lost = 0.0
    for other in offers:
        theirs = other.status.latency_ms
        if not theirs or not _are_twins(offer, other) or other.status.state not in _READY:
            continue
        if own >= theirs * _CLEARLY_FASTER:
            lost = -terms.TWIN_CLEARLY_FASTER
        elif own > theirs or (not own and unknown_is_slower):
            lost = min(lost, -terms.TWIN_FASTER)
    return lost


def _are_twins(one: Offer, other: Offer) -> bool:
    return (
        one.host.name == other.host.name
        and one.expert.model == other.expert.model
        and one.expert.runtime != other.expert.runtime
    )
