"""A run followed in the background while a person thinks about a question: somebody else may answer it."""

from __future__ import annotations

import os
import select
import sys
import threading
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from orchestrion._sync.client import Client
    from orchestrion.events import Event


class DecisionWatch:
    """Knows when a plan that awaits approval does so no more.

    The run has a reader meanwhile, who comes back after a lost connection, so that it is not cancelled for want of one.
    """

    def __init__(self, client: Client, awaited: Event) -> None:
        """Prepares to follow a run from the event on that told that it awaits approval."""
        self._client, self._awaited = client, awaited
        self._over, self._ends = os.pipe()

    def __enter__(self) -> Self:
        """Starts to follow."""
        # It ends by itself with the answer, whoever gives it; nobody has to wait for it.
        threading.Thread(target=self._follow, name="approval-elsewhere", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._over)

    def comes_before(self, answer: IO[str]) -> bool:
        """Waits for a line of the person's or the end of the waiting, and says whether it is the latter."""
        if sys.platform == "win32":
            return False  # Nothing but sockets can be waited for there.
        ready, _, _ = select.select([answer.fileno(), self._over], [], [])
        return answer.fileno() not in ready

    def _follow(self) -> None:
        from orchestrion.errors import OrchestrionError
        from orchestrion.events import PlanApproved, RunFinished

        try:
            for event in self._client.runs.watch(self._awaited.run, self._awaited.sequence):
                if isinstance(event.payload, PlanApproved | RunFinished):
                    return
        except OrchestrionError:
            return  # Who reads the run's events is told the same.
        finally:
            # The other end of the pipe can be read then.
            os.close(self._ends)
