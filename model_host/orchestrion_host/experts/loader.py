"""Loads and unloads experts. Loads of one expert at a time are one load; a failed one gives everything back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping
from typing import Any, Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.experts import ExpertState
from orchestrion_host.changes import Changes
from orchestrion_host.experts.admission import Admission
from orchestrion_host.experts.expert import HostedExpert, Loading, MediaLimits
from orchestrion_host.memory.devices import DeviceAccount, Devices
from orchestrion_host.memory.worker_shares import WorkerShares
from orchestrion_host.metrics import HostMetrics
from orchestrion_host.uninterrupted import uninterrupted
from orchestrion_host.workers.pool import WorkerPool, worker_label
from orchestrion_host.workers.worker import Worker
from orchestrion_serving import trace_context, tracing

_log = logging.getLogger(__name__)
_RELOAD_WAIT_S: Final = 60.0


class ExpertLoader:
    """Brings experts onto devices and off them."""

    def __init__(
        self,
        *,
        experts: Mapping[str, HostedExpert],
        devices: Devices,
        workers: WorkerPool,
        shares: WorkerShares,
        changes: Changes,
        room: Changes,
        metrics: HostMetrics,
        limits: MediaLimits,
    ) -> None:
        """Keeps its collaborators, and listens for workers that end.

        Args:
            experts: All experts of the host by id.
            devices: Where they can be.
            workers: The processes that they are in.
            shares: What those take by themselves.
            changes: Told of every change of an expert's state.
            room: Waited on while there is no room; told of those changes too.
            metrics: Counts loads and evictions.
            limits: The largest media that experts decode.
        """
        self._experts = experts
        self._devices = devices
        self._workers = workers
        self._shares = shares
        self._changes = changes
        self._metrics = metrics
        self._limits = limits
        self._admission = Admission(experts, devices, shares, room, self._evict)
        self._tasks: set[asyncio.Task[None]] = set()
        self._load_spans: dict[str, tracing.TraceSpan] = {}
        workers.on_crash = self._on_crash
        workers.on_gone = shares.give_back

    def has_room(self, expert: HostedExpert) -> bool:
        """Whether an expert could be loaded without evicting one that is reserved or in use."""
        return self._admission.has_room(expert)

    def start(self, expert: HostedExpert) -> Loading:
        """Begins to load an expert, or joins the load going on.

        Raises:
            FailedPreconditionError: It cannot run here, or is too large for every device.
            UnavailableError: WORKER_CRASHED: its worker died again and again; the error says when to try again.
        """
        expert.check_usable()
        expert.was_used = True
        # A load that was cancelled before its first step has left no trace of its end.
        if expert.loading is None or expert.loading.task.done():
            self._admission.check_size(expert)
            expert.check_crashes(time.monotonic())
            admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            task = self._spawn(self._traced_load(expert, admitted))
            expert.loading = Loading(task, admitted)
            expert.state = ExpertState.LOADING
            self._changes.notify()
        return expert.loading

    async def admit(self, expert: HostedExpert, wait_s: float) -> None:
        """Begins to load an expert and returns when it has room, if not before.

        Raises:
            FailedPreconditionError: As `start`; EXPERT_LOAD_FAILED.
            ResourceExhaustedError: OUT_OF_MEMORY: no room came free within `wait_s` seconds.
        """
        if expert.state is not ExpertState.LOADED:
            await self._admitted(expert, wait_s)

    async def load(self, expert: HostedExpert, wait_s: float) -> None:
        """Loads an expert, or waits for the load going on; returns when it answers.

        Args:
            expert: The expert.
            wait_s: How long to wait for room, in seconds.

        Raises:
            OrchestrionError: As `admit`; WORKER_CRASHED, or what the runtime said.
        """
        while expert.state is not ExpertState.LOADED:
            loading = await self._admitted(expert, wait_s)
            await asyncio.shield(loading.task)

    def load_in_background(self, expert: HostedExpert, wait_s: float) -> None:
        """Loads an expert for nobody in particular; a failure shows in its state."""
        _task = self._spawn(self._quietly_load(expert, wait_s))

    async def unload(self, expert: HostedExpert) -> None:
        """Unloads an expert after the calls that it is computing; calls that wait fail with EXPERT_NOT_LOADED."""
        if expert.loading is not None:
            # Whatever comes of it: it may be given up, which does not end this call.
            await asyncio.wait([expert.loading.task])
        if expert.state is ExpertState.LOADED:
            text = f"{expert.facts.id} was unloaded while the call waited."
            expert.queue.fail_waiting(Reason.EXPERT_NOT_LOADED.error(text, expert=expert.facts.id))
            self._take_off(expert)
        if expert.unloading is not None:
            await asyncio.shield(expert.unloading)

    async def close(self) -> None:
        """Gives up all loads, and ends the workers, which may be in the middle of one."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(self._workers.close(), *self._tasks, return_exceptions=True)

    async def _admitted(self, expert: HostedExpert, wait_s: float) -> Loading:
        until = asyncio.get_running_loop().time() + wait_s
        while (loading := await self._admitted_by(expert, until)).task.cancelled():
            # Its last waiter left just now. Who came after that is not cancelled with it, and begins another.
            pass
        if loading.task.done():
            await loading.task
        return loading

    async def _admitted_by(self, expert: HostedExpert, until: float) -> Loading:
        """Begins or joins a load, and returns it once it has room, failed or was given up."""
        loading = self.start(expert)
        loading.waiter_count += 1
        if (open_span := self._load_spans.get(expert.facts.id)) and (caller := tracing.current()):
            open_span.link(caller)
        try:
            async with asyncio.timeout_at(until):
                await asyncio.wait([loading.task, loading.admitted], return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            needed = expert.needed_bytes
            text = f"Experts in use leave no room for {expert.facts.id}, which needs {needed:,} bytes."
            raise Reason.OUT_OF_MEMORY.error(text, expert=expert.facts.id, needed_bytes=str(needed)) from error
        finally:
            loading.waiter_count -= 1
            if not loading.waiter_count and not loading.admitted.done():
                loading.task.cancel()
        return loading

    async def _quietly_load(self, expert: HostedExpert, wait_s: float) -> None:
        try:
            await self.load(expert, wait_s)
        except OrchestrionError as error:
            expert.queue.fail_waiting(error)

    async def _traced_load(self, expert: HostedExpert, admitted: asyncio.Future[None]) -> None:
        """Loads within a span of the call that began it, which has links to those that join."""
        span = tracing.begin(tracing.SpanName.LOAD, {"orchestrion.expert": expert.facts.id})
        # The worker that may be started here serves other calls too, and logs for them.
        trace_context.leave()
        self._load_spans[expert.facts.id] = span
        try:
            await self._load(expert, admitted)
            span.set({"orchestrion.device": expert.device})
        except BaseException as error:
            tracing.outcome(span, error)
            raise
        finally:
            del self._load_spans[expert.facts.id]
            span.end()

    async def _load(self, expert: HostedExpert, admitted: asyncio.Future[None]) -> None:
        device: DeviceAccount | None = None
        worker: Worker | None = None
        started = time.perf_counter()
        try:
            try:
                if expert.unloading is not None:
                    await asyncio.shield(expert.unloading)
                device = await self._admission.find_room(expert)
            finally:
                self._metrics.room_wait_seconds.labels(expert.facts.id).observe(time.perf_counter() - started)
            expert.device = device.name
            admitted.set_result(None)
            worker = await self._take_worker(expert, device)
            message = expert.load_message(device.name, self._limits)
            loaded = await worker.load(message)
            size = expert.note_load(device.name, loaded)
            device.settle(expert.facts.id, size, min(loaded.spare_bytes, size))
            self._shares.settle(worker.label, expert.facts.runtime, device.name, loaded.worker_bytes)
            if device.free_bytes < 0:
                await self._admission.cover_overdraft(expert, device)
            worker.check_alive()
        except BaseException as error:
            await uninterrupted(self._undo(expert, device, worker, error))
            raise
        expert.worker, expert.memory_bytes = worker, size
        expert.state, expert.loading = ExpertState.LOADED, None
        expert.crashes.loaded(time.monotonic())
        seconds = time.perf_counter() - started
        self._metrics.loads.labels(expert.facts.id, "loaded").inc()
        self._metrics.load_seconds.labels(expert.facts.id).observe(seconds)
        _log.info("%s loaded on %s in %.2f s; it takes %.1f MB", expert.facts.id, device.name, seconds, size / 1e6)
        expert.queue.open(worker, expert.known_on(device.name).latency_ms)
        self._changes.notify()

    async def _take_worker(self, expert: HostedExpert, device: DeviceAccount) -> Worker:
        try:
            worker = await self._workers.take(expert.facts, device.name)
            # Another load may have failed meanwhile and have ended the worker that had this share.
            self._shares.take(worker.label, expert.facts.runtime, device.name)
            return worker
        except OSError as error:
            text = f"No worker can be started for {expert.facts.id}: {error}."
            raise Reason.EXPERT_LOAD_FAILED.error(text, expert=expert.facts.id) from error

    async def _undo(
        self, expert: HostedExpert, device: DeviceAccount | None, worker: Worker | None, error: BaseException
    ) -> None:
        cancelled = isinstance(error, asyncio.CancelledError)
        expert.state = expert.presence.state if cancelled else ExpertState.FAILED
        expert.loading, expert.device = None, ""
        if device is not None:
            device.give_back(expert.facts.id)
            label = worker_label(expert.facts, device.name)
            if not self._workers.runs(label):
                self._shares.give_back(label)
        if worker is not None and not worker.alive and expert.facts.id in worker.suspects:
            expert.crashes.crashed(time.monotonic())
        if not cancelled:
            self._metrics.loads.labels(expert.facts.id, "failed").inc()
            _log.warning("%s could not be loaded: %s", expert.facts.id, error)
        if worker is not None:
            if worker.alive:
                await worker.unload(expert.facts.id)
            await self._workers.leave(worker, expert.facts.id)
        self._changes.notify()

    async def _evict(self, expert: HostedExpert) -> None:
        if expert.state is ExpertState.LOADED:
            _log.info("%s is evicted from %s", expert.facts.id, expert.device)
            self._metrics.evictions.labels(expert.facts.id).inc()
            self._take_off(expert)
        if expert.unloading is not None:
            await asyncio.shield(expert.unloading)

    def _take_off(self, expert: HostedExpert) -> None:
        """Begins to unload an expert that is loaded.

        It has a task of its own: half of an unload, whose caller left, would lose memory for good. Others are loaded
        meanwhile, since it lasts as long as the calls that the expert computes; it cannot come back itself before.
        """
        worker, device = expert.worker, self._devices.named(expert.device)
        expert.queue.close()
        expert.state, expert.worker = ExpertState.LOADABLE, None
        expert.unloading = self._spawn(self._unload(expert, worker, device))

    async def _unload(self, expert: HostedExpert, worker: Worker | None, device: DeviceAccount) -> None:
        try:
            if worker is not None:
                await worker.unload(expert.facts.id)
                await self._workers.leave(worker, expert.facts.id)
        finally:
            device.give_back(expert.facts.id)
            expert.device, expert.memory_bytes = "", 0
            expert.unloading = None
            self._changes.notify()

    def _on_crash(self, worker: Worker) -> None:
        self._metrics.worker_restarts.labels(worker.label).inc()
        for expert_id in worker.experts:
            expert = self._experts[expert_id]
            if expert.worker is not worker:
                continue  # A load or an unload that was going on sees to it.
            self._devices.named(expert.device).give_back(expert_id)
            expert.queue.close()
            expert.worker, expert.device, expert.memory_bytes = None, "", 0
            # Where nobody computed, any of them may have been the reason.
            suspect = not worker.suspects or expert_id in worker.suspects
            pause = expert.crashes.crashed(time.monotonic()) if suspect else 0.0
            expert.state = ExpertState.FAILED if pause > 0 else ExpertState.LOADABLE
            if expert.queue.wants_expert:
                # Fails what waits, where the pause forbids the load.
                self.load_in_background(expert, _RELOAD_WAIT_S)
        self._changes.notify()

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Whoever waits gets the error from the task; where nobody does, it was logged.
            task.exception()
