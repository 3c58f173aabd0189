"""The names by which a plan calls what it may use: files, what earlier turns left, and long texts of the request.

Hashes are long and easily miswritten, and a text that a language model copies comes out changed, or cut: by its name it
is fed to the next task as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrion.runs import Artifact, Role
from orchestrion.values import ArtifactRef
from orchestrion_controller.planner.llm.notation.pasted import pasted_texts
from orchestrion_controller.stages import PastTurn, PlanningRequest

SHORTEST_NAMED: Final = 16
"""Texts of fewer characters are shown as they are where a plan has them: a language's tag equals many a label."""
_LONGEST_BEGINNING: Final = 40
"""Characters of a pasted text that are shown in its place."""


@dataclass(frozen=True, slots=True)
class PlanNames:
    """What a plan may use by name; in a plan, `$` stands before each name."""

    attachments: Sequence[Artifact] = ()
    """The files of the request: `1` is the first."""
    earlier_artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    """The files of earlier turns, by names such as `earlier.1`."""
    earlier_texts: Mapping[str, str] = field(default_factory=dict)
    """The texts that tasks of earlier turns gave, by names such as `earlier.2`; no name is in both."""
    pasted: Mapping[str, str] = field(default_factory=dict)
    """Long texts that the person put into the request, by names such as `request.1`."""

    @classmethod
    def of(cls, request: PlanningRequest) -> PlanNames:
        """Names what a request brings."""
        artifacts, texts = _earlier(request.history)
        said = [message.text for message in request.messages if message.role is not Role.ASSISTANT]
        pasted = dict.fromkeys(text for message in said for text in pasted_texts(message))
        numbered = {f"request.{number}": text for number, text in enumerate(pasted, start=1)}
        return cls(tuple(request.attachments), artifacts, texts, numbered)

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """Every file by its name, those of the request first."""
        attached = {str(number): artifact for number, artifact in enumerate(self.attachments, start=1)}
        return {**attached, **self.earlier_artifacts}

    @property
    def texts(self) -> Mapping[str, str]:
        """Every text by its name."""
        return {**self.earlier_texts, **self.pasted}

    def value(self, name: str) -> ArtifactRef | str | None:
        """Returns what a name stands for; None where it stands for nothing."""
        artifact = self.artifacts.get(name)
        return ArtifactRef(artifact.name) if artifact else self.texts.get(name)

    def name_of_artifact(self, artifact: str) -> str:
        """Returns the name of an artifact, with its `$`; its own where it has none."""
        return next((f"${name}" for name, entry in self.artifacts.items() if entry.name == artifact), artifact)

    def name_of_text(self, text: str) -> str:
        """Returns the name of a text, with its `$`; empty where it has none."""
        return next((f"${name}" for name, entry in self.texts.items() if entry == text), "")

    def shown(self, text: str) -> str:
        """Returns a message with a note in the place of each long text that has a name."""
        for name, pasted in self.pasted.items():
            beginning = pasted[:_LONGEST_BEGINNING].rsplit(" ", 1)[0].strip()
            note = f"[${name}: {len(pasted):,} characters, “{' '.join(beginning.split())} …”]"
            text = text.replace(pasted, note)
        return text


def _earlier(history: Sequence[PastTurn]) -> tuple[dict[str, Artifact], dict[str, str]]:
    """Names what the turns left, the oldest first: the files of a turn, then the texts that its tasks gave."""
    artifacts: dict[str, Artifact] = {}
    texts: dict[str, str] = {}
    seen: set[str] = set()
    for turn in history:
        for name, artifact in turn.artifacts.items():
            if name not in seen:
                seen.add(name)
                artifacts[f"earlier.{len(artifacts) + len(texts) + 1}"] = artifact
        for text in _texts(turn):
            if text.strip() and text not in seen:
                seen.add(text)
                texts[f"earlier.{len(artifacts) + len(texts) + 1}"] = text
    return artifacts, texts


def _texts(turn: PastTurn) -> Iterator[str]:
    for result in turn.results.values():
        yield from (value for value in result.outputs.values() if result.succeeded and isinstance(value, str))
