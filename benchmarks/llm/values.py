"""Values, files, plans and results as the data of the recorded conversations writes them.

| written | meant |
|---|---|
| `{file: 1}` | the first file of the turn |
| `{made: speech.wav}` | a file that a task made |
| `{of: read, output: text}`, also `item: 0` | an output of another task |
| `{json: '[…]'}` | structured data |
| `{said_from: The committee}` | the request from these words on |
| `[…]` | several values; anything else is itself |
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, Json, OutputRef, Value

_SIZE_BYTES: Final = 10_000


@dataclass(slots=True)
class Turn:
    """One turn's words and files, by which its values are read."""

    said: str
    attached: tuple[Artifact, ...] = ()
    made: dict[str, Artifact] = field(default_factory=dict)
    """What the tasks made, by artifact name."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Turn:
        """Reads the words of a turn and its files."""
        files = [{"name": file} if isinstance(file, str) else file for file in row.get("files", ())]
        attached = [
            artifact(file["name"], f"{place}", file.get("media_type", "")) for place, file in enumerate(files, start=1)
        ]
        return cls(row["says"], tuple(attached))

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """Every file of the turn by its artifact's name."""
        return {file.name: file for file in self.attached} | self.made

    def value(self, written: Any) -> Value:
        """Reads a value."""
        match written:
            case {"file": number}:
                return ArtifactRef(self.attached[number - 1].name)
            case {"made": name}:
                file = artifact(name, f"made {len(self.made)}")
                self.made[file.name] = file
                return ArtifactRef(file.name)
            case {"of": task, "output": output}:
                return OutputRef(task, output, written.get("item"))
            case {"json": text}:
                return Json(json.loads(text))
            case {"said_from": words}:
                return self.said[self.said.index(words) :]
            case list():
                return tuple(self.value(item) for item in written)
            case bool() | str():
                return written
            case int() | float():
                return float(written)
        raise ValueError(f"this is no value: {written!r}")

    def tasks(self, written: Sequence[Sequence[Any]]) -> tuple[Task, ...]:
        """Reads tasks: `[id, type, inputs]` each."""
        return tuple(
            Task(task_id, task_type, {name: self.value(value) for name, value in inputs.items()})
            for task_id, task_type, inputs in written
        )

    def plan(self, row: Mapping[str, Any]) -> Plan:
        """Reads a plan, with the reason why it has no tasks."""
        return Plan(self.tasks(row.get("plan", ())), row.get("no_task_reason", ""))

    def results(self, row: Mapping[str, Any]) -> Mapping[str, TaskResult]:
        """Reads what the tasks gave, all of which succeeded."""
        return {
            task: TaskResult(task, TaskState.SUCCEEDED, {name: self.value(value) for name, value in outputs.items()})
            for task, outputs in row.get("results", {}).items()
        }


def artifact(file_name: str, which: str, media_type: str = "") -> Artifact:
    """Makes a file: of one name and place, always the same."""
    digest = hashlib.sha256(f"{which} {file_name}".encode()).hexdigest()
    guessed = media_type or mimetypes.guess_type(file_name)[0] or "application/octet-stream"
    return Artifact(f"artifacts/{digest}", guessed, file_name, _SIZE_BYTES)
