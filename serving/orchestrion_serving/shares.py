"""How much of something bounded each caller may hold: fair between callers, whoever came first. Pure."""

from __future__ import annotations

import enum
from typing import Final

TIMES_FREE: Final = 3
"""A caller may hold up to so many times what is free: alone three quarters of everything."""


class Shortage(enum.Enum):
    """Why a caller gets no more."""

    LIMIT = "limit"
    """Too little is free for anybody."""
    SHARE = "share"
    """The caller holds its share already."""


class Shares:
    """What callers hold of one limit.

    There are no quotas to set up: what one caller may hold shrinks as others come, and grows as they leave. Who holds
    more than that gets nothing new until it has given enough back; so n callers who want all they can get end up with
    3 parts each of 3n + 1, and one part stays free for whoever comes next.

    Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches" (IEEE/ACM Transactions on
    Networking, 1998).
    """

    def __init__(self, limit: int) -> None:
        """Starts with everything free; `limit` is how much there is in all, in whatever unit."""
        self.limit = limit
        self._held: dict[str, int] = {}
        self._total = 0

    @property
    def total(self) -> int:
        """How much all callers hold together."""
        return self._total

    @property
    def free(self) -> int:
        """How much nobody holds; 0 where more was taken than there is."""
        return max(0, self.limit - self._total)

    def held(self, caller: str) -> int:
        """How much one caller holds."""
        return self._held.get(caller, 0)

    def shortage(self, caller: str, amount: int = 1) -> Shortage | None:
        """Returns why a caller gets no such amount now; None where it may take it."""
        if amount > self.free:
            return Shortage.LIMIT
        return Shortage.SHARE if self.held(caller) + amount > TIMES_FREE * self.free else None

    def take(self, caller: str, amount: int = 1) -> None:
        """Notes that a caller takes so much, whether or not it is short."""
        self._total += amount
        self._held[caller] = self.held(caller) + amount

    def give_back(self, caller: str, amount: int = 1) -> None:
        """Notes that a caller holds so much less."""
        self._total -= amount
        rest = self.held(caller) - amount
        if rest > 0:
            self._held[caller] = rest
        else:
            # Callers come and go by the thousand: who holds nothing is forgotten.
            self._held.pop(caller, None)
