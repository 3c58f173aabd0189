"""Liveness and readiness of a gateway, for those who supervise it from the port of its metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Final, TypeVar

from orchestrion import AsyncClient, OrchestrionError
from orchestrion_gateway.metrics import GatewayMetrics
from orchestrion_gateway.metrics_endpoint import Answer

T = TypeVar("T")

_CONTROLLER_S: Final = 2.0
"""How long the controller may take to answer, in seconds."""
_LOOP_S: Final = 10.0
"""How long the event loop may take to answer until the process counts as hung, in seconds."""


class GatewayHealth:
    """Asks the event loop, and through it the controller, whenever somebody asks here."""

    def __init__(self, client: AsyncClient, metrics: GatewayMetrics) -> None:
        """Keeps the client of the controller and where readiness is shown. Made on the event loop that serves."""
        self._client = client
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._is_draining = False
        metrics.ready.set(1)

    def drain(self) -> None:
        """The gateway shuts down: it is alive, and not ready."""
        self._is_draining = True
        self._metrics.ready.set(0)

    def pages(self) -> Mapping[str, Answer]:
        """Returns what answers at each path."""
        return {"/healthz": self._alive, "/readyz": self._ready}

    def _alive(self) -> tuple[int, str]:
        try:
            self._await(asyncio.sleep(0), _LOOP_S)
        except TimeoutError:
            return 503, f"The event loop has not answered for {_LOOP_S:g} s."
        return 200, "ok"

    def _ready(self) -> tuple[int, str]:
        if self._is_draining:
            return 503, "The gateway is shutting down; what has begun may end."
        try:
            self._await(self._client.hosts.list(timeout=_CONTROLLER_S), _CONTROLLER_S + _LOOP_S)
        except (OrchestrionError, TimeoutError) as error:
            self._metrics.ready.set(0)
            why = str(error) or "no reply in time."
            return 503, f"The controller at {self._client.address} does not answer: {why}"
        self._metrics.ready.set(1)
        return 200, "ok"

    def _await(self, work: Coroutine[object, object, T], timeout_s: float) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            raise
