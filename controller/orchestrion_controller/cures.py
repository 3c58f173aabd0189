"""What brings an expert that is absent: a command, and how much it downloads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from orchestrion.experts import AbsentExpert
from orchestrion_controller.languages import canonical

_DOMAIN: Final = "domain"
_NO_CHOICES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cure:
    """A command that a person can run."""

    command: str
    """The command, such as `orchestrion models pull blip-vqa-base`."""
    download_bytes: int = 0
    """What it downloads, in bytes; 0 where it downloads nothing or that is not known."""


@dataclass(frozen=True, slots=True)
class Cures:
    """The cures for all task types, from what hosts report of their catalogues."""

    experts: tuple[AbsentExpert, ...] = ()
    """The experts that hosts could have, those of small profiles first."""
    has_hosts: bool = True
    """Whether any host is listed."""

    def find(self, task_type: str, choices: Mapping[str, str] = _NO_CHOICES, language: str = "") -> Cure:
        """Returns what brings an expert for a task; where no host has one in its catalogue, a search for one.

        Args:
            task_type: The name of the task type.
            choices: The values of inputs of which experts take some only, such as `domain` or `operation`.
            language: The language that the expert should have, as `languages.canonical` has it; empty where that does
                not matter.
        """
        if expert := self.expert(task_type, choices, language):
            return Cure(expert.command, expert.download_bytes)
        return Cure(f"orchestrion models search {task_type}" if self.has_hosts else "orchestrion up")

    def expert(
        self, task_type: str, choices: Mapping[str, str] = _NO_CHOICES, language: str = ""
    ) -> AbsentExpert | None:
        """Returns the expert that `find` is about; None where no host has one in its catalogue."""
        for expert in self.experts:
            speaks = not language or not expert.languages or language in map(canonical, expert.languages)
            if task_type in expert.task_types and speaks and _accepts(expert, choices):
                return expert
        return None


def _accepts(expert: AbsentExpert, choices: Mapping[str, str]) -> bool:
    if expert.domain.lower() != choices.get(_DOMAIN, "").lower():
        return False
    values = {item.input: item.values for item in expert.accepts}
    return all(choice in values.get(name, (choice,)) for name, choice in choices.items())
