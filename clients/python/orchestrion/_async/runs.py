"""The calls of `orchestrion.AsyncClient` about runs that exist: watched, told, approved, cancelled and deleted."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from orchestrion._async.artifacts import AsyncArtifactClient
from orchestrion._net.resumption import RunEvents
from orchestrion._rpcs import runs as rpcs
from orchestrion.events import Event
from orchestrion.listings import Page
from orchestrion.names import new_request_id
from orchestrion.plans import Plan
from orchestrion.runs import Run


class AsyncRunClient(AsyncArtifactClient):
    """Looks after runs; `orchestrion.AsyncClient` is one."""

    def watch(self, run: str, after_sequence: int = 0, *, timeout: float | None = None) -> AsyncGenerator[Event, None]:
        """Yields the events of a run from its log, then as they happen, to its end; see `Client.watch`."""
        rpc = rpcs.watch(run, after_sequence)
        return self._connection.stream(RunEvents(rpc, run=run, after_sequence=after_sequence, raises=False), timeout)

    async def get_run(self, run: str, *, timeout: float | None = None) -> Run:
        """Gets a run as its log tells it so far; see `Client.get_run`."""
        return await self._connection.unary(rpcs.get(run), timeout)

    async def list_runs(self, page_size: int = 100, page_token: str = "", *, timeout: float | None = None) -> Page[Run]:
        """Lists runs, newest first, without plans, assignments and results; see `Client.list_runs`."""
        return await self._connection.unary(rpcs.list_page(page_size, page_token), timeout)

    async def approve_plan(
        self, run: str, plan: Plan | None = None, *, request_id: str = "", timeout: float | None = None
    ) -> Run:
        """Approves the plan of a run, or another in its place, and lets the run go on; see `Client.approve_plan`."""
        rpc = rpcs.approve(run, plan, request_id or new_request_id())
        return await self._connection.unary(rpc, timeout)

    async def cancel_run(self, run: str, *, timeout: float | None = None) -> Run:
        """Cancels a run and waits until it has ended; see `Client.cancel_run`."""
        return await self._connection.unary(rpcs.cancel(run), timeout)

    async def delete_run(self, run: str, *, timeout: float | None = None) -> None:
        """Deletes a run that has ended, with its log; see `Client.delete_run`."""
        await self._connection.unary(rpcs.delete(run), timeout)
