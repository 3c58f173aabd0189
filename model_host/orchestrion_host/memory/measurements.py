"""What was measured of experts on this host, kept across restarts: bytes and latency by expert, device and revision."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from orchestrion.values import JsonObject
from orchestrion_host.state_files import write_atomically
from orchestrion_host.uninterrupted import ended

_log = logging.getLogger(__name__)
_VERSION: Final = 1
_SAVE_INTERVAL_S: Final = 60.0
_Expert: TypeAlias = tuple[str, str]
"""An expert's id and its revision."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is known of an expert on one device; 0 stands for what is not."""

    memory_bytes: int = 0
    """What it takes of the device."""
    latency_ms: float = 0.0
    """The usual time of a forward pass, in milliseconds."""


class Measurements:
    """The host's notebook. Notes are taken in memory, at no cost; the file is written once a minute and at the end."""

    def __init__(self, path: Path | None = None) -> None:
        """Reads the file; one that cannot be read is as good as none, since everything can be measured again.

        Args:
            path: The file; None keeps everything in memory only.
        """
        self._path = path
        self._experts: dict[_Expert, dict[str, Measurement]] = {}
        self._workers: dict[str, int] = {}
        self._changed = False
        self._saving: asyncio.Task[None] | None = None
        if path is not None:
            self._read(path)

    def of(self, expert_id: str, revision: str, device: str) -> Measurement:
        """Returns what is known of an expert at a revision on a device such as `cuda:0`."""
        return self._experts.get((expert_id, revision), {}).get(device, Measurement())

    def best(self, expert_id: str, revision: str, device_kinds: Sequence[str]) -> Measurement:
        """Returns what is known of an expert on a device of the first kind on which it was ever measured."""
        by_device = self._experts.get((expert_id, revision), {})
        for kind in device_kinds:
            for device, measurement in by_device.items():
                if device.split(":")[0] == kind:
                    return measurement
        return Measurement()

    def note_memory(self, expert_id: str, revision: str, device: str, memory_bytes: int) -> None:
        """Notes what an expert was found to take of a device."""
        measured = self.of(expert_id, revision, device)
        self._note(expert_id, revision, device, replace(measured, memory_bytes=memory_bytes))

    def note_latency(self, expert_id: str, revision: str, device: str, latency_ms: float) -> None:
        """Notes the usual time of an expert's forward pass on a device, in milliseconds."""
        measured = self.of(expert_id, revision, device)
        self._note(expert_id, revision, device, replace(measured, latency_ms=round(latency_ms, 3)))

    def forget(self, expert_id: str) -> None:
        """Forgets an expert at all its revisions, such as one that was removed."""
        for key in [key for key in self._experts if key[0] == expert_id]:
            del self._experts[key]
            self._changed = True

    def worker_bytes(self, kind: str) -> int:
        """Returns what a worker of a runtime on a kind of device takes by itself; 0 when not known."""
        return self._workers.get(kind, 0)

    def note_worker(self, kind: str, memory_bytes: int) -> None:
        """Notes what a worker was found to take by itself."""
        self._changed = self._changed or self._workers.get(kind) != memory_bytes
        self._workers[kind] = memory_bytes

    def start(self) -> None:
        """Begins to save once a minute, where something changed."""
        if self._path is not None:
            self._saving = asyncio.create_task(self._save_again_and_again())

    async def close(self) -> None:
        """Ends that, and saves what is left."""
        if self._saving is not None:
            await ended(self._saving)
        self.save()

    def save(self) -> None:
        """Writes the file where something changed. A disk that does not take it is no reason to stop."""
        content = self._content()
        if content:
            self._write(content)

    async def _save_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_INTERVAL_S)
            content = self._content()
            if content:
                # A slow disk must not hold up calls.
                await asyncio.to_thread(self._write, content)

    def _content(self) -> str:
        """Returns what the file should hold; empty where nothing changed since it was last asked for."""
        if self._path is None or not self._changed:
            return ""
        self._changed = False
        experts = [
            {"expert_id": expert_id, "revision": revision, "device": device, **asdict(measurement)}
            for (expert_id, revision), by_device in sorted(self._experts.items())
            for device, measurement in sorted(by_device.items())
        ]
        return json.dumps({"version": _VERSION, "experts": experts, "workers": self._workers}, indent=1)

    def _write(self, content: str) -> None:
        assert self._path is not None  # noqa: S101 - there is content only where there is a file.
        try:
            write_atomically(self._path, content)
        except OSError as error:
            self._changed = True
            _log.warning("measurements cannot be kept in %s: %s", self._path, error)

    def _note(self, expert_id: str, revision: str, device: str, measurement: Measurement) -> None:
        self._changed = self._changed or self.of(expert_id, revision, device) != measurement
        self._experts.setdefault((expert_id, revision), {})[device] = measurement

    def _read(self, path: Path) -> None:
        try:
            content = json.loads(path.read_bytes())
            if content["version"] != _VERSION:
                raise ValueError(f"version {content['version']!r}")
            for item in content["experts"]:
                by_device = self._experts.setdefault((str(item["expert_id"]), str(item["revision"])), {})
                by_device[str(item["device"])] = _measurement(item)
            self._workers = {str(kind): int(size) for kind, size in content["workers"].items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            self._experts, self._workers = {}, {}
            _log.warning("%s cannot be read and is left aside; experts are measured again: %r", path, error)


def _measurement(item: JsonObject) -> Measurement:
    measurement = Measurement(int(item["memory_bytes"]), float(item["latency_ms"]))
    if measurement.memory_bytes < 0 or not 0 <= measurement.latency_ms < math.inf:
        raise ValueError(f"{item['expert_id']} has figures that cannot be")
    return measurement
