"""The calls of `orchestrion.AsyncClient` about runs that exist: watched, told, approved, cancelled and deleted."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from orchestrion._async.artifacts import AsyncArtifactClient
from orchestrion._net import calls
from orchestrion._net.calls import Page
from orchestrion._net.resumption import RunEvents
from orchestrion._net.stage_calls import new_request_id
from orchestrion.events import Event
from orchestrion.plans import Plan
from orchestrion.runs import Run


class AsyncRunClient(AsyncArtifactClient):
    """Looks after runs; `orchestrion.AsyncClient` is one."""

    def watch(self, run: str, after_sequence: int = 0, *, timeout: float | None = None) -> AsyncGenerator[Event, None]:
        """Yields the events of a run from its log, then as they happen, to its end; see `Client.watch`."""
        call = calls.watch_run(run, after_sequence)
        return self._wire.stream(RunEvents(call, run=run, after_sequence=after_sequence, raises=False), timeout)

    async def get_run(self, run: str, *, timeout: float | None = None) -> Run:
        """Gets a run as its log tells it so far; see `Client.get_run`."""
        return await self._wire.unary(calls.get_run(run), timeout)

    async def list_runs(self, page_size: int = 100, page_token: str = "", *, timeout: float | None = None) -> Page[Run]:
        """Lists runs, newest first, without plans, assignments and results; see `Client.list_runs`."""
        return await self._wire.unary(calls.list_runs(page_size, page_token), timeout)

    async def approve_plan(
        self, run: str, plan: Plan | None = None, *, request_id: str = "", timeout: float | None = None
    ) -> Run:
        """Approves the plan of a run, or another in its place, and lets the run go on; see `Client.approve_plan`."""
        call = calls.approve_plan(run, plan, request_id or new_request_id())
        return await self._wire.unary(call, timeout)

    async def cancel_run(self, run: str, *, timeout: float | None = None) -> Run:
        """Cancels a run and waits until it has ended; see `Client.cancel_run`."""
        return await self._wire.unary(calls.cancel_run(run), timeout)

    async def delete_run(self, run: str, *, timeout: float | None = None) -> None:
        """Deletes a run that has ended, with its log; see `Client.delete_run`."""
        await self._wire.unary(calls.delete_run(run), timeout)
