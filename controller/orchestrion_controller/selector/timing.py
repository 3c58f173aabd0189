"""How soon an expert on a host would have a result: what is loaded, displaced, waited for and computed. Pure.

Where something was measured, that counts; elsewhere the figures below do, which are rough on purpose: they put
experts in order until the first call has told.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from orchestrion.experts import ExpertState
from orchestrion_controller.registry.offers import Offer, is_loading

LOAD_S: Final = 1.0
"""What a load takes beside reading its bytes: a worker, a graph, a first call. Seconds."""
LOAD_BYTES_PER_S: Final = 5e8
"""How fast weights come from a disk onto a device."""
FETCH_BYTES_PER_S: Final = 2.5e7
"""How fast files come from a model hub: a line of 200 Mbit/s."""
GPU_S: Final = 0.005
CPU_S: Final = 0.02
"""What a call takes beside going through the weights, by the kind of the device, in seconds."""
GPU_BYTES_PER_S: Final = 2e10
CPU_BYTES_PER_S: Final = 2.5e9
"""How fast a call goes through weights, by the kind of the device."""
REMOTE_S: Final = 1.0
"""What a call to a hosted endpoint takes until one was measured, in seconds."""
LOADING_SHARE: Final = 0.5
"""How much of a load is still to come when one is found going on."""


class Underway(NamedTuple):
    """Calls of this controller that have not ended, whether or not reports show them yet."""

    expert_count: int = 0
    """Those for the expert on the host."""
    host_count: int = 0
    """Those for any expert on the host, this one included."""

    def without_one(self) -> Underway:
        """Leaves out one call for the expert."""
        return Underway(self.expert_count - 1, self.host_count - 1)


class Seen(NamedTuple):
    """What this controller saw of an expert on a host; 0 for what it did not see."""

    compute_s: float = 0.0
    """What a call took, waiting left out, in seconds."""
    load_s: float = 0.0
    """What a load took, in seconds."""
    failure_count: float = 0.0
    """Failed attempts, each counting less the longer ago it was."""
    pace: float = 1.0
    """How many times as long calls took, of all experts, as their sizes had suggested."""


class Everywhere(NamedTuple):
    """What is known of an expert over all hosts that have it."""

    compute_s: float = 0.0
    """What a call takes, on average over the hosts that measured it, in seconds; 0 where none did."""
    waiting_count: int = 0
    """Calls that wait for it."""


class Timing(NamedTuple):
    """What the time to a result is made of, in seconds."""

    load_s: float
    """Until the expert is on its device: fetching its files, and loading."""
    displace_s: float
    """What loading costs others: bytes of experts that have to give way, loaded again by whoever needs them next."""
    wait_s: float
    """Until what is in front has been computed."""
    compute_s: float
    """The call itself."""
    partial: bool = False
    """Whether the load was going on already, so that only what is left of it counts."""


NOTHING_UNDERWAY: Final = Underway()
NOTHING_SEEN: Final = Seen()
NOWHERE: Final = Everywhere()


def needed_bytes(offer: Offer) -> int:
    """What the expert takes on a device, in bytes: measured if it ever was, else estimated."""
    return offer.status.memory_bytes or offer.expert.memory_bytes


def expected(
    offer: Offer, underway: Underway = NOTHING_UNDERWAY, seen: Seen = NOTHING_SEEN, everywhere: Everywhere = NOWHERE
) -> Timing:
    """Estimates how soon the expert of an offer would have a result.

    Args:
        offer: The expert on a host.
        underway: Calls of this controller that have not ended.
        seen: What this controller saw of it.
        everywhere: What is known of the expert over all hosts.
    """
    status, host = offer.status, offer.summary
    compute_s = seen.compute_s or status.latency_ms / 1000 or everywhere.compute_s or estimated_s(offer) * seen.pace
    wait_s = 0.0
    if host.call_count or underway.host_count:
        reported = status.queued_count + status.running_count
        mine = max(reported, underway.expert_count)
        others = max(host.call_count - reported, underway.host_count - mine, 0)
        # Experts of one device share its time.
        wait_s = compute_s * mine / max(1, offer.expert.max_batch_size)
        wait_s += others * (host.latency_s or compute_s) / host.device_count
    if status.state is ExpertState.LOADED:
        return Timing(0.0, 0.0, wait_s, compute_s)
    needed = _bulk(offer)
    load_s = seen.load_s or LOAD_S + needed / LOAD_BYTES_PER_S
    loading = is_loading(status)
    # What else is being loaded comes over the same wires.
    front_count, front_bytes = host.load_count - loading, host.load_bytes - offer.expert.memory_bytes * loading
    front_s = (LOAD_S * front_count + front_bytes / LOAD_BYTES_PER_S) if front_count else 0.0
    if loading or (status.state is ExpertState.LOADABLE and underway.expert_count):
        return Timing(load_s * LOADING_SHARE + front_s, 0.0, wait_s, compute_s, partial=True)
    load_s += front_s
    lacking = needed - host.free_bytes
    displace_s = LOAD_S + lacking / LOAD_BYTES_PER_S if lacking > 0 else 0.0
    if status.state is ExpertState.TO_BE_FETCHED:
        load_s += (offer.expert.download_bytes or needed) / FETCH_BYTES_PER_S
    return Timing(load_s, displace_s, wait_s, compute_s)


def _bulk(offer: Offer) -> int:
    return offer.status.memory_bytes or offer.expert.memory_bytes or offer.expert.download_bytes


def estimated_s(offer: Offer) -> float:
    """What a call takes as the size of the expert suggests, in seconds."""
    if offer.expert.runtime == "remote":
        return REMOTE_S
    if offer.summary.has_gpu:
        return GPU_S + _bulk(offer) / GPU_BYTES_PER_S
    return CPU_S + _bulk(offer) / CPU_BYTES_PER_S
