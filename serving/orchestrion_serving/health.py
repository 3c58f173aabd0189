"""Liveness and readiness, apart: a process that is not ready says why, and is not to be killed for it."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Mapping
from typing import Final

from orchestrion_serving.metrics_endpoint import HttpPage

READINESS: Final = "readiness"
"""The name under which gRPC's health service tells readiness; the empty name tells that the server serves calls."""

Problem = Callable[[], str]
"""Returns why the server cannot do its work now, as a sentence; empty when it can. Called on any thread, at once."""

_LOOP_ANSWERS_S: Final = 10.0
"""How long the event loop may take to answer until the process counts as hung, in seconds."""


class Readiness:
    """Whether a server should be given work now."""

    def __init__(self) -> None:
        """Starts as not ready, since nothing listens yet."""
        self._checks: list[Problem] = []
        self._details: list[Callable[[], str]] = []
        self._phase = "The server is starting."

    def require(self, problem: Problem) -> None:
        """Adds a check without which the server is not ready."""
        self._checks.append(problem)

    def mention(self, detail: Callable[[], str]) -> None:
        """Adds a sentence that is told beside readiness and changes nothing; an empty one is left out."""
        self._details.append(detail)

    def open(self) -> None:
        """The server takes calls."""
        self._phase = ""

    def drain(self) -> None:
        """The server shuts down: it is alive, and not ready."""
        self._phase = "The server is shutting down; what has begun may end."

    def problems(self) -> list[str]:
        """Returns why the server is not ready, a sentence each; none when it is."""
        return [text for text in (self._phase, *(check() for check in self._checks)) if text]

    def page(self) -> HttpPage:
        """Answers `/readyz`: 200, or 503 with a line for each reason; details follow either."""
        problems = self.problems()
        lines = [*(problems or ["ok"]), *(text for detail in self._details if (text := detail()))]
        return HttpPage.text("\n".join(lines), status=503 if problems else 200)


def health_pages(readiness: Readiness, loop: asyncio.AbstractEventLoop) -> Mapping[str, Callable[[], HttpPage]]:
    """Returns `/healthz` and `/readyz` of a process whose work is on an event loop."""
    return {"/healthz": lambda: _alive(loop), "/readyz": readiness.page}


def _alive(loop: asyncio.AbstractEventLoop) -> HttpPage:
    answered = concurrent.futures.Future[None]()
    try:
        loop.call_soon_threadsafe(answered.set_result, None)
        answered.result(_LOOP_ANSWERS_S)
    except TimeoutError:
        return HttpPage.text(f"The event loop has not answered for {_LOOP_ANSWERS_S:g} s.", status=503)
    except RuntimeError:  # The loop is closed: the process is at its very end.
        return HttpPage.text("The event loop has ended.", status=503)
    return HttpPage.text("ok")
