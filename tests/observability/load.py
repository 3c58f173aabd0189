"""A mixed load: what succeeds, what fails, more than there is room for, crashes, evictions, a slow language model."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from orchestrion import Client
from orchestrion.errors import OrchestrionError
from orchestrion.events import AttemptFailed, Event, RunFinished, RunStarted, TaskStarted
from orchestrion.plans import Plan, Task
from tests.rpc.controller.plans import CHAIN, wait

BURST = Plan(tuple(wait(f"task{number}", delay_ms=300) for number in range(60)))
HEAVY = Plan((wait("heavy", output_bytes=200_000),))
CHEERFUL = Plan((Task("talk", "conversational", {"text": "hello"}),))
FAILING = Plan((Task("talk", "conversational", {"text": "fail"}),))
CRASHING = Plan((Task("talk", "conversational", {"text": "crash"}),))
IMPOSSIBLE = Plan((Task("talk", "no-such-task-type", {}),))


class Load:
    """What is asked of the platform, and a count of what its clients saw."""

    def __init__(self, controller: str, gateway: str) -> None:
        """Takes the addresses of a controller (gRPC) and of a gateway (HTTP)."""
        self.seen: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self._controller = controller
        self._gateway = gateway
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Asks for everything, until it is left; then waits until all that was begun has ended."""
        jobs = [
            self._runs(1.0, plan=CHAIN),
            self._runs(1.5, plan=CHEERFUL),
            self._runs(2.0, plan=HEAVY),
            self._runs(0.1, plan=BURST),
            self._runs(1.0, plan=FAILING),
            self._runs(20.0, plan=CRASHING),
            self._runs(0.3, plan=IMPOSSIBLE),
            *(self._runs(0.1) for _ in range(12)),
            self._evictions,
            self._pages,
        ]
        threads = [threading.Thread(target=job, name="load") for job in jobs]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join()

    def quietly(self, seconds: float) -> None:
        """Asks for a little, of which all succeeds."""
        end = time.monotonic() + seconds
        with Client(self._controller) as client:
            while time.monotonic() < end:
                self._watch(client.run("do it", plan=CHAIN, responder="builtin"))
                self._stopped.wait(1)

    def _runs(self, pause_s: float, plan: Plan | None = None) -> Callable[[], None]:
        def go() -> None:
            with Client(self._controller) as client:
                while not self._stopped.wait(pause_s):
                    self._watch(client.run("do it", plan=plan, responder="builtin" if plan else ""))

        return go

    def _watch(self, events: Iterator[Event]) -> None:
        with suppress(OrchestrionError):
            for event in events:
                with self._lock:
                    self.seen[type(event.payload).__name__] += 1
                    if isinstance(event.payload, RunFinished):
                        self.ended[event.payload.state.name.lower()] += 1

    def _evictions(self) -> None:
        with Client(self._controller) as client, client.hosts.connect("one") as host:
            while True:
                for expert in "abc":
                    with suppress(OrchestrionError):
                        host.experts.load(expert)
                    if self._stopped.wait(0.5):
                        return

    def _pages(self) -> None:
        while not self._stopped.wait(0.5):
            for path in ("/api/v1/hosts", "/api/v1/runs/none"):
                with suppress(urllib.error.HTTPError), urllib.request.urlopen(self._gateway + path, timeout=20) as page:
                    page.read()


ATTEMPT = TaskStarted.__name__
ATTEMPT_FAILED = AttemptFailed.__name__
ACCEPTED = RunStarted.__name__
