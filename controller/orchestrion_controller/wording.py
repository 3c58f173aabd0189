"""Words for values and results: in the built-in responder's answers and in prompts of language models."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from orchestrion.plans import Parameter, Plan, TaskResult
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, Json, OutputRef, Value, artifacts
from orchestrion_controller.plans import graph

_LONGEST_LIST: Final = 12
"""The longest list of numbers that is written out; of a longer one, a vector, only the beginning is shown."""


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


def shown(
    value: Value,
    parameter: Parameter | None,
    files: Mapping[str, Artifact],
    most: int | None = None,
) -> str:
    """Writes a value into a sentence; a list with commas.

    Args:
        value: What to write.
        parameter: What it is declared as.
        files: The artifacts, by name.
        most: After how many characters a text is cut; None for never.
    """
    if isinstance(value, str):
        # Without quotation marks: a choice is the task type's own word, not a text of the request.
        if parameter and parameter.choices:
            return cut(value, most) if value.strip() else "nothing"
        return quoted(value, most)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, ArtifactRef):
        return file_name(value.name, files)
    if isinstance(value, Json):
        if is_vector(value.data):
            beginning = ", ".join(number(item) for item in value.data[:3])
            return f"a vector of {len(value.data)} numbers, beginning with {beginning}"
        return cut(json.dumps(value.data, ensure_ascii=False), most or 500)
    if isinstance(value, OutputRef):
        return ""
    return ", ".join(shown(item, parameter, files, most) for item in value)


def is_vector(data: object) -> bool:
    """Whether it is a list of numbers too long to be read."""
    if not isinstance(data, list) or len(data) <= _LONGEST_LIST:
        return False
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in data)


def named_artifacts(value: Value) -> tuple[str, ...]:
    """Lists the artifacts in a value, in order."""
    return tuple(artifacts(value))


def resolved(value: Value, results: Mapping[str, TaskResult]) -> Value | None:
    """Replaces references by what they refer to; None where that does not exist."""
    if isinstance(value, OutputRef):
        result = results.get(value.task_id)
        output = result.outputs.get(value.output) if result else None
        if value.index is None or not isinstance(output, tuple):
            return output
        return output[value.index] if value.index < len(output) else None
    if isinstance(value, tuple):
        items = [resolved(item, results) for item in value]
        return None if None in items else tuple(item for item in items if item is not None)
    return value


def made_by_leaves(plan: Plan, results: Mapping[str, TaskResult], files: Mapping[str, Artifact]) -> tuple[str, ...]:
    """Lists the artifacts that the plan was for: those that its last tasks made, in plan order."""
    outputs = (results[task.id].outputs for task in graph.leaves(plan.tasks) if task.id in results)
    made = (name for named in outputs for value in named.values() for name in artifacts(value))
    return tuple(name for name in dict.fromkeys(made) if name in files)


def files_in_order(
    messages: Iterable[Message], plan: Plan, results: Mapping[str, TaskResult], files: Mapping[str, Artifact]
) -> tuple[str, ...]:
    """Lists the artifacts of a run as people count them: the same for the same run, however its results arrived.

    Args:
        messages: The conversation of the request.
        plan: Its plan.
        results: The results of the plan's tasks, by id.
        files: Every artifact of the run, by name.

    Returns:
        Their names: those attached, in order; those of earlier turns that the plan works on, and then those that it
        made, in plan order; last any others, by name.
    """
    attached = [name for message in messages for name in message.artifacts]
    worked_on = [name for task in plan.tasks for _, value in sorted(task.inputs.items()) for name in artifacts(value)]
    outputs = [results[task.id].outputs for task in plan.tasks if task.id in results]
    made = [name for named in outputs for _, value in sorted(named.items()) for name in artifacts(value)]
    return tuple(name for name in dict.fromkeys([*attached, *worked_on, *made, *sorted(files)]) if name in files)
