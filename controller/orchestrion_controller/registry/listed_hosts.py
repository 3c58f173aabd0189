"""The names of the hosts that a controller lists, in the database: the next one waits for them after a restart."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from sqlalchemy import bindparam, delete, insert, select

from orchestrion.errors import OrchestrionError
from orchestrion_controller.database.database import Database
from orchestrion_controller.database.schema import HOSTS

_log = logging.getLogger(__name__)

_ADD = insert(HOSTS)
_REMOVE = delete(HOSTS).where(HOSTS.c.name == bindparam("host"))


class ListedHosts:
    """Remembers which hosts were listed; one that did not come back after a restart is no longer remembered."""

    def __init__(self, database: Database) -> None:
        """Keeps the database."""
        self._database = database
        self._names: set[str] = set()

    @property
    def names(self) -> frozenset[str]:
        """The names that are remembered."""
        return frozenset(self._names)

    async def load(self) -> frozenset[str]:
        """Reads the hosts that an earlier process listed."""
        rows = await self._database.read(lambda connection: connection.execute(select(HOSTS.c.name)).all())
        self._names = {row.name for row in rows}
        return frozenset(self._names)

    def add(self, name: str) -> None:
        """Remembers a host."""
        if name not in self._names:
            self._names.add(name)
            self._database.write(_ADD, {"name": name}, _note)

    def remove(self, names: Iterable[str]) -> None:
        """Remembers hosts no longer."""
        for name in self._names & set(names):
            self._names.discard(name)
            self._database.write(_REMOVE, {"host": name}, _note)


def _note(error: OrchestrionError | None) -> None:
    # Without it the next process waits for one host too few, or too many, for a lease's time.
    if error is not None:
        _log.warning("the names of hosts are not kept: %s", error.message)
