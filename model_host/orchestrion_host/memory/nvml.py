"""What NVIDIA devices measure of themselves, by NVML: load, heat, power and memory."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

_log = logging.getLogger(__name__)
_FRESH_S: Final = 1.0
# Without a driver the library is searched for on the whole path each time.
_RETRY_S: Final = 60.0

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class DeviceReading:
    """What one device says; None for what it does not measure, as temperature in a virtual machine."""

    device: str
    """Its name, such as `cuda:0`: the number is NVML's, as nvidia-smi has it."""
    utilization_ratio: float | None = None
    """The share of the last moments in which it computed, 0 to 1."""
    temperature_celsius: float | None = None
    """Its temperature, in degrees Celsius."""
    power_watts: float | None = None
    """What it draws, in watts."""
    power_limit_watts: float | None = None
    """What it may draw, in watts."""
    memory_total_bytes: int | None = None
    """Its memory, in bytes."""
    memory_used_bytes: int | None = None
    """What of it is taken, by whatever program, in bytes."""


class NvmlReader:
    """Asks NVML when it is read, at most once a second; for the threads that scrape, never for the event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Asks nothing yet.

        Args:
            clock: Tells the time, in seconds.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._library: Any = None  # The package has no types.
        self._readings: tuple[DeviceReading, ...] = ()
        self._next = -1.0

    def read(self) -> tuple[DeviceReading, ...]:
        """Returns a reading of each device; none where there is no device, no driver or no package `nvidia-ml-py`."""
        with self._lock:
            now = self._clock()
            if now >= self._next:
                if self._library is None:
                    self._library = _open()
                self._readings = self._ask() if self._library is not None else ()
                self._next = now + (_FRESH_S if self._library is not None else _RETRY_S)
            return self._readings

    def close(self) -> None:
        """Lets go of the library."""
        with self._lock:
            if self._library is not None:
                _tried(self._library, self._library.nvmlShutdown)
            self._library, self._readings = None, ()

    def _ask(self) -> tuple[DeviceReading, ...]:
        library = self._library
        count = _tried(library, library.nvmlDeviceGetCount)
        if count is None:
            # The driver went away, as in an upgrade; what was opened before it will not answer again.
            _log.warning("NVML does not answer any more; it is opened again in %d s", _RETRY_S)
            _tried(library, library.nvmlShutdown)
            self._library = None
            return ()
        return tuple(_reading(library, number) for number in range(count))


def _reading(library: Any, number: int) -> DeviceReading:
    name = f"cuda:{number}"
    handle = _tried(library, lambda: library.nvmlDeviceGetHandleByIndex(number))
    if handle is None:
        return DeviceReading(name)

    def milliwatts(ask: Callable[[Any], int]) -> float | None:
        value = _tried(library, lambda: ask(handle))
        return None if value is None else value / 1000

    utilization = _tried(library, lambda: library.nvmlDeviceGetUtilizationRates(handle))
    temperature = _tried(library, lambda: library.nvmlDeviceGetTemperature(handle, library.NVML_TEMPERATURE_GPU))
    memory = _tried(library, lambda: library.nvmlDeviceGetMemoryInfo(handle))
    return DeviceReading(
        name,
        utilization_ratio=None if utilization is None else utilization.gpu / 100,
        temperature_celsius=None if temperature is None else float(temperature),
        power_watts=milliwatts(library.nvmlDeviceGetPowerUsage),
        power_limit_watts=milliwatts(library.nvmlDeviceGetEnforcedPowerLimit),
        memory_total_bytes=None if memory is None else int(memory.total),
        memory_used_bytes=None if memory is None else int(memory.used),
    )


def _open() -> Any:
    try:
        import pynvml
    except ImportError:
        return None
    # A machine without a device has no such library: nothing to be told about.
    return pynvml if _tried(pynvml, lambda: pynvml.nvmlInit() or True) else None


def _tried(library: Any, ask: Callable[[], ValueT]) -> ValueT | None:
    """Asks, and returns None for what NVML does not say: not supported, not permitted, lost."""
    try:
        return ask()
    except library.NVMLError as error:
        _log.debug("NVML: %s", error)
        return None
