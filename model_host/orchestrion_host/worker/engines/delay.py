"""The engine `delay`: waits and returns its text, for tests and benchmarks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final

from orchestrion_host import wire
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_STEPS_A_SECOND: Final = 5
_MOST_STEPS: Final = 20
_PIECE: Final = bytes(1 << 20)


class Delay:
    """Holds nothing but a ballast, which stands for the weights of a model."""

    def __init__(self, ballast_bytes: int) -> None:
        """Takes that much memory."""
        # Ones, since pages of zeros would not be taken before they are written.
        self._ballast = b"\1" * ballast_bytes

    def warm_up(self) -> None:
        """Does nothing."""

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Waits for each call as long as it asks for."""
        return one_by_one(batch, self._compute)

    def parameter_bytes(self) -> int:
        """Returns the size of the ballast."""
        return len(self._ballast)

    def unload(self) -> None:
        """Lets go of the ballast."""
        self._ballast = b""

    def _compute(self, call: Call) -> Outputs:
        delay_s = call.number("delay_ms") / 1000
        # Short delays, which benchmarks measure, are waited for in one.
        steps = min(int(delay_s), _MOST_STEPS) * _STEPS_A_SECOND or 1
        for step in range(1, steps + 1):
            if delay_s > 0:
                call.wait(delay_s / steps)
            if steps > 1:
                call.progress("waiting", step / steps)
        outputs = {"text": call.text("text")}
        size = int(call.number("output_bytes"))
        if size > 0:
            outputs["artifact"] = call.spool.write(_zeros(size, call), "application/octet-stream", "zeros.bin")
        return outputs


def load(spec: wire.Load) -> Delay:
    """Takes as much memory as the option `ballast_bytes` says, after `load_ms` milliseconds."""
    time.sleep(float(spec.options.get("load_ms", 0)) / 1000)
    if spec.options.get("load_error"):
        raise ValueError(spec.options["load_error"])
    return Delay(int(spec.options.get("ballast_bytes", 0)))


def _zeros(size: int, call: Call) -> Iterator[bytes]:
    while size > 0:
        call.raise_if_cancelled()
        yield _PIECE[: min(size, len(_PIECE))]
        size -= len(_PIECE)
