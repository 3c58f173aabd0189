"""The turns of a conversation as the runs that answered it have them."""

from __future__ import annotations

from typing import Final

from orchestrion import AsyncClient, Json, Role, Run
from orchestrion.runs import RunKind
from orchestrion_gateway.openai_api.turns import Turn

_MOST_RUNS: Final = 200


async def read(client: AsyncClient, run_name: str, field: str) -> tuple[Turn, ...]:
    """Returns the turns up to the answer of a run, the oldest first.

    Args:
        client: The client of the controller.
        run_name: The run.
        field: What the request calls it.

    Raises:
        NotFoundError: It, or one before it, does not exist.
    """
    turns: list[Turn] = []
    for _ in range(_MOST_RUNS):
        run = await client.runs.get(run_name)
        turns = (
            [*_of_expert(run, field), *turns] if run.kind is RunKind.EXECUTE else [*_of_platform(run, field), *turns]
        )
        run_name = run.previous_run
        if not run_name:
            break
    return tuple(turns)


def _of_platform(run: Run, field: str) -> list[Turn]:
    said = [
        Turn(message.role, message.text, message.artifacts, field)
        for message in run.messages
        if message.role is not Role.SYSTEM
    ]
    answered = [Turn(Role.ASSISTANT, run.answer, run.answer_artifacts, field)] if run.answer else []
    return said + answered


def _of_expert(run: Run, field: str) -> list[Turn]:
    """Reads the one task of such a run: its inputs have the whole conversation."""
    turns: list[Turn] = []
    for task in run.plan.tasks if run.plan is not None else ():
        history = task.inputs.get("history")
        for said in history.data if isinstance(history, Json) else ():
            role = Role.ASSISTANT if said["role"] == "assistant" else Role.USER
            turns.append(Turn(role, said["content"], path=field))
        turns.append(Turn(Role.USER, str(task.inputs.get("text", "")), path=field))
        result = next((result for result in run.results if result.task_id == task.id), None)
        if result is not None and result.succeeded:
            turns.append(Turn(Role.ASSISTANT, str(result.outputs.get("text", "")), path=field))
    return turns
