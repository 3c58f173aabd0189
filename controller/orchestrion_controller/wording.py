"""Words for values and results: for answers that no language model writes, and for what language models are told."""

from __future__ import annotations

import json
from collections.abc import Mapping

from orchestrion.plans import Parameter, Plan, TaskResult
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, Json, OutputRef, Value, artifacts
from orchestrion_controller.plans import graph


def quoted(text: str, most: int | None = None) -> str:
    """Sets a text in quotation marks, cut after `most` characters."""
    if not text.strip():
        return "nothing"
    return f"“{cut(text, most)}”"


def cut(text: str, most: int | None) -> str:
    """Cuts a text that is longer than `most` characters, and shows it."""
    return text if most is None or len(text) <= most else f"{text[:most].rstrip()} …"


def number(value: float) -> str:
    """Writes a number: whole ones as they are, others with two decimals or, where these say nothing, two digits."""
    if value == int(value):
        return str(int(value))
    return f"{value:.2f}" if abs(value) >= 0.01 else f"{value:.2g}"


def file_name(name: str, files: Mapping[str, Artifact]) -> str:
    """Names an artifact as a person knows it."""
    artifact = files.get(name)
    return (artifact.file_name if artifact else "") or f"{name[:18]}…"


def shown(value: Value, parameter: Parameter | None, files: Mapping[str, Artifact], most: int | None = None) -> str:
    """Writes a value into a sentence; a list with commas."""
    if isinstance(value, str):
        # A choice is a word of ours, not a text of the person's.
        return value if parameter and parameter.choices else quoted(value, most)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, ArtifactRef):
        return file_name(value.name, files)
    if isinstance(value, Json):
        return cut(json.dumps(value.data, ensure_ascii=False), most or 500)
    if isinstance(value, OutputRef):
        return ""
    return ", ".join(shown(item, parameter, files, most) for item in value)


def named_artifacts(value: Value) -> tuple[str, ...]:
    """Lists the artifacts in a value, in order."""
    return tuple(artifacts(value))


def resolved(value: Value, results: Mapping[str, TaskResult]) -> Value | None:
    """Replaces references by what they refer to; None where that does not exist."""
    if isinstance(value, OutputRef):
        result = results.get(value.task_id)
        found = result.outputs.get(value.output) if result else None
        if value.index is None or not isinstance(found, tuple):
            return found
        return found[value.index] if value.index < len(found) else None
    if isinstance(value, tuple):
        items = [resolved(item, results) for item in value]
        return None if None in items else tuple(item for item in items if item is not None)
    return value


def made_by_leaves(plan: Plan, results: Mapping[str, TaskResult], files: Mapping[str, Artifact]) -> tuple[str, ...]:
    """Lists the artifacts that the plan was for: those that its last tasks made, in plan order."""
    outputs = (results[task.id].outputs for task in graph.leaves(plan.tasks) if task.id in results)
    made = (name for named in outputs for value in named.values() for name in artifacts(value))
    return tuple(name for name in dict.fromkeys(made) if name in files)
