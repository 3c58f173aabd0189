"""The table of all requests, for the end of the test run and for the message of a failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.system.free_wording.cases import Case

_WIDTH: Final = 72


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one request."""

    number: int
    case: Case
    faults: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether the person was served."""
        return not self.faults

    def line(self) -> str:
        """Returns a line of the table, with lines for what is wrong."""
        words = _cut(self.case.turn.ask, _WIDTH)
        return "\n".join(
            (
                f"{self.number:3}  {self.case.area:9}  {words:{_WIDTH}}  {'ok' if self.right else 'FAIL'}",
                *(f"{'':16}- {_cut(fault, 2 * _WIDTH)}" for fault in self.faults),
            )
        )


def table(verdicts: Sequence[Verdict], *, failures_only: bool = False) -> str:
    """Returns a line a request."""
    return "\n".join(verdict.line() for verdict in verdicts if not (failures_only and verdict.right))


def _cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
