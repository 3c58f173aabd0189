"""A simulated model host: memory, eviction of what was used least recently, loads, queues and batches on one device.

It stands in for `orchestrion_host`, whose loads take minutes for 500 real models, and is as simple as keeps the
effects that a choice has: an expert that is not loaded costs a load, one that does not fit costs somebody else's
expert, and what waits for the device waits for all that came before. Only its reports are seen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from benchmarks.selection.world import HostPlan, SimulatedExpert
from orchestrion.experts import Device, ExpertState, ExpertStatus, HostFacts
from orchestrion_controller.registry.registry import Report

LOAD_S: Final = 2.0
"""What a load takes beside reading the bytes."""
REPORT_S: Final = 0.05
"""How long changes are gathered before a report."""
_NEXT_IN_BATCH: Final = 0.2
"""What each further call of a batch adds, as a share of the first."""
_NEWEST_WEIGHT: Final = 0.2


class Clock(Protocol):
    """The time of the simulation."""

    @property
    def now(self) -> float:
        """The time, in seconds."""

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Does something later."""


@dataclass(slots=True)
class Call:
    """One call of one expert."""

    difficulty: float
    done: Callable[[], None]


@dataclass(slots=True)
class _Hosted:
    """An expert on the host."""

    expert: SimulatedExpert
    state: ExpertState = ExpertState.LOADABLE
    queue: deque[Call] = field(default_factory=deque)
    running: int = 0
    latency_s: float = 0.0
    last_used: float = 0.0

    @property
    def idle(self) -> bool:
        return not self.queue and not self.running


class SimulatedHost:
    """One host."""

    def __init__(self, plan: HostPlan, clock: Clock, send: Callable[[Report], None]) -> None:
        """Starts with nothing loaded, and reports that."""
        self._plan = plan
        self._clock = clock
        self._send = send
        self._experts = {expert.facts.id: _Hosted(expert) for expert in plan.experts}
        self._facts = HostFacts(plan.name, "simulated", 64, tuple(expert.facts for expert in plan.experts))
        self._free_bytes = plan.memory_bytes
        self._waiting_loads: deque[_Hosted] = deque()
        self._ready: deque[_Hosted] = deque()
        """Loaded experts with calls that wait for the device, the one that waits longest first."""
        self._disk_busy = False
        self._device_busy = False
        self._reporting = False
        self.load_count = 0
        self._facts_sent = False
        self._report()

    def infer(self, expert_id: str, call: Call) -> None:
        """Takes a call in."""
        hosted = self._experts[expert_id]
        hosted.queue.append(call)
        hosted.last_used = self._clock.now
        if hosted.state is ExpertState.LOADED:
            if hosted not in self._ready:
                self._ready.append(hosted)
            self._compute()
        elif hosted.state is ExpertState.LOADABLE and hosted not in self._waiting_loads:
            self._waiting_loads.append(hosted)
            self._load()
        self._changed()

    def _load(self) -> None:
        if self._disk_busy or not self._waiting_loads:
            return
        hosted = self._waiting_loads[0]
        needed = hosted.expert.facts.memory_bytes
        resident = [item for item in self._experts.values() if item.state is ExpertState.LOADED and item.idle]
        for victim in sorted(resident, key=lambda item: item.last_used):
            if self._free_bytes >= needed:
                break
            victim.state = ExpertState.LOADABLE
            self._free_bytes += victim.expert.facts.memory_bytes
        if self._free_bytes < needed:
            return  # Tried again when something becomes idle.
        self._waiting_loads.popleft()
        self._free_bytes -= needed
        hosted.state = ExpertState.LOADING
        self._disk_busy = True
        self.load_count += 1
        self._clock.after(LOAD_S + needed / self._plan.disk_bytes_per_s, lambda: self._loaded(hosted))
        self._changed()

    def _loaded(self, hosted: _Hosted) -> None:
        self._disk_busy = False
        hosted.state = ExpertState.LOADED
        if hosted.queue:
            self._ready.append(hosted)
        self._load()
        self._compute()
        self._changed()

    def _compute(self) -> None:
        if self._device_busy or not self._ready:
            return
        hosted = self._ready.popleft()
        size = min(len(hosted.queue), hosted.expert.facts.max_batch_size)
        batch = [hosted.queue.popleft() for _ in range(size)]
        hosted.running = size
        if hosted.queue:
            self._ready.append(hosted)
        difficulty = max(call.difficulty for call in batch) * (1 + _NEXT_IN_BATCH * (size - 1))
        took = hosted.expert.compute_s * difficulty / self._plan.speed
        self._device_busy = True
        self._clock.after(took, lambda: self._computed(hosted, batch, took))

    def _computed(self, hosted: _Hosted, batch: list[Call], took: float) -> None:
        self._device_busy = False
        hosted.running = 0
        old = hosted.latency_s
        hosted.latency_s = took if old == 0 else old + _NEWEST_WEIGHT * (took - old)
        hosted.last_used = self._clock.now
        for call in batch:
            call.done()
        self._compute()
        self._load()
        self._changed()

    def _changed(self) -> None:
        if not self._reporting:
            self._reporting = True
            self._clock.after(REPORT_S, self._report)

    def _report(self) -> None:
        self._reporting = False
        self._send(
            Report(
                name=self._plan.name,
                instance_id="simulated",
                facts_digest="facts",
                facts=None if self._facts_sent else self._facts,
                devices=(Device("cuda:0", self._plan.memory_bytes, self._free_bytes),),
                statuses=tuple(self._status(hosted) for hosted in self._experts.values()),
                draining=False,
                worker_restart_count=0,
            )
        )
        self._facts_sent = True

    def _status(self, hosted: _Hosted) -> ExpertStatus:
        loaded = hosted.state is ExpertState.LOADED
        return ExpertStatus(
            hosted.expert.facts.id,
            hosted.state,
            device="cuda:0" if loaded else "",
            memory_bytes=hosted.expert.facts.memory_bytes if loaded else 0,
            queued_count=len(hosted.queue),
            running_count=hosted.running,
            latency_ms=hosted.latency_s * 1000,
        )
