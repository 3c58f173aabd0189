"""The task types in force: the server's own, and those that hosts report with the experts they bring."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from orchestrion.plans import TaskType

_log = logging.getLogger(__name__)
_MOST_RETIRED: Final = 1000


class TaskTypeDefinitions:
    """One definition for each name, however many hosts report it.

    A definition of the server's own stays as it is, and one that a host reported stays for as long as a host reports
    it: another definition of the same name is refused. A definition whose hosts are gone is retired: live runs
    and conversations that refer to it still have it, and the next definition of its name replaces it.
    """

    def __init__(self, built_in: Mapping[str, TaskType]) -> None:
        """Starts with the server's own task types, by name."""
        self._built_in = built_in
        self._by_host: dict[str, tuple[TaskType, ...]] = {}
        self._retired: dict[str, TaskType] = {}
        self.current: Mapping[str, TaskType] = MappingProxyType(dict(built_in))
        """Every definition that plans are checked against, by name. A new mapping at each change."""
        self.refused: Mapping[str, frozenset[str]] = {}
        """The names of the task types that were refused, by host: it gets no tasks of these types."""

    def report(self, host: str, task_types: tuple[TaskType, ...]) -> None:
        """Applies what a host reports; nothing is computed while that stays the same."""
        before = self._by_host.get(host, ())
        if before is task_types or before == task_types:
            return
        # Last among the hosts: definitions in force take precedence over new ones.
        self._by_host.pop(host, None)
        if task_types:
            self._by_host[host] = task_types
        self._settle()

    def forget(self, host: str) -> None:
        """Removes what a host reported."""
        if self._by_host.pop(host, None):
            self._settle()

    def reporters(self, name: str) -> tuple[str, ...]:
        """Returns the hosts whose definition of a task type is in force, by name; none for the server's own."""
        if name in self._built_in:
            return ()
        hosts = (host for host, types in self._by_host.items() if any(item.name == name for item in types))
        return tuple(sorted(host for host in hosts if name not in self.refused.get(host, ())))

    def _settle(self) -> None:
        reported: dict[str, TaskType] = {}
        refused: dict[str, frozenset[str]] = {}
        for host, types in self._by_host.items():
            contradicting = set()
            for item in types:
                in_force = self._built_in.get(item.name) or reported.setdefault(item.name, item)
                if in_force != item:
                    contradicting.add(item.name)
            if contradicting:
                refused[host] = frozenset(contradicting)
        for host, names in refused.items():
            for name in sorted(names - self.refused.get(host, frozenset())):
                whose = "the server's own" if name in self._built_in else f"that of {self._first(name)}"
                _log.warning(
                    "%s: its task type %s contradicts %s and is refused; it gets no such tasks", host, name, whose
                )
        self._retired.update({name: item for name, item in self.current.items() if name not in self._built_in})
        for name in reported:
            self._retired.pop(name, None)
        for name in list(self._retired)[: len(self._retired) - _MOST_RETIRED]:
            del self._retired[name]
        self.refused = refused
        self.current = MappingProxyType({**self._retired, **reported, **self._built_in})

    def _first(self, name: str) -> str:
        return next(host for host, types in self._by_host.items() if any(item.name == name for item in types))
