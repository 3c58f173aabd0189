"""Where a text of an answer comes from: the file that it was read from, or heard in."""

from __future__ import annotations

from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.responder.parts import item_of
from orchestrion_controller.stages import RespondingRequest


def origin(source: Value | None, request: RespondingRequest) -> str | None:
    """Returns the artifact that a text is the content of, as it is or by reading, listening or choosing.

    Args:
        source: An input as the plan has it.
        request: The run.

    Returns:
        The artifact's name; None for any other text.
    """
    if isinstance(source, ArtifactRef):
        return source.name
    if not isinstance(source, OutputRef):
        return None
    task = request.plan.task(source.task_id)
    task_type = request.task_types.get(task.type) if task else None
    if task is None or task_type is None or source.output != task_type.outputs[0].name:
        return None
    principal = task_type.inputs[0]
    inner = task.inputs.get(principal.name)
    if inner is None:
        return None
    if principal.repeated:  # One of several texts is chosen, unchanged.
        index = request.results[task.id].outputs.get("index") if task.id in request.results else None
        return origin(item_of(inner, int(index)), request) if isinstance(index, float | int) else None
    chosen = any(parameter.choices and parameter.name in task.inputs for parameter in task_type.inputs)
    if not (task_type.converts and principal.kind.is_media) or chosen:  # A translation or a caption is another text.
        return None
    return origin(inner if source.index is None else item_of(inner, source.index), request)
