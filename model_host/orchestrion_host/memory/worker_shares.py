"""What workers take of main memory by themselves: the interpreter and the libraries of their runtime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrion_host.memory.devices import DeviceAccount
from orchestrion_host.memory.measurements import Measurements

# Proportional set sizes after the imports, seen with torch 2.13, transformers 5.23, diffusers 0.42, onnxruntime 1.31;
# only until the first worker of the runtime was measured on this host.
_ESTIMATES: Final = {
    "engine": 120 << 20,
    "remote": 120 << 20,
    "onnx": 200 << 20,
    "transformers": 400 << 20,
    "diffusers": 600 << 20,
}
# A CUDA context and the libraries for it take main memory as well.
_CUDA_EXTRA_BYTES: Final = 1 << 30


class WorkerShares:
    """Charges main memory once for each worker, from the moment that one is going to be started until it has ended."""

    def __init__(self, main: DeviceAccount, measurements: Measurements) -> None:
        """Starts with no worker.

        Args:
            main: Main memory.
            measurements: What such workers took before.
        """
        self._main = main
        self._measurements = measurements

    def needed_bytes(self, label: str, runtime: str, device: str) -> int:
        """Returns what main memory must have free for a worker beside its expert; 0 for one that has its share."""
        if not self._main.counts_workers or label in self._main.workers:
            return 0
        return self._estimate(runtime, device)

    def take(self, label: str, runtime: str, device: str) -> None:
        """Charges a worker that is going to be started, or was just now; one that has its share keeps it."""
        self._main.charge_worker(label, self._estimate(runtime, device))

    def settle(self, label: str, runtime: str, device: str, memory_bytes: int) -> None:
        """Replaces the estimate by what was measured."""
        if memory_bytes > 0:
            self._main.settle_worker(label, memory_bytes)
            self._measurements.note_worker(_kind(runtime, device), memory_bytes)

    def give_back(self, label: str) -> None:
        """Ends the charge of a worker that has ended or was never started."""
        self._main.give_back_worker(label)

    def describe(self) -> Mapping[str, int]:
        """Tells what each worker takes by itself, by label."""
        return self._main.workers

    def _estimate(self, runtime: str, device: str) -> int:
        measured = self._measurements.worker_bytes(_kind(runtime, device))
        return measured or _ESTIMATES.get(runtime, 0) + (0 if device == "cpu" else _CUDA_EXTRA_BYTES)


def _kind(runtime: str, device: str) -> str:
    return f"{runtime}@{device.partition(':')[0]}"
