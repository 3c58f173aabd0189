"""Names for what earlier turns left: `earlier/1` and so on, for their files and for the texts that tasks gave.

Hashes are long and easily miswritten, and a text that a language model copies comes out changed, or cut: by its name it
is fed to the next task as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrion.plans import Task
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, Value
from orchestrion_controller.stages import PastTurn

_SHORTEST: Final = 16
"""Texts of fewer characters are shown as they are where a plan has them: a language's tag equals many a label."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier turns left, by the names that a plan may use."""

    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def name_of_artifact(self, artifact: str) -> str:
        """Returns the name of an artifact; its own where it has none."""
        return next((name for name, entry in self.artifacts.items() if entry.name == artifact), artifact)

    def name_of_text(self, text: str) -> str:
        """Returns the name of a text; empty where it has none."""
        return next((name for name, entry in self.texts.items() if entry == text), "")

    def resolved(self, task: Task) -> Task:
        """Replaces names by what they stand for."""
        return Task(task.id, task.type, {name: self._value(value) for name, value in task.inputs.items()})

    def named(self, task: Task) -> Task:
        """Replaces artifacts and texts that have a name by it: the opposite of `resolved`."""
        return Task(task.id, task.type, {name: self._reference(value) for name, value in task.inputs.items()})

    def _value(self, value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(self._value(item) for item in value)
        if not isinstance(value, ArtifactRef):
            return value
        if value.name in self.texts:
            return self.texts[value.name]
        return ArtifactRef(self.artifacts[value.name].name) if value.name in self.artifacts else value

    def _reference(self, value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(self._reference(item) for item in value)
        if isinstance(value, ArtifactRef):
            return ArtifactRef(self.name_of_artifact(value.name))
        name = self.name_of_text(value) if isinstance(value, str) and len(value) >= _SHORTEST else ""
        return ArtifactRef(name) if name else value


def earlier(history: Sequence[PastTurn]) -> Earlier:
    """Names what the turns left, the oldest first: the files of a turn, then the texts that its tasks gave."""
    artifacts: dict[str, Artifact] = {}
    texts: dict[str, str] = {}
    seen: set[str] = set()
    for turn in history:
        for name, artifact in turn.artifacts.items():
            if name not in seen:
                seen.add(name)
                artifacts[f"earlier/{len(artifacts) + len(texts) + 1}"] = artifact
        for result in turn.results.values():
            for value in result.outputs.values() if result.succeeded else ():
                if isinstance(value, str) and value.strip() and value not in seen:
                    seen.add(value)
                    texts[f"earlier/{len(artifacts) + len(texts) + 1}"] = value
    return Earlier(artifacts, texts)
