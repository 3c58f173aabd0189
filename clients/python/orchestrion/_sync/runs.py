# Made from _async/runs.py by tools/unasync.py (`make unasync`): change that file, never this one.
"""The runs of a controller: `orchestrion.Client.runs`. Those that start one are calls of the client itself."""

from __future__ import annotations

from collections.abc import Generator

from orchestrion import names
from orchestrion._net.resumption import RunEvents
from orchestrion._rpcs import runs as rpcs
from orchestrion._sync.connection import Connection
from orchestrion.events import Event
from orchestrion.listings import Page
from orchestrion.plans import Plan
from orchestrion.runs import Run


class Runs:
    """Looks after runs that exist."""

    def __init__(self, connection: Connection) -> None:
        """Shares the connection of the client."""
        self._connection = connection

    def get(self, run: str, *, timeout: float | None = None) -> Run:
        """Gets a run as far as it is.

        Raises:
            NotFoundError: There is no such run.
        """
        return self._connection.unary(rpcs.get(run), timeout)

    def list(self, page_size: int = 100, page_token: str = "", *, timeout: float | None = None) -> Page[Run]:
        """Lists runs, newest first, without plans, assignments and results.

        Args:
            page_size: How many at most.
            page_token: The `next_page_token` of the page before; empty for the first page.
            timeout: The deadline of the call, in seconds.
        """
        return self._connection.unary(rpcs.list_page(page_size, page_token), timeout)

    def watch(self, run: str, after_sequence: int = 0, *, timeout: float | None = None) -> Generator[Event, None, None]:
        """Yields the events of a run from its log, then as they happen, to its end.

        Args:
            run: The name of the run.
            after_sequence: The number of the last event already seen.
            timeout: How long to watch, in seconds; ends the watch, not the run.

        Raises:
            NotFoundError: There is no such run.
            OutOfRangeError: The log does not go that far.
        """
        rpc = rpcs.watch(run, after_sequence)
        return self._connection.stream(RunEvents(rpc, run=run, after_sequence=after_sequence, raises=False), timeout)

    def approve(self, run: str, plan: Plan | None = None, *, request_id: str = "", timeout: float | None = None) -> Run:
        """Approves the plan of a run that was started with `approval=REQUIRED`, and lets the run go on.

        Args:
            run: The name of the run.
            plan: The plan to carry out instead of the one shown; None approves that one.
            request_id: Makes the call safe to repeat: a second one with the same id succeeds as the first did. Empty
                for a new one, which only the client itself repeats.
            timeout: The deadline of the call, in seconds.

        Raises:
            NotFoundError: There is no such run.
            FailedPreconditionError: It does not approval, or not any more.
            InvalidArgumentError: The plan breaks a rule, and the error names task and field; the run goes on waiting.
        """
        return self._connection.unary(rpcs.approve(run, plan, request_id or names.new_request_id()), timeout)

    def cancel(self, run: str, *, timeout: float | None = None) -> Run:
        """Cancels a run and waits until it has ended; one that has ended stays as it is.

        Raises:
            NotFoundError: There is no such run.
        """
        return self._connection.unary(rpcs.cancel(run), timeout)

    def delete(self, run: str, *, timeout: float | None = None) -> None:
        """Deletes a run that has ended, with its log; artifacts stay.

        Raises:
            NotFoundError: There is no such run.
            FailedPreconditionError: It has not ended.
        """
        self._connection.unary(rpcs.delete(run), timeout)
