"""One worker as the host uses it: load, unload, compute a batch, cancel a call."""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.workers.link import WorkerLink
from orchestrion_host.workers.process import WorkerProcess

_log = logging.getLogger(__name__)
_END_GRACE_S: Final = 2.0


class Batch(Protocol):
    """Who asked for a batch, and is told how it goes. Exactly one of `on_computed` and `on_crash` is called."""

    @property
    def call_ids(self) -> Sequence[int]:
        """The numbers of its calls."""

    def on_message(self, message: ipc.CallProgress | ipc.TextPiece | ipc.Preview) -> None:
        """Takes what a call tells while it is computed."""

    def on_computed(self, message: ipc.Computed) -> None:
        """Takes the results."""

    def on_crash(self, error: Exception) -> None:
        """Takes the error that all its calls fail with."""


class Worker:
    """A process with experts in it. When it ends, everything that was asked of it fails with WORKER_CRASHED."""

    def __init__(
        self,
        label: str,
        folder: Path,
        environment: Mapping[str, str],
        hang_timeout_s: float,
        on_end: Callable[[Worker, bool], None],
    ) -> None:
        """Starts the process; `connect` comes next.

        Args:
            label: What it is for.
            folder: Where it leaves output files; its own.
            environment: Its environment.
            hang_timeout_s: How long it may leave a ping unanswered, in seconds.
            on_end: Called once when it has ended, with itself and whether that was unexpected.

        Raises:
            OSError: The process cannot be started.
        """
        self.label = label
        self.folder = folder
        self.experts: set[str] = set()
        """The ids of the experts that are in it, or about to be."""
        self.suspects: frozenset[str] = frozenset()
        """The ids of those that were loading or computing when it ended."""
        self._on_end = on_end
        self._stopping = False
        self._cause = ""
        self._batch_numbers = itertools.count(1)
        self._batches: dict[int, Batch] = {}
        self._expert_of_batch: dict[int, str] = {}
        self._batch_of_call: dict[int, Batch] = {}
        self._loads: dict[str, asyncio.Future[ipc.Loaded]] = {}
        self._unloads: dict[str, asyncio.Future[None]] = {}
        self._link = WorkerLink(
            hang_timeout_s, on_message=self._on_message, on_hung=self._on_hung, on_closed=self._on_closed
        )
        self._process = WorkerProcess(label, folder, environment, self._on_exit)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return not self._process.ended.done()

    def check_alive(self) -> None:
        """Sees that the process runs.

        Raises:
            UnavailableError: WORKER_CRASHED: it does not.
        """
        if not self.alive:
            raise self._crash()

    async def connect(self) -> None:
        """Connects the socket to the event loop."""
        await asyncio.get_running_loop().create_unix_connection(lambda: self._link, sock=self._process.socket)

    async def load(self, spec: ipc.Load) -> ipc.Loaded:
        """Loads an expert and returns what it takes, measured.

        Raises:
            OrchestrionError: EXPERT_LOAD_FAILED, or what the runtime said; WORKER_CRASHED.
        """
        self.check_alive()
        loaded: asyncio.Future[ipc.Loaded] = asyncio.get_running_loop().create_future()
        self._loads[spec.expert_id] = loaded
        self._link.send(spec)
        return await loaded

    async def unload(self, expert_id: str) -> None:
        """Unloads an expert. A worker that ends meanwhile has given everything back as well."""
        if not self.alive:
            return
        unloaded = self._unloads[expert_id] = asyncio.get_running_loop().create_future()
        self._link.send(ipc.Unload(expert_id))
        await unloaded

    def compute(self, batch: Batch, expert_id: str, task_type: str, inputs: Sequence[Mapping[str, ipc.Plain]]) -> None:
        """Sends a batch; the answer goes to it."""
        if not self.alive:
            batch.on_crash(self._crash())
            return
        number = next(self._batch_numbers)
        self._batches[number] = batch
        self._expert_of_batch[number] = expert_id
        for call_id in batch.call_ids:
            self._batch_of_call[call_id] = batch
        self._link.send(ipc.Compute(number, expert_id, task_type, tuple(batch.call_ids), tuple(inputs)))

    def cancel(self, call_id: int) -> None:
        """Tells the worker that nobody waits for a call any more."""
        if call_id in self._batch_of_call:
            self._link.send(ipc.Cancel(call_id))

    async def stop(self) -> None:
        """Ends the process: by closing its socket, and by force when that does not do."""
        self._stopping = True
        self._link.close()
        try:
            async with asyncio.timeout(_END_GRACE_S):
                await asyncio.shield(self._process.ended)
        except TimeoutError:
            self._process.kill()
            await self._process.ended

    def _on_message(self, message: ipc.FromWorker) -> None:
        if isinstance(message, ipc.Computed):
            batch = self._batches.pop(message.batch_id)
            del self._expert_of_batch[message.batch_id]
            for call_id in batch.call_ids:
                del self._batch_of_call[call_id]
            batch.on_computed(message)
        elif isinstance(message, ipc.CallProgress | ipc.TextPiece | ipc.Preview):
            asking = self._batch_of_call.get(message.call_id)
            if asking is not None:
                asking.on_message(message)
        elif isinstance(message, ipc.Loaded):
            loaded = self._loads.pop(message.expert_id)
            if not loaded.done():
                loaded.set_result(message)
        elif isinstance(message, ipc.LoadFailed):
            loading = self._loads.pop(message.expert_id)
            if not loading.done():
                loading.set_exception(Reason.rebuild(message.reason, message.message, {"expert": message.expert_id}))
        elif isinstance(message, ipc.Unloaded):
            _settle(self._unloads.pop(message.expert_id))

    def _on_hung(self) -> None:
        self._cause = "it did not answer and was killed"
        _log.error("worker %s (%d) does not answer; it is killed", self.label, self.pid)
        self._process.kill()

    def _on_closed(self) -> None:
        # A worker that closed its socket is of no use, even if its process should linger.
        if not self._stopping:
            self._process.kill()

    def _on_exit(self, status: int) -> None:
        if not self._stopping:
            self._cause = self._cause or _describe(status)
            _log.error("worker %s (%d) ended: %s; experts %s", self.label, self.pid, self._cause, sorted(self.experts))
        self._link.close()
        crash = self._crash()
        for load in self._loads.values():
            if not load.done():
                load.set_exception(crash)
        for unload in self._unloads.values():
            _settle(unload)
        batches = list(self._batches.values())
        self.suspects = frozenset({*self._loads, *self._expert_of_batch.values()})
        for table in (self._loads, self._unloads, self._batches, self._batch_of_call, self._expert_of_batch):
            table.clear()
        # Experts learn of the end before their calls do, so that no new batch is sent here.
        self._on_end(self, not self._stopping)
        for batch in batches:
            batch.on_crash(crash)

    def _crash(self) -> Exception:
        cause = self._cause or "the host is stopping"
        return Reason.WORKER_CRASHED.error(f"The worker {self.label} ended: {cause}.", worker=self.label)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _describe(status: int) -> str:
    if status >= 0:
        return f"it exited with status {status}"
    try:
        return f"it was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"it was ended by signal {-status}"
