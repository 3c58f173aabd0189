"""The main thread of a worker: reads what the host asks, hands it to threads, and answers pings itself."""

from __future__ import annotations

import logging
import socket
import sys
import threading
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host import ipc
from orchestrion_host.worker import memory, runtimes, working_memory
from orchestrion_host.worker.experts import ExpertThreads
from orchestrion_host.worker.measuring import LoadMeter
from orchestrion_host.worker.output_files import Spool

_log = logging.getLogger(__name__)
_READ_BYTES: Final = 1 << 18


class Control:
    """One end of the socket to the host, and the experts loaded in this process."""

    def __init__(
        self, connection: socket.socket, spool: Spool, call_memory_bytes: int = working_memory.DEFAULT_BYTES
    ) -> None:
        """Keeps the socket and the folder for output files.

        Args:
            connection: The socket.
            spool: Where output files go.
            call_memory_bytes: What the media of all calls together may take while they are computed.
        """
        self._connection = connection
        self._spool = spool
        self._working_memory = working_memory.WorkingMemory(call_memory_bytes)
        self._send_lock = threading.Lock()
        # Loads take turns, so that what one takes is not counted for another.
        self._load_lock = threading.Lock()
        self._experts: dict[str, ExpertThreads] = {}
        # Those that are unloaded once they have computed what they have: their calls can still be cancelled.
        self._leaving: set[ExpertThreads] = set()
        self._own_bytes = 0

    def serve(self) -> None:
        """Serves until the host closes the socket."""
        unpacker = ipc.Unpacker(ipc.TO_WORKER)
        while data := self._receive():
            for message in unpacker.feed(data):
                self._handle(message)

    def send(self, message: ipc.FromWorker) -> None:
        """Writes a message to the host; from any thread.

        Raises:
            TypeError, ValueError: It holds what a frame cannot carry.
        """
        frame = ipc.pack(message)
        with self._send_lock:
            try:
                self._connection.sendall(frame)
            except OSError:
                # The host is gone; the main thread sees the end of the socket and ends the process.
                _log.debug("the host is gone")

    def _receive(self) -> bytes:
        try:
            return self._connection.recv(_READ_BYTES)
        except OSError:
            return b""

    def _handle(self, message: ipc.ToWorker) -> None:
        if isinstance(message, ipc.Compute):
            self._compute(message)
        elif isinstance(message, ipc.Ping):
            self.send(ipc.Pong(message.number))
        elif isinstance(message, ipc.Cancel):
            # A copy: loads and unloads change the table from their threads.
            for expert in [*self._experts.values(), *self._leaving]:
                expert.cancel(message.call_id)
        elif isinstance(message, ipc.Load):
            threading.Thread(target=self._load, args=(message,), name=f"load {message.expert_id}", daemon=True).start()
        else:
            threading.Thread(
                target=self._unload, args=(message,), name=f"unload {message.expert_id}", daemon=True
            ).start()

    def _compute(self, batch: ipc.Compute) -> None:
        expert = self._experts.get(batch.expert_id)
        if expert is not None:
            expert.submit(batch)
            return
        failure = ipc.Failure(Reason.EXPERT_NOT_LOADED.name, f"{batch.expert_id} is not loaded.")
        self.send(ipc.Computed(batch.batch_id, 0.0, [ipc.plain_failure(failure)] * len(batch.call_ids)))

    def _load(self, spec: ipc.Load) -> None:
        with self._load_lock:
            answer = self._try_to_load(spec)
            if isinstance(answer, ipc.LoadFailed):
                # Not before here: the error kept alive what the load had built.
                memory.give_back_everywhere()
        self.send(answer)

    def _try_to_load(self, spec: ipc.Load) -> ipc.Loaded | ipc.LoadFailed:
        try:
            modules = len(sys.modules)
            load = runtimes.loader(spec)
            if len(sys.modules) != modules:
                memory.set_aside_libraries()
            meter = LoadMeter(memory.gauge(spec.device), self._experts)
            loaded = load(spec)
            meter.begin_warm_up()
            loaded.warm_up()
            measured = meter.end(loaded.parameter_bytes())
        except OrchestrionError as error:
            return ipc.LoadFailed(spec.expert_id, error.reason, error.message)
        except Exception as error:
            _log.exception("loading %s failed", spec.expert_id)
            reason = Reason.OUT_OF_MEMORY if memory.is_exhaustion(error) else Reason.EXPERT_LOAD_FAILED
            text = f"{spec.expert_id} could not be loaded: {type(error).__name__}: {error}"
            return ipc.LoadFailed(spec.expert_id, reason.name, text)
        self._experts[spec.expert_id] = ExpertThreads(
            spec, loaded, measured, self._spool, self.send, working_memory=self._working_memory
        )
        if measured.exact:
            self._measure_itself()
        return ipc.Loaded(
            spec.expert_id,
            measured.memory_bytes,
            measured.spare_bytes,
            measured.exact,
            self._own_bytes,
            getattr(loaded, "signature", None),  # Experts that take values have none.
        )

    def _measure_itself(self) -> None:
        """Notes what the interpreter and the libraries take of main memory, beside experts in it."""
        experts = sum(expert.main_memory_bytes for expert in list(self._experts.values()))
        self._own_bytes = max(self._own_bytes, memory.proportional_bytes() - experts)

    def _unload(self, message: ipc.Unload) -> None:
        expert = self._experts.get(message.expert_id)
        if expert is not None:
            self._leaving.add(expert)
            del self._experts[message.expert_id]
            try:
                expert.close()
            except Exception:
                _log.exception("unloading %s failed", message.expert_id)
            self._leaving.discard(expert)
            del expert
            memory.give_back_unloaded()
        self.send(ipc.Unloaded(message.expert_id))
