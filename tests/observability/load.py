"""A mixed load: what succeeds, what fails, more than there is room for, crashes, evictions, approvals, pictures."""

from __future__ import annotations

import io
import itertools
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from PIL import Image

from orchestrion import Client
from orchestrion.errors import OrchestrionError
from orchestrion.events import ApprovalAwaited, AttemptFailed, Event, RunFinished, RunStarted, TaskStarted
from orchestrion.experts import SelectionPolicy
from orchestrion.plans import Plan, Task
from orchestrion.runs import Approval
from orchestrion.values import ArtifactRef
from tests.rpc.controller.plans import CHAIN, wait

BURST = Plan(tuple(wait(f"task{number}", delay_ms=1000) for number in range(60)))
BURSTS = 3
"""At a time. Two hosts compute 64 calls of the burst and keep 8 waiting; 180 are far more, wherever the rest goes."""
HEAVY = Plan((wait("heavy", output_bytes=200_000),))
CHEERFUL = Plan((Task("talk", "conversational", {"text": "hello"}),))
FAILING = Plan((Task("talk", "conversational", {"text": "fail"}),))
CRASHING = Plan((Task("talk", "conversational", {"text": "crash"}),))
DAMAGED = Plan((Task("translate", "translation", {"text": "hello", "language": "de"}),))
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
            *(self._runs(0.1, plan=BURST) for _ in range(BURSTS)),
            self._runs(1.0, plan=FAILING),
            self._runs(20.0, plan=CRASHING),
            self._runs(10.0, plan=DAMAGED),
            self._runs(0.3, plan=IMPOSSIBLE),
            self._runs(2.0, plan=CHAIN, policy=SelectionPolicy.LLM),
            self._approvals,
            self._pictures,
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

    def _runs(
        self, pause_s: float, plan: Plan | None = None, policy: SelectionPolicy = SelectionPolicy.UNSPECIFIED
    ) -> Callable[[], None]:
        def go() -> None:
            responder = "builtin" if plan else ""
            with Client(self._controller) as client:
                while not self._stopped.wait(pause_s):
                    self._watch(client.run("do it", plan=plan, responder=responder, policy=policy))

        return go

    def _approvals(self) -> None:
        with Client(self._controller) as client:
            while not self._stopped.wait(2):
                self._watch(
                    self._approved(
                        client, client.run("do it", plan=CHAIN, responder="builtin", approval=Approval.REQUIRED)
                    )
                )

    def _approved(self, client: Client, events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event.payload, ApprovalAwaited):
                self._stopped.wait(1)
                client.runs.approve(event.run)
            yield event

    def _pictures(self) -> None:
        """Each picture is asked about some times, so that a host that had it has it still."""
        with Client(self._controller) as client:
            for number in itertools.count():
                if self._stopped.wait(0.5):
                    return
                content = io.BytesIO()
                Image.new("RGB", (64, 64), (number // 6 % 256, 0, 0)).save(content, "PNG")
                picture = client.artifacts.upload(content.getvalue(), file_name="picture.png")
                plan = Plan((Task("look", "image-to-text", {"image": ArtifactRef(picture.name)}),))
                self._watch(client.run("do it", plan=plan, responder="builtin"))

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
