"""All workers of a host: one for each device and runtime, or for one expert alone; started when first needed."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.workers.spool import SpoolRoot
from orchestrion_host.workers.worker import Worker

_log = logging.getLogger(__name__)

_MOST_KEPT_BYTES: Final = 256 << 20
_LARGEST_ON_HEAP_BYTES: Final = 32 << 20
"""The most that glibc allows; each larger tensor is memory of its own."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What all workers have in common."""

    hang_timeout_s: float
    """How long a worker may leave a ping unanswered, in seconds."""
    log_level: str = "INFO"
    """The level of their logs, which go to the host's stderr."""
    log_format: str = "console"
    """How their lines are written."""
    log_content: bool = False
    """Whether their lines may have what people wrote."""
    hub_offline: bool = True
    """Whether libraries are kept from reaching the Hugging Face Hub."""
    call_memory_bytes: int = 1 << 30
    """What the media of calls may take together in one of them while they are computed."""
    max_output_bytes: int = 4 << 30
    """The largest output file."""


class WorkerPool:
    """Starts workers, hands them out, and tells when one ended unexpectedly."""

    def __init__(self, settings: WorkerSettings, spool: SpoolRoot) -> None:
        """Starts with no worker."""
        self._settings = settings
        self._spool = spool
        self._workers: dict[str, Worker] = {}
        self.restart_count = 0
        """How many workers ended unexpectedly; each is replaced when an expert needs it next."""
        self.on_crash: Callable[[Worker], None] = lambda _worker: None
        """Called when a worker ended unexpectedly."""
        self.on_gone: Callable[[str], None] = lambda _label: None
        """Called with its label when a worker has ended, or is about to end and takes no expert any more."""

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The workers that run."""
        return tuple(self._workers.values())

    def runs(self, label: str) -> bool:
        """Whether there is a worker of that label, into which experts can be put."""
        return label in self._workers

    async def take(self, facts: ModelFacts, device: str) -> Worker:
        """Returns the worker for an expert on a device, started if need be. The expert counts as being in it.

        Raises:
            OSError: No process can be started.
        """
        label = worker_label(facts, device)
        worker = self._workers.get(label)
        if worker is not None:
            worker.experts.add(facts.id)
            return worker
        started = time.perf_counter()
        worker = Worker(
            label, self._spool.new_folder(), self._environment(device), self._settings.hang_timeout_s, self._on_end
        )
        self._workers[label] = worker
        worker.experts.add(facts.id)
        await worker.connect()
        _log.info("worker %s (%d) started in %.0f ms", label, worker.pid, (time.perf_counter() - started) * 1000)
        return worker

    async def leave(self, worker: Worker, expert_id: str) -> None:
        """Takes an expert out of its worker; one without experts is ended, which gives all of its memory back."""
        worker.experts.discard(expert_id)
        if not worker.experts:
            # Not to be found any more before it has ended, so that no expert is put into it.
            self._forget(worker)
            await worker.stop()

    async def close(self) -> None:
        """Ends all workers at once."""
        await asyncio.gather(*(worker.stop() for worker in self.workers))

    def _on_end(self, worker: Worker, unexpected: bool) -> None:
        self._forget(worker)
        self._spool.discard(worker.folder)
        if unexpected:
            self.restart_count += 1
            self.on_crash(worker)

    def _forget(self, worker: Worker) -> None:
        if self._workers.get(worker.label) is worker:
            del self._workers[worker.label]
            self.on_gone(worker.label)

    def _environment(self, device: str) -> Mapping[str, str]:
        environment = dict(os.environ)
        environment["ORCHESTRION_WORKER_LOG_LEVEL"] = self._settings.log_level.upper()
        environment["ORCHESTRION_WORKER_LOG_FORMAT"] = self._settings.log_format
        environment["ORCHESTRION_WORKER_LOG_CONTENT"] = "1" if self._settings.log_content else ""
        environment["ORCHESTRION_WORKER_CALL_MEMORY_BYTES"] = str(self._settings.call_memory_bytes)
        environment["ORCHESTRION_WORKER_OUTPUT_BYTES"] = str(self._settings.max_output_bytes)
        environment["ORCHESTRION_WORKER_SPOOL_BYTES"] = str(self._spool.limit_bytes)
        environment["TOKENIZERS_PARALLELISM"] = "false"
        environment["HF_HUB_OFFLINE"] = "1" if self._settings.hub_offline else "0"
        environment["HF_HUB_DISABLE_TELEMETRY"] = "1"
        # Experts load and compute in threads. glibc makes heaps for those, and keeps the free end of each; from its
        # first heap it gives all back, so that what an expert leaves does not stay with the worker.
        environment.setdefault("MALLOC_ARENA_MAX", "1")
        # What a forward pass takes and frees is kept for the next, up to a size. Else the end of the heap may come and
        # go with each, page by page: a tenth of the time of a recogniser of speech. Unloading gives it back.
        environment.setdefault("MALLOC_TRIM_THRESHOLD_", str(_MOST_KEPT_BYTES))
        environment.setdefault("MALLOC_MMAP_THRESHOLD_", str(_LARGEST_ON_HEAP_BYTES))
        # PyTorch's threads wait for more work in a loop, by default for milliseconds after a forward pass: time of
        # processors that the answer needs on its way, and other experts. A fifteenth does within a forward pass.
        environment.setdefault("GOMP_SPINCOUNT", "20000")
        # A worker sees its own device only, as number 0, and a CPU worker none.
        kind, _, index = device.partition(":")
        environment["CUDA_VISIBLE_DEVICES"] = index if kind == "cuda" else ""
        return environment


def worker_label(facts: ModelFacts, device: str) -> str:
    """Returns the label of the worker that an expert belongs into on a device, such as `transformers@cuda:0`.

    Experts written in Python share a worker with those of their own package or file: code of others stays apart.
    """
    runtime = facts.runtime
    if runtime == "python":
        place = facts.model.rpartition(":")[0]
        runtime += f":{Path(place).name if place.endswith('.py') else place.partition('.')[0]}"
    return f"{runtime}@{device}" + (f"/{facts.id}" if facts.isolation == "own" else "")
