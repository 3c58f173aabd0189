"""A controller and a host that has tiny checkpoints and nothing else, and tasks carried out on them by a client."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from orchestrion import Client
from orchestrion._processes.supervision import Child
from orchestrion.answers import Answer
from orchestrion.events import TaskStarted
from orchestrion.plans import Plan, Task
from orchestrion.values import ArtifactRef, Json, JsonData, JsonObject, OutputRef, Value
from tests.checkpoints.rows import TaskRow

TIMEOUT_S = 180.0
"""How long one run may take on a busy machine, the import of the libraries included."""


@dataclass(frozen=True)
class Measured:
    """What came of one row: its outputs, and how long the warm run took from the client's side."""

    row: TaskRow
    outputs: JsonObject
    milliseconds: float


class TinyPlatform:
    """A client of servers that offer tiny experts."""

    def __init__(self, client: Client, host: Child, folder: Path) -> None:
        """Keeps the client, the host that it reaches, and a folder for what is downloaded."""
        self.client = client
        self.host = host
        self._folder = folder

    def perform(self, row: TaskRow) -> Measured:
        """Performs a row twice, the first time with the load of its expert, and returns the outputs of the second."""
        self.carry_out(*self._plan(row))
        started = time.perf_counter()
        answer = self.carry_out(*self._plan(row))
        milliseconds = (time.perf_counter() - started) * 1000
        (result,) = answer.results
        # Nobody else did it.
        payloads = [event.payload for event in self.client.runs.watch(answer.run)]
        assert {item.expert_id for item in payloads if isinstance(item, TaskStarted)} == {row.expert}
        return Measured(row, self.outputs(result.outputs), milliseconds)

    def carry_out(self, plan: Plan, files: Iterable[Path] = ()) -> Answer:
        """Carries out a plan whose tasks must all succeed."""
        answer = self.client.ask("Do this.", files, plan=plan, timeout=TIMEOUT_S)
        assert [result.error for result in answer.results if not result.succeeded] == []
        return answer

    def outputs(self, outputs: Mapping[str, Value]) -> JsonObject:
        """Returns outputs as plain data, with artifacts downloaded."""
        return {name: self._plain(value) for name, value in outputs.items()}

    def _plain(self, value: Value) -> JsonData:
        if isinstance(value, ArtifactRef):
            return self.client.artifacts.download(value, self._folder / value.name.rpartition("/")[2])
        if isinstance(value, tuple):
            return [self._plain(item) for item in value]
        assert not isinstance(value, OutputRef)
        return value.data if isinstance(value, Json) else value

    def _plan(self, row: TaskRow) -> tuple[Plan, list[Path]]:
        files: list[Path] = []
        inputs = {name: _value(value, files) for name, value in row.inputs.items()}
        return Plan((Task("task", row.task_type, inputs),)), files


def write_catalogue(rows: Iterable[TaskRow], folder: Path) -> Path:
    """Makes the checkpoints of rows and their entries in a catalogue, whose folder is returned."""
    catalogue = folder / "catalogue"
    catalogue.mkdir()
    for row in rows:
        entry: dict[str, JsonData] = {
            "id": row.expert,
            "model": row.expert,
            "runtime": row.runtime,
            "task_types": [row.task_type],
            "description": f"A tiny checkpoint for {row.task_type}.",
            **row.facts,
        }
        if row.make is not None:
            place = folder / row.expert
            place.mkdir()
            row.make(place)
            source: dict[str, JsonData] = {"folder": str(place)}
            for name, make in row.parts.items():
                part = folder / f"{row.expert}-{name}"
                part.mkdir()
                make(part)
                source.setdefault("parts", {})[name] = str(part)
            entry["source"] = source
        (catalogue / f"{row.expert}.yaml").write_text(yaml.safe_dump(entry), "utf-8")
    return catalogue


def _value(item: JsonData, files: list[Path]) -> Value:
    if isinstance(item, Path):
        files.append(item)
        return ArtifactRef(f"attachments/{len(files)}")
    if isinstance(item, list | tuple):
        return tuple(_value(part, files) for part in item)
    value: Value = item
    return value
