"""One expert on this host: its facts, where it is in its life, and what it takes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from orchestrion.errors import Reason
from orchestrion.experts import AcceptedValues, Expert, ExpertState, ExpertStatus
from orchestrion_host import wire
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.catalogue.presence import Presence
from orchestrion_host.experts.queue import ExpertQueue
from orchestrion_host.memory.policy import Resident
from orchestrion_host.workers.worker import Worker


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """The largest media that experts decode."""

    image_pixels: int
    audio_seconds: float
    video_seconds: float


class HostedExpert:
    """The state of one expert. The loader changes it; everybody reads it."""

    def __init__(self, facts: ModelFacts, presence: Presence, queue_limit: int) -> None:
        """Starts unloaded.

        Args:
            facts: What the catalogue says.
            presence: Whether it can run here.
            queue_limit: How many calls may wait for it.
        """
        self.facts = facts
        self.presence = presence
        self.queue = ExpertQueue(facts, queue_limit)
        self.state = presence.state
        self.device = ""
        self.worker: Worker | None = None
        self.memory_bytes = 0
        """What it takes now; 0 while it is on no device."""
        self.measured_bytes = 0
        """What it took when it was last loaded; 0 before."""
        self.reservations: dict[str, bool] = {}
        """The reservations on it by id, and whether each is hard."""
        self.loading: Loading | None = None

    @property
    def needed_bytes(self) -> int:
        """What a load must have room for: measured if it was ever loaded, else estimated."""
        return self.measured_bytes or self.facts.memory_bytes

    @property
    def reserved_hard(self) -> bool:
        """Whether it may not be evicted, by reservation."""
        return any(self.reservations.values())

    def task_type(self, asked: str) -> str:
        """Returns the task type of a call, which may leave it out where there is only one.

        Raises:
            InvalidArgumentError: The expert does not perform it, or it is left out and there are several.
        """
        performed = self.facts.task_types
        if asked in performed:
            return asked
        if not asked and len(performed) == 1:
            return performed[0]
        text = f"task_type: {self.facts.id} performs {', '.join(performed)}; asked for {asked!r}."
        raise Reason.INVALID_FIELD.error(text, field="task_type")

    def check_usable(self) -> None:
        """Sees that it can run here at all.

        Raises:
            FailedPreconditionError: It cannot.
        """
        if self.state is ExpertState.UNAVAILABLE:
            raise Reason.EXPERT_UNAVAILABLE.error(self.presence.problem, expert=self.facts.id)

    def load_message(self, device: str, limits: MediaLimits) -> wire.Load:
        """Writes what a worker must know to load it."""
        options: dict[str, Any] = dict(self.facts.options)
        return wire.Load(
            expert_id=self.facts.id,
            runtime=self.facts.runtime,
            model=self.facts.model,
            folder=self.presence.folder,
            sha256=dict(self.facts.source.sha256),
            task_types=self.facts.task_types,
            options=options,
            device=device,
            instances=self.facts.instances,
            max_image_pixels=limits.image_pixels,
            max_audio_seconds=limits.audio_seconds,
            max_video_seconds=limits.video_seconds,
            parts=self.presence.parts,
            trusted=self.facts.trusted,
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
            latency_ms=self.queue.latency_ms,
            reservation_count=len(self.reservations),
        )


class Loading:
    """A load going on: its task, who waits for room with it, and when it got room."""

    def __init__(self, task: asyncio.Task[None], admitted: asyncio.Future[None]) -> None:
        """Keeps both."""
        self.task = task
        self.admitted = admitted
        self.waiter_count = 0
