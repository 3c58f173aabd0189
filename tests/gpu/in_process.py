"""A worker inside the process of the test: the worker's own code, spoken to over a socket as the host does."""

from __future__ import annotations

import itertools
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from orchestrion_host import ipc
from orchestrion_host.worker.control import Control
from orchestrion_host.worker.output_files import Spool

TIMEOUT_S = 300.0
"""How long a load or a call may take: weights at full size are read from a disk."""

Message = TypeVar("Message")


@dataclass
class Answer:
    """What came of one call."""

    outputs: Mapping[str, Any] | None
    failure: ipc.Failure | None
    seconds: float
    """From sending it to its end, as the host sees it."""
    steps: list[str] = field(default_factory=list)
    """What was told of its steps, in order."""
    steps_after_cancel: int = 0
    """How many of them were told after it was cancelled."""
    seconds_after_cancel: float = 0.0


class InProcessWorker:
    """The threads of a worker, and the host's end of its socket."""

    def __init__(self, spool: Path) -> None:
        """Starts it, with a folder for its output files."""
        spool.mkdir(parents=True)
        self._socket, theirs = socket.socketpair()
        self._theirs = theirs
        self._control = Control(theirs, Spool(spool))
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        self._threads = [
            threading.Thread(target=self._control.serve, name="worker", daemon=True),
            threading.Thread(target=self._receive, name="host", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> InProcessWorker:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ends it as the host does: the end of the socket is the end of the worker."""
        self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(TIMEOUT_S)
        self._socket.close()
        self._theirs.close()

    def load(self, message: ipc.Load) -> tuple[ipc.Loaded, float]:
        """Loads an expert; returns what the worker says of it, and the seconds that it took, imports included."""
        started = time.perf_counter()
        self._socket.sendall(ipc.pack(message))
        loaded = self._next(lambda item: isinstance(item, ipc.Loaded | ipc.LoadFailed))
        assert isinstance(loaded, ipc.Loaded), loaded
        return loaded, time.perf_counter() - started

    def unload(self, expert_id: str) -> None:
        """Unloads an expert."""
        self._socket.sendall(ipc.pack(ipc.Unload(expert_id)))
        self._next(lambda item: isinstance(item, ipc.Unloaded))

    def compute(
        self, expert_id: str, task_type: str, inputs: Mapping[str, Any], *, cancel_after_step: int = 0
    ) -> Answer:
        """Computes one call, and cancels it as soon as a step is told, where one is given."""
        number = next(self._numbers)
        answer = Answer(None, None, 0.0)
        cancelled_at = 0.0
        started = time.perf_counter()
        self._socket.sendall(ipc.pack(ipc.Compute(number, expert_id, task_type, [number], [inputs])))
        while True:
            item = self._next(lambda item: isinstance(item, ipc.CallProgress | ipc.Computed))
            if isinstance(item, ipc.Computed):
                break
            if not item.message.startswith("step"):
                continue
            answer.steps.append(item.message)
            if cancelled_at:
                answer.steps_after_cancel += 1
            elif len(answer.steps) == cancel_after_step:
                cancelled_at = time.perf_counter()
                self._socket.sendall(ipc.pack(ipc.Cancel(number)))
        ended = time.perf_counter()
        answer.seconds = ended - started
        answer.seconds_after_cancel = ended - cancelled_at if cancelled_at else 0.0
        (result,) = item.results
        answer.failure = ipc.failure_of(result)
        answer.outputs = None if answer.failure else result
        return answer

    def expert(self, expert_id: str) -> Any:
        """Returns what was loaded, to look at its weights: no message of the protocol tells where they are."""
        return self._control._experts[expert_id]._expert

    def _next(self, wanted: Callable[[Any], bool]) -> Any:
        while True:
            item = self._messages.get(timeout=TIMEOUT_S)
            if wanted(item):
                return item

    def _receive(self) -> None:
        unpacker = ipc.Unpacker(ipc.FROM_WORKER)
        while data := self._socket.recv(1 << 18):
            for message in unpacker.feed(data):
                self._messages.put(message)
