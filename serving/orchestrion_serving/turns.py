"""Whose turn it is where calls of several callers wait for the same thing: start-time fair queueing. Pure.

Goyal, Vin and Cheng, "Start-time Fair Queuing" (SIGCOMM 1996), with every call of the same weight: a caller who has
hundreds of calls waiting gets every other turn as soon as somebody else has one.
"""

from __future__ import annotations


class Turns:
    """Numbers calls so that, served by ascending number and by arrival where it is equal, callers take turns."""

    def __init__(self) -> None:
        """Starts where nobody waits."""
        self._now = 0
        self._last: dict[str, int] = {}

    def number(self, caller: str) -> int:
        """Returns the number of a caller's next call: one turn after its last, or now where it has none waiting."""
        number = max(self._now, self._last.get(caller, 0)) + 1
        self._last[caller] = number
        return number

    def served(self, number: int) -> None:
        """Notes that the call of a number is served, and forgets callers who have none after it."""
        if number > self._now:
            self._now = number
            self._last = {caller: last for caller, last in self._last.items() if last > number}
