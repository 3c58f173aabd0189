"""The main thread of a worker: reads what the host asks, hands it to threads, and answers pings itself."""

from __future__ import annotations

import gc
import logging
import socket
import threading
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host import wire
from orchestrion_host.worker import memory, runtimes
from orchestrion_host.worker.experts import ExpertThreads
from orchestrion_host.worker.media.files import Spool

_log = logging.getLogger(__name__)
_READ_BYTES: Final = 1 << 18


class Control:
    """One end of the socket to the host, and the experts loaded in this process."""

    def __init__(self, connection: socket.socket, spool: Spool) -> None:
        """Keeps the socket and the folder for output files."""
        self._connection = connection
        self._spool = spool
        self._send_lock = threading.Lock()
        # Loads take turns, so that what one takes is not counted for another.
        self._load_lock = threading.Lock()
        self._experts: dict[str, ExpertThreads] = {}

    def serve(self) -> None:
        """Serves until the host closes the socket."""
        unpacker = wire.Unpacker()
        while data := self._receive():
            for message in unpacker.feed(data):
                self._handle(message)

    def send(self, message: wire.FromWorker) -> None:
        """Writes a message to the host; from any thread.

        Raises:
            TypeError, ValueError: It holds what a frame cannot carry.
        """
        frame = wire.pack(message)
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

    def _handle(self, message: wire.ToWorker) -> None:
        if isinstance(message, wire.Compute):
            self._compute(message)
        elif isinstance(message, wire.Ping):
            self.send(wire.Pong(message.number))
        elif isinstance(message, wire.Cancel):
            # A copy: loads and unloads change the table from their threads.
            for expert in list(self._experts.values()):
                expert.cancel(message.call_id)
        elif isinstance(message, wire.Load):
            threading.Thread(target=self._load, args=(message,), name=f"load {message.expert_id}", daemon=True).start()
        else:
            threading.Thread(
                target=self._unload, args=(message,), name=f"unload {message.expert_id}", daemon=True
            ).start()

    def _compute(self, batch: wire.Compute) -> None:
        expert = self._experts.get(batch.expert_id)
        if expert is not None:
            expert.submit(batch)
            return
        failure = wire.Failure(Reason.EXPERT_NOT_LOADED.name, f"{batch.expert_id} is not loaded.")
        self.send(wire.Computed(batch.batch_id, 0.0, [wire.plain_failure(failure)] * len(batch.call_ids)))

    def _load(self, spec: wire.Load) -> None:
        with self._load_lock:
            try:
                load = runtimes.loader(spec)
                with memory.Growth() as growth:
                    loaded = load(spec)
                    loaded.warm_up()
            except OrchestrionError as error:
                self.send(wire.LoadFailed(spec.expert_id, error.reason, error.message))
            except Exception as error:
                _log.exception("loading %s failed", spec.expert_id)
                text = f"{spec.expert_id} could not be loaded: {type(error).__name__}: {error}"
                self.send(wire.LoadFailed(spec.expert_id, Reason.EXPERT_LOAD_FAILED.name, text))
            else:
                self._experts[spec.expert_id] = ExpertThreads(spec, loaded, self._spool, self.send)
                size = loaded.parameter_bytes()
                if spec.device == "cpu":
                    size = max(size, growth.bytes)
                self.send(wire.Loaded(spec.expert_id, size))
                return
        # The traceback kept alive what a failed load had built; it is gone now.
        memory.give_back()

    def _unload(self, message: wire.Unload) -> None:
        expert = self._experts.pop(message.expert_id, None)
        if expert is not None:
            try:
                expert.close()
            except Exception:
                _log.exception("unloading %s failed", message.expert_id)
            del expert
            gc.collect()
            memory.give_back()
        self.send(wire.Unloaded(message.expert_id))
