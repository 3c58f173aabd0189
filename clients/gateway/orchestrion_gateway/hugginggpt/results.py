"""What became of tasks as HuggingGPT writes it: by number the task, its result, and who performed it and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrion import AsyncClient, Reason, RunSnapshot, TaskResult
from orchestrion.plans import Error
from orchestrion.snapshots import TaskSnapshot
from orchestrion_gateway.hugginggpt import tasks, vocabulary
from orchestrion_gateway.hugginggpt.values import ArgumentWriter, paths_of


async def written(run: RunSnapshot, client: AsyncClient) -> dict[str, Any]:
    """Returns the results of a run that ended, by the numbers of its tasks.

    Args:
        run: The run, with its plan.
        client: The client of the controller, which knows the files.
    """
    if run.plan is None:
        return {}
    ordered = tasks.in_order(run.plan)
    by_id = {result.task_id: result for result in run.results}
    resolved = [tasks.with_results(task, by_id) for task in ordered]
    values = [value for task in resolved for value in task.inputs.values()]
    values += [value for result in by_id.values() for value in result.outputs.values()]
    writer = ArgumentWriter(tasks.numbered(ordered), await paths_of(client, values))
    return {
        str(writer.numbers[planned.id]): {
            # The dependencies are those of the plan, though the arguments have what came of them.
            "task": {**tasks.written(task, writer), "dep": tasks.written(planned, writer)["dep"]},
            "inference result": _result(planned.type, by_id.get(planned.id), writer),
            "choose model result": _choice(run.tasks.get(planned.id)),
        }
        for planned, task in zip(ordered, resolved, strict=True)
    }


def _result(task_type: str, result: TaskResult | None, writer: ArgumentWriter) -> dict[str, Any]:
    if result is None or not result.succeeded:
        return {"error": _error(result)}
    named = {vocabulary.result(task_type, name): writer.listed(value) for name, value in result.outputs.items()}
    if "predicted" in named:
        named["predicted"] = _boxes_renamed(named["predicted"])
    return named


def _error(result: TaskResult | None) -> dict[str, Any]:
    if result is None:
        error = Error(Reason.INTERNAL.name, "The events of the run ended before the task did.")
    else:
        error = result.error or Error(Reason.CANCELLED.name, "The task was cancelled.")
    return {"message": error.message, "reason": error.reason}


def _choice(task: TaskSnapshot | None) -> Any:
    """Returns who performed a task and why; an empty text, as there, where nobody was chosen."""
    if task is None or task.assignment is None:
        return ""
    chosen = task.assignment
    if task.expert_id and task.expert_id != chosen.expert_id:
        return {"id": task.expert_id, "reason": f"It took over when {chosen.expert_id} had failed."}
    return {"id": chosen.expert_id, "reason": chosen.reason}


def _boxes_renamed(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {vocabulary.BOX.get(key, key): _boxes_renamed(item) for key, item in data.items()}
    return [_boxes_renamed(item) for item in data] if isinstance(data, list) else data
