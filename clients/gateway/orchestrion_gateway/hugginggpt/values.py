"""Values as HuggingGPT writes them: files by their paths, results of other tasks as `<GENERATED>-n`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrion import Artifact, ArtifactRef, AsyncClient, Json, NotFoundError, OutputRef
from orchestrion.values import Value, artifacts
from orchestrion_gateway.hugginggpt.paths import path_of


@dataclass(frozen=True, slots=True)
class ArgumentWriter:
    """Writes the values of one plan and its results."""

    numbers: Mapping[str, int]
    """The number of each task, by its id."""
    paths: Mapping[str, str]
    """The path of each artifact, by its name."""

    def written(self, value: Value) -> Any:
        """Returns a value as JSON; of a list of nothing but files and results one text with commas, as there."""
        if isinstance(value, tuple):
            items = [self.written(item) for item in value]
            joined = value and all(isinstance(item, (ArtifactRef, OutputRef)) for item in value)
            return ",".join(items) if joined else items
        if isinstance(value, ArtifactRef):
            return self.paths.get(value.name, value.name)
        if isinstance(value, OutputRef):
            return f"<GENERATED>-{self.numbers[value.task_id]}"
        return _plain(value.data if isinstance(value, Json) else value)

    def listed(self, value: Value) -> Any:
        """Returns a value as JSON, in which a list is one also where it is of files."""
        return [self.listed(item) for item in value] if isinstance(value, tuple) else self.written(value)


async def paths_of(client: AsyncClient, values: list[Value]) -> dict[str, str]:
    """Returns the paths of the artifacts in values, by their names; one that was deleted keeps its name."""
    stored: dict[str, Artifact] = {}
    for name in dict.fromkeys(name for value in values for name in artifacts(value)):
        try:
            stored[name] = await client.artifacts.get(name)
        except NotFoundError:
            continue
    return {name: path_of(artifact) for name, artifact in stored.items()}


def _plain(data: Any) -> Any:
    """Writes whole numbers as such, and what JSON has no number for as proto3 JSON does."""
    if isinstance(data, float):
        if not math.isfinite(data):
            return "NaN" if math.isnan(data) else ("Infinity" if data > 0 else "-Infinity")
        return int(data) if data.is_integer() else data
    if isinstance(data, Mapping):
        return {key: _plain(item) for key, item in data.items()}
    return [_plain(item) for item in data] if isinstance(data, (list, tuple)) else data
