"""One expert on this host: its facts, where it is in its life, and what it takes."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from orchestrion.errors import Reason
from orchestrion.experts import AcceptedValues, Expert, ExpertState, ExpertStatus, InputLimit
from orchestrion.values import JsonData
from orchestrion_host import ipc
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.catalogue.presence import Presence
from orchestrion_host.experts.queue import ExpertQueue
from orchestrion_host.experts.restarts import Crashes
from orchestrion_host.experts.statistics import ExpertStatistics
from orchestrion_host.memory.measurements import Measurement, Measurements
from orchestrion_host.memory.policy import Resident
from orchestrion_host.workers.worker import Worker

# Two loads of one expert differ by so much: the kernel counts pages in bunches, and libraries build up tables.
_NOISE_BYTES: Final = 1 << 20
_NOISE_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """The largest media that experts decode."""

    image_pixels: int
    audio_seconds: float
    video_seconds: float


class HostedExpert:
    """The state of one expert. The loader changes it; everybody reads it."""

    def __init__(
        self,
        facts: ModelFacts,
        presence: Presence,
        queue_limit: int,
        measurements: Measurements | None = None,
        on_batch: Callable[[str, float, int], None] | None = None,
    ) -> None:
        """Starts unloaded.

        Args:
            facts: What the catalogue says.
            presence: Whether it can run here.
            queue_limit: How many calls may wait for it.
            measurements: What was measured of it and others on this host; None for nothing.
            on_batch: Called after each forward pass with the expert's id, the time that it took in milliseconds, and
                how many tokens it generated; None for nobody.
        """
        self.facts = facts
        self.presence = presence
        self.queue = ExpertQueue(facts, queue_limit)
        self.state = presence.state
        self.device = ""
        self.worker: Worker | None = None
        self.memory_bytes = 0
        """What it takes now; 0 while it is on no device."""
        self.measurements = measurements or Measurements()
        """Where what was measured of it is noted, and looked up while it is not loaded."""
        self.pinned = False
        """Whether it stays loaded until it is unpinned."""
        self.crashes = Crashes()
        """How often its worker died in a row, which delays the next load."""
        self.was_used = False
        """Whether it was asked for since the host started: called, reserved, loaded or pinned."""
        self.reservations: dict[str, bool] = {}
        """The reservations on it by id, and whether each is hard."""
        self.loading: Loading | None = None
        self.unloading: asyncio.Task[None] | None = None
        """What ends when nothing of it is on a device any more; calls that it still computes go on until then."""
        self.queue.on_computed = self._computed
        self.statistics = ExpertStatistics()
        """What it did since the host started."""
        self.signature = facts.tensors
        """The tensors that it takes and returns, as the catalogue says or the worker found; None for one that takes
        values, or that was not loaded yet."""
        self._on_batch = on_batch
        self.queue.on_batch = self._batch_ended

    @property
    def needed_bytes(self) -> int:
        """What it takes on the best kind of device: measured if it was ever loaded there, else estimated."""
        return self._known_best().memory_bytes or self.facts.memory_bytes

    @property
    def latency_ms(self) -> float:
        """The usual time of its forward pass, in milliseconds, also from before a restart; 0 when not known."""
        return self.queue.latency_ms or self._known_best().latency_ms

    @property
    def reserved_hard(self) -> bool:
        """Whether it may not be evicted, by reservation or because it is pinned."""
        return self.pinned or any(self.reservations.values())

    @property
    def room_waiter_count(self) -> int:
        """How many calls and reservations wait until a device has room for it."""
        loading = self.loading
        return loading.waiter_count if loading is not None and not loading.admitted.done() else 0

    def needed_on(self, device: str) -> int:
        """Returns what a load must have room for on a device: measured there if it ever was, else estimated."""
        return self.known_on(device).memory_bytes or self.needed_bytes

    def known_on(self, device: str) -> Measurement:
        """Returns what was measured of it on a device, in this life of the host or an earlier one."""
        return self.measurements.of(self.facts.id, self.facts.revision, device)

    def note_load(self, device: str, loaded: ipc.Loaded) -> int:
        """Notes what a load was found to take of a device, and returns what it is to be charged.

        Where others computed meanwhile, what was once measured without them is nearer the truth. What differs little
        from what is known is not noted: the controller would be sent all facts of the host again after each load.
        """
        self.signature = loaded.signature or self.facts.tensors
        measured_bytes = self.known_on(device).memory_bytes
        if measured_bytes and not loaded.exact:
            return measured_bytes
        expected = self.needed_on(device)
        if abs(loaded.memory_bytes - expected) > max(_NOISE_BYTES, _NOISE_SHARE * expected):
            self.measurements.note_memory(self.facts.id, self.facts.revision, device, loaded.memory_bytes)
        return loaded.memory_bytes

    def check_unclaimed(self) -> None:
        """Sees that it may be taken off its device.

        Raises:
            FailedPreconditionError: EXPERT_RESERVED: it is pinned, or has a hard reservation.
        """
        name = self.facts.id
        if self.pinned:
            raise Reason.EXPERT_RESERVED.error(f"{name} is pinned; unpin it first.", expert=name)
        if self.reserved_hard:
            raise Reason.EXPERT_RESERVED.error(f"{name} has a hard reservation; release it first.", expert=name)

    def check_crashes(self, now: float) -> None:
        """Sees that its worker has not died too often, too short a time ago.

        Raises:
            UnavailableError: WORKER_CRASHED, with `retry_after_ms`: it has.
        """
        wait = self.crashes.wait_s(now)
        if wait > 0:
            name, count = self.facts.id, self.crashes.count
            text = (
                f"The worker of {name} died {count} times in a row; it is started again in {wait:.1f} s at the soonest."
            )
            raise Reason.WORKER_CRASHED.error(
                text, retry_after_ms=math.ceil(wait * 1000), expert=name, crash_count=str(count)
            )

    def change(self, facts: ModelFacts, presence: Presence) -> None:
        """Takes in what the catalogue says of it by now; while it is on a device it stays there."""
        if facts.tensors != self.facts.tensors:
            self.signature = facts.tensors
        self.facts, self.presence = facts, presence
        if self.state not in (ExpertState.LOADING, ExpertState.LOADED):
            self.state = presence.state

    def task_type(self, requested: str) -> str:
        """Returns the task type of a call, which may leave it out where there is only one.

        Raises:
            InvalidArgumentError: The expert does not perform it, or it is left out and there are several.
        """
        performed = self.facts.task_types
        if requested in performed:
            return requested
        if not requested and len(performed) == 1:
            return performed[0]
        text = f"task_type: {self.facts.id} performs {', '.join(performed)}; asked for {requested!r}."
        raise Reason.INVALID_FIELD.error(text, field="task_type")

    def check_usable(self) -> None:
        """Sees that it can run here at all.

        Raises:
            FailedPreconditionError: It cannot.
        """
        if self.state is ExpertState.UNAVAILABLE:
            raise Reason.EXPERT_UNAVAILABLE.error(self.presence.problem, expert=self.facts.id)
        if self.state is ExpertState.TO_BE_FETCHED:
            raise Reason.EXPERT_NOT_FETCHED.error(self.presence.problem, expert=self.facts.id)

    def load_message(self, device: str, limits: MediaLimits) -> ipc.Load:
        """Writes what a worker must know to load it."""
        options: dict[str, JsonData] = dict(self.facts.options)
        return ipc.Load(
            expert_id=self.facts.id,
            runtime=self.facts.runtime,
            model=self.facts.model,
            folder=self.presence.folder,
            # Hashes of what came from the Hub were checked when it was pulled: gigabytes take too long at every load.
            sha256={} if self.facts.source.hub else dict(self.facts.source.sha256),
            task_types=self.facts.task_types,
            options=options,
            device=device,
            instances=self.facts.instances,
            max_image_pixels=limits.image_pixels,
            max_audio_seconds=limits.audio_seconds,
            max_video_seconds=limits.video_seconds,
            parts=self.presence.parts,
            trusted=self.facts.trusted,
            gguf=self.facts.source.gguf,
        )

    def resident(self) -> Resident:
        """Describes it to the eviction policy."""
        return Resident(
            expert_id=self.facts.id,
            memory_bytes=self.memory_bytes,
            last_used=self.queue.last_used,
            evictable=self.state is ExpertState.LOADED and self.queue.idle and not self.reserved_hard,
            reserved=bool(self.reservations),
        )

    def describe(self) -> Expert:
        """Describes what is always true of it."""
        facts = self.facts
        return Expert(
            id=facts.id,
            model=facts.model,
            revision=facts.revision,
            runtime=facts.runtime,
            task_types=facts.task_types,
            description=facts.description,
            languages=facts.languages,
            domain=facts.domain,
            license=facts.license,
            memory_bytes=self.needed_bytes,
            download_count=facts.download_count,
            like_count=facts.like_count,
            max_batch_size=facts.max_batch_size,
            accepts=tuple(AcceptedValues(name, values) for name, values in facts.accepts.items()),
            download_bytes=facts.download_bytes,
            default_for=facts.default_for,
            input_limits=tuple(InputLimit(name, **limit) for name, limit in facts.input_limits.items()),
            accuracy=facts.accuracy,
            accuracy_measure=facts.accuracy_measure,
            context_token_count=facts.context_token_count,
        )

    def status(self) -> ExpertStatus:
        """Describes it as it is now."""
        return ExpertStatus(
            expert_id=self.facts.id,
            state=self.state,
            device=self.device,
            memory_bytes=self.memory_bytes,
            queued_count=self.queue.queued_count,
            running_count=self.queue.running_count,
            latency_ms=self.latency_ms,
            reservation_count=len(self.reservations),
            pinned=self.pinned,
        )

    def _known_best(self) -> Measurement:
        return self.measurements.best(self.facts.id, self.facts.revision, self.facts.device_kinds)

    def _batch_ended(self, batch: ipc.Computed, task_type: str) -> None:
        self.statistics.note_batch(task_type, len(batch.results), batch.compute_ms)
        if self._on_batch is not None:
            self._on_batch(self.facts.id, batch.compute_ms, batch.generated_token_count)

    def _computed(self, latency_ms: float) -> None:
        """Notes that a batch came back: the worker is well, and this is what the latency is now."""
        self.crashes.succeeded()
        if self.device:
            self.measurements.note_latency(self.facts.id, self.facts.revision, self.device, latency_ms)


class Loading:
    """A load going on: its task, who waits for room with it, and when it got room."""

    def __init__(self, task: asyncio.Task[None], admitted: asyncio.Future[None]) -> None:
        """Keeps both."""
        self.task = task
        self.admitted = admitted
        self.waiter_count = 0
