"""Files that are named otherwise than as `$1`: by their own names, or by a number."""

from __future__ import annotations

import re
from typing import Final

from orchestrion.names import is_artifact
from orchestrion.values import ArtifactRef
from orchestrion_controller.planner.llm.notation.names import PlanNames

_NUMBERED: Final = re.compile(r"\$?\[?(?:\$|(?:attachments?|files?)[ /._#-]?)?([1-9][0-9]{0,3})\]?", re.IGNORECASE)
_NAMED: Final = re.compile(r"\$?(attachments?|earlier|request)[/.]([1-9][0-9]{0,3})")


def by_resource_name(text: str, names: PlanNames) -> ArtifactRef | str | None:
    """Returns what `attachments/1` or `earlier/2` stands for; None for any other text."""
    match = _NAMED.fullmatch(text)
    if match is None:
        return ArtifactRef(text) if is_artifact(text) else None
    return names.value(match[2] if match[1].startswith("attachment") else f"{match[1]}.{match[2]}")


def file(text: str, names: PlanNames) -> ArtifactRef | None:
    """Returns the file that a text names where a file is wanted; None where it names none, or several."""
    named = by_resource_name(text, names)
    if named is None and (match := _NUMBERED.fullmatch(text.strip())):
        named = names.value(match[1])
    if isinstance(named, ArtifactRef):
        return named
    base = re.split(r"[/\\]", text.strip())[-1].casefold()
    same = {entry.name for entry in names.artifacts.values() if entry.file_name and entry.file_name.casefold() == base}
    return ArtifactRef(same.pop()) if len(same) == 1 else None
