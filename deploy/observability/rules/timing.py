"""How long rules look back and wait, as a parameter: a test on live servers uses a tenth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """How long rules look back and wait."""

    scale: float = 1.0
    """What every duration is multiplied by; 1 is for operation with a scrape each 15 seconds."""

    def seconds(self, usual: float) -> str:
        """Returns a duration as Prometheus writes it, of at least a second."""
        return f"{max(1, round(usual * self.scale))}s"

    @property
    def window(self) -> str:
        """What rates look back, five minutes."""
        return self.seconds(300)

    @property
    def soon(self) -> str:
        """How long most alerts wait, a minute."""
        return self.seconds(60)

    @property
    def later(self) -> str:
        """How long alerts wait that are about what may pass by itself, five minutes."""
        return self.seconds(300)
