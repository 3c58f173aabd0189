"""The estimated time to a result of a replica: load, displacement, queue and compute. Pure.

Measurements take precedence; the constants below stand in until there are any, and are rough on purpose: they put
experts in order until the first call was measured.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from orchestrion.experts import ExpertState
from orchestrion_controller.registry.replicas import Replica, is_loading

LOAD_S: Final = 1.0
"""The fixed part of a load besides reading the weights: worker, graph, first call. Seconds."""
LOAD_BYTES_PER_S: Final = 5e8
"""The rate at which weights are read from a disk onto a device."""
FETCH_BYTES_PER_S: Final = 2.5e7
"""The rate of downloads from a model hub: a line of 200 Mbit/s."""
GPU_S: Final = 0.005
CPU_S: Final = 0.02
"""The fixed part of a call besides reading the weights, by the kind of the device, in seconds."""
GPU_BYTES_PER_S: Final = 2e10
CPU_BYTES_PER_S: Final = 2.5e9
"""The rate at which a call reads weights, by the kind of the device."""
REMOTE_S: Final = 1.0
"""What a call to a hosted endpoint takes until one was measured, in seconds."""
LOADING_SHARE: Final = 0.5
"""The share of a load that is expected to remain when it is in progress."""


class InFlightLoad(NamedTuple):
    """Calls of this controller that have not ended, whether or not reports show them yet."""

    replica_count: int = 0
    """Those to the expert on the host."""
    host_count: int = 0
    """Those to any expert on the host, this one included."""

    def without_one(self) -> InFlightLoad:
        """Leaves out one call to the expert."""
        return InFlightLoad(self.replica_count - 1, self.host_count - 1)


class Observed(NamedTuple):
    """What this controller measured of a replica; 0 for what it did not measure."""

    compute_s: float = 0.0
    """What a call took, waiting left out, in seconds."""
    load_s: float = 0.0
    """What a load took, in seconds."""
    failure_count: float = 0.0
    """Failed attempts, each counting less the longer ago it was."""
    pace: float = 1.0
    """The pace: measured over size-based estimate of the time of calls, over all experts."""


class FleetAverage(NamedTuple):
    """Averages of an expert's reports over all hosts that have it."""

    compute_s: float = 0.0
    """What a call takes, on average over the hosts that measured it, in seconds; 0 where none did."""
    waiting_count: int = 0
    """Calls that wait for it."""


class TimeEstimate(NamedTuple):
    """What the time to a result is made of, in seconds."""

    load_s: float
    """Until the expert is on its device: fetching its files, and loading."""
    displace_s: float
    """The cost of evictions to other calls: reloading the experts that are displaced."""
    wait_s: float
    """The time in the queue."""
    compute_s: float
    """The call itself."""
    partial: bool = False
    """Whether the load was in progress already, so that only the rest of it counts."""


NO_LOAD: Final = InFlightLoad()
NOTHING_OBSERVED: Final = Observed()
NO_FLEET_AVERAGE: Final = FleetAverage()


def needed_bytes(replica: Replica) -> int:
    """What the expert takes on a device, in bytes: measured if it ever was, else estimated."""
    return replica.status.memory_bytes or replica.expert.memory_bytes


def estimate(
    replica: Replica,
    in_flight: InFlightLoad = NO_LOAD,
    observed: Observed = NOTHING_OBSERVED,
    average: FleetAverage = NO_FLEET_AVERAGE,
) -> TimeEstimate:
    """Estimates how soon a replica would have a result.

    Args:
        replica: The expert on a host.
        in_flight: Calls of this controller that have not ended.
        observed: What this controller measured of it.
        average: What is reported of the expert over all hosts.
    """
    status, host = replica.status, replica.summary
    compute_s = observed.compute_s or status.latency_ms / 1000 or average.compute_s
    if not compute_s:
        compute_s = size_based_s(replica) * observed.pace
    wait_s = 0.0
    if host.call_count or in_flight.host_count:
        reported = status.queued_count + status.running_count
        mine = max(reported, in_flight.replica_count)
        others = max(host.call_count - reported, in_flight.host_count - mine, 0)
        # Experts on one device share its time.
        wait_s = compute_s * mine / max(1, replica.expert.max_batch_size)
        wait_s += others * (host.latency_s or compute_s) / host.device_count
    if status.state is ExpertState.LOADED:
        return TimeEstimate(0.0, 0.0, wait_s, compute_s)
    needed = _weight_bytes(replica)
    load_s = observed.load_s or LOAD_S + needed / LOAD_BYTES_PER_S
    loading = is_loading(status)
    # Concurrent loads share the bandwidth of the disk.
    front_count, front_bytes = host.load_count - loading, host.load_bytes - replica.expert.memory_bytes * loading
    front_s = (LOAD_S * front_count + front_bytes / LOAD_BYTES_PER_S) if front_count else 0.0
    if loading or (status.state is ExpertState.LOADABLE and in_flight.replica_count):
        return TimeEstimate(load_s * LOADING_SHARE + front_s, 0.0, wait_s, compute_s, partial=True)
    load_s += front_s
    lacking = needed - host.free_bytes
    displace_s = LOAD_S + lacking / LOAD_BYTES_PER_S if lacking > 0 else 0.0
    if status.state is ExpertState.TO_BE_FETCHED:
        load_s += (replica.expert.download_bytes or needed) / FETCH_BYTES_PER_S
    return TimeEstimate(load_s, displace_s, wait_s, compute_s)


def _weight_bytes(replica: Replica) -> int:
    return replica.status.memory_bytes or replica.expert.memory_bytes or replica.expert.download_bytes


def size_based_s(replica: Replica) -> float:
    """What a call takes as the size of the expert suggests, in seconds."""
    if replica.expert.runtime == "remote":
        return REMOTE_S
    if replica.summary.has_gpu:
        return GPU_S + _weight_bytes(replica) / GPU_BYTES_PER_S
    return CPU_S + _weight_bytes(replica) / CPU_BYTES_PER_S
