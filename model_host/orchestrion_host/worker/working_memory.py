"""The main memory that calls of a worker may take together while they are computed, and who has how much of it."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

DEFAULT_BYTES: Final = 2 << 30


class WorkingMemory:
    """Batches take turns: each gets all that it needs at once, before it begins, so that none waits with a part of it.

    What is counted are the media of calls and what is made of them, by estimates; models have accounts of their own.
    """

    def __init__(self, limit_bytes: int = DEFAULT_BYTES) -> None:
        """Starts with nothing taken.

        Args:
            limit_bytes: What all calls together may take.
        """
        self.limit_bytes = limit_bytes
        """What all calls together may take."""
        self.taken_bytes = 0
        """What those have that are computed."""
        self._changed = threading.Condition()
        self._line: deque[object] = deque()

    @contextlib.contextmanager
    def taken(
        self, wanted_bytes: int, check: Callable[[], None] = lambda: None, on_wait: Callable[[], None] = lambda: None
    ) -> Iterator[None]:
        """Takes so many bytes while the context lasts, in the order in which batches come.

        Args:
            wanted_bytes: How many; not more than there are.
            check: Called whenever the wait is looked at anew; may raise to end it.
            on_wait: Called once where it has to wait.
        """
        if wanted_bytes == 0:
            yield
            return
        place = object()
        with self._changed:
            self._line.append(place)
            try:
                if not self._is_free(place, wanted_bytes):
                    on_wait()
                while not self._is_free(place, wanted_bytes):
                    check()
                    self._changed.wait()
                self.taken_bytes += wanted_bytes
            finally:
                self._line.remove(place)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self.taken_bytes -= wanted_bytes
                self._changed.notify_all()

    def look_again(self) -> None:
        """Has all that wait call their `check`: a call of theirs was cancelled."""
        with self._changed:
            self._changed.notify_all()

    def _is_free(self, place: object, wanted_bytes: int) -> bool:
        return self._line[0] is place and self.taken_bytes + wanted_bytes <= self.limit_bytes
