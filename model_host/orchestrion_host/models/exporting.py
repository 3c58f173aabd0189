"""Exports models to ONNX for `ExportModel`: a program of its own does it, and the host takes the new expert in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from orchestrion.models import ModelProgress
from orchestrion_host import programs
from orchestrion_host.catalogue import reader
from orchestrion_host.config import HostConfig
from orchestrion_host.memory.measurements import Measurements
from orchestrion_host.models.collection import Collection

_MODULE: Final = "orchestrion_host.worker.exporting"
# What it is measured on: exports run on onnxruntime for processors.
_DEVICE: Final = "cpu"


class Exports:
    """Exports one model at a time: each takes all cores for a while, and both runtimes are measured alone."""

    def __init__(
        self, config: HostConfig, collection: Collection, measurements: Measurements, *, has_graphics: bool
    ) -> None:
        """Keeps its collaborators.

        Args:
            config: Where exports and catalogues are.
            collection: The catalogue, which the export joins.
            measurements: Takes how fast the original and the export are.
            has_graphics: Whether originals run on a graphics processor here, where they were not measured.
        """
        self._config = config
        self._collection = collection
        self._measurements = measurements
        self._has_graphics = has_graphics
        self._turn = asyncio.Lock()

    async def export(self, expert_id: str, task_type: str) -> AsyncGenerator[ModelProgress, None]:
        """Exports the model of an expert; the last message has the new expert.

        Args:
            expert_id: The expert on the runtime transformers.
            task_type: What the export is to perform; empty for all that an encoder does, or for the one that it does.

        Raises:
            NotFoundError: EXPERT_NOT_FOUND.
            InvalidArgumentError: INVALID_FIELD; MODEL_NOT_SUPPORTED.
            FailedPreconditionError: EXPERT_UNAVAILABLE; EXPORT_FAILED.
        """
        original = self._collection.get(expert_id).facts
        if self._turn.locked():
            yield ModelProgress("waiting for another export")
        async with self._turn:
            folders = [*self._config.catalogue_paths, self._config.models_folder]
            arguments = [expert_id, "--exports", str(self._config.exports_path), "--measure", "--json"]
            arguments += ["--task", task_type] if task_type else []
            for folder in folders:
                arguments += ["--catalogue", str(folder)] if folder.is_dir() else []
            async for line in programs.run(_MODULE, arguments):
                if "result" not in line:
                    yield ModelProgress(str(line["message"]))
                    continue
                export = reader.read_file(Path(line["result"]["entry"]))
                revisions = {original.id: original.revision, export.id: export.revision}
                for measured_id, latency_ms in line["result"]["latency_ms"].items():
                    if measured_id == export.id or not self._has_graphics:
                        self._measurements.note_latency(measured_id, revisions[measured_id], _DEVICE, latency_ms)
                self._collection.adopt(export)
                figures = ", ".join(f"{name} {ms:.1f} ms" for name, ms in line["result"]["latency_ms"].items())
                yield ModelProgress(
                    f"exported as {export.id}: {figures}", expert=self._collection.experts[export.id].describe()
                )
