"""The engine `delay`: waits and returns its text, for tests and benchmarks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_STEPS_A_SECOND: Final = 5
_MOST_STEPS: Final = 20
_PIECE: Final = bytes(1 << 20)


class Delay:
    """Holds nothing but a ballast, which stands for the weights of a model."""

    def __init__(self, ballast_bytes: int, peak_bytes: int, warm_up_error: str) -> None:
        """Takes the memory of the ballast.

        Args:
            ballast_bytes: What it holds.
            peak_bytes: What the warm-up and each call take beyond that while they last.
            warm_up_error: What the warm-up fails with; empty when it does not.
        """
        self._ballast = _taken(ballast_bytes)
        self._peak_bytes = peak_bytes
        self._warm_up_error = warm_up_error

    def warm_up(self) -> None:
        """Takes what a call takes."""
        _taken(self._peak_bytes)
        if self._warm_up_error:
            raise RuntimeError(self._warm_up_error)

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
        held = _taken(self._peak_bytes)
        delay_s = call.number("delay_ms") / 1000
        # Short delays, which benchmarks measure, are waited for in one.
        steps = min(int(delay_s), _MOST_STEPS) * _STEPS_A_SECOND or 1
        for step in range(1, steps + 1):
            if delay_s > 0:
                call.wait(delay_s / steps)
            if steps > 1:
                call.progress("waiting", step / steps)
        del held
        outputs = {"text": call.text("text")}
        size = int(call.number("output_bytes"))
        if size > 0:
            outputs["artifact"] = call.spool.write(_zeros(size, call), "application/octet-stream", "zeros.bin")
        return outputs


def load(spec: ipc.Load) -> Delay:
    """Takes as much memory as the options say, after `load_ms` milliseconds; or fails, or dies, as they say."""
    time.sleep(float(spec.options.get("load_ms", 0)) / 1000)
    if spec.options.get("load_error"):
        raise ValueError(spec.options["load_error"])
    # A file that is there has the worker die, so that tests can end a series of crashes.
    if spec.options.get("crash_file") and Path(spec.options["crash_file"]).exists():
        os.abort()
    return Delay(
        int(spec.options.get("ballast_bytes", 0)),
        int(spec.options.get("peak_bytes", 0)),
        str(spec.options.get("warm_up_error", "")),
    )


def _taken(size: int) -> bytes:
    # Ones, since pages of zeros would not be taken before they are written.
    return b"\1" * size


def _zeros(size: int, call: Call) -> Iterator[bytes]:
    while size > 0:
        call.raise_if_cancelled()
        yield _PIECE[: min(size, len(_PIECE))]
        size -= len(_PIECE)
