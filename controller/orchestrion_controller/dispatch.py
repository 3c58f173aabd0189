"""What flows from Select to Execute: tasks with the experts chosen for them, on a queue, as they are planned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from orchestrion.experts import Assignment
from orchestrion.plans import Task


@dataclass(frozen=True, slots=True)
class InputSize:
    """The size of an input; 0 where it is unknown."""

    character_count: int = 0
    """Characters of a text."""
    duration_ms: int = 0
    """Duration of audio or video, in milliseconds."""
    size_bytes: int = 0
    """Bytes of a file."""

    def largest(self, other: InputSize) -> InputSize:
        """Combines the sizes of two items of a list: the maximum of each, since items are sent one by one."""
        return InputSize(
            max(self.character_count, other.character_count),
            max(self.duration_ms, other.duration_ms),
            max(self.size_bytes, other.size_bytes),
        )


@dataclass(frozen=True, slots=True)
class SelectionContext:
    """What the choice of experts depends on besides the task: the same for all tasks of a run."""

    files: Mapping[str, InputSize] = field(default_factory=dict)
    """How large artifacts are, by name."""
    request: str = ""
    """The text of the request; empty where a plan was submitted without one."""
    licenses: tuple[str, ...] = ()
    """The licences that experts may have, as `licenses.allowed` takes them; none allows all."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """How artifacts that are texts begin, by name."""


NO_CONTEXT: Final = SelectionContext()


@dataclass(frozen=True, slots=True)
class AssignedTask:
    """A task and the expert chosen for it."""

    task: Task
    """The task."""
    assignment: Assignment
    """The expert, its host, and the candidates beside it."""
    pinned: bool = False
    """Whether the caller chose: then only its own candidates are alternatives."""
    context: SelectionContext = NO_CONTEXT
    """The context of the choice; a second choice after a failure uses the same."""


@dataclass(frozen=True, slots=True)
class RevokedTask:
    """A task that a repaired plan does not have."""

    task_id: str
    """Its id."""


DispatchItem: TypeAlias = AssignedTask | RevokedTask


class DispatchQueue:
    """The queue between the two stages: unbounded, since a plan is bounded."""

    def __init__(self) -> None:
        """Starts empty and open."""
        self._items: asyncio.Queue[DispatchItem | None] = asyncio.Queue()

    def put(self, item: DispatchItem) -> None:
        """Hands an item on."""
        self._items.put_nowait(item)

    def close(self) -> None:
        """Closes the queue: readers end after the last item."""
        self._items.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[DispatchItem]:
        while (item := await self._items.get()) is not None:
            yield item
