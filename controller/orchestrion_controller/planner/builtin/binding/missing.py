"""Errors for what a step needs and a request does not have."""

from __future__ import annotations

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_controller.planner.builtin.binding.surroundings import Surroundings
from orchestrion_controller.plans import conversions

_NOUNS = {
    ParameterKind.TEXT: "a text",
    ParameterKind.NUMBER: "a number",
    ParameterKind.JSON: "data",
    ParameterKind.IMAGE: "a picture",
    ParameterKind.AUDIO: "a sound file",
    ParameterKind.VIDEO: "a video",
    ParameterKind.DOCUMENT: "a document",
}


def error(task_type: TaskType, parameter: Parameter, kind: ParameterKind, around: Surroundings) -> OrchestrionError:
    """Describes what to attach or to say: what has the kind, or can be turned into it."""
    media = [item for item in ParameterKind if item.is_media]
    chains = {item: conversions.chain(around.task_types.values(), item, kind) for item in media}
    cures = [f"attach {noun(item)}" for item, chain in chains.items() if chain is not None]
    if kind is ParameterKind.TEXT:
        cures += ["attach a text file", f"say the {parameter.name} in quotation marks"]
    if kind is ParameterKind.NUMBER:
        cures = [f"say the {parameter.name} as a number"]
    message = f"`{task_type.name}` needs {noun(kind)}: {' or '.join(cures) or 'no task type here gives it'}."
    return Reason.MISSING_INPUT.error(message, field=around.field if kind.is_media else "messages")


def noun(kind: ParameterKind) -> str:
    """Names a kind of value."""
    return _NOUNS.get(kind, "a file")
