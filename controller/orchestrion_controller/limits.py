"""What the available experts for a task type take, beyond its choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrion.plans import Task


@dataclass(frozen=True, slots=True)
class TaskTypeLimits:
    """What the experts that are available for a task type take, beyond its choices."""

    languages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """BCP 47 tags by domain, the empty one for general use; a domain that is not here takes every language."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By input, the only values that some expert takes; an input that is not here takes any."""

    def languages_of(self, task: Task) -> tuple[str, ...]:
        """Returns the languages of the experts for a task; empty where they take every language."""
        domain = task.inputs.get("domain", "")
        return self.languages.get(domain.lower() if isinstance(domain, str) else "", ())
