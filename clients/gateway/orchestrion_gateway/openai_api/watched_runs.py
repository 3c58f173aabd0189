"""Tasks that a call wants done, by the expert that it names or by those that the selector chooses."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from orchestrion import AsyncClient, Event, OrchestrionError, Plan, Reason, Task, TaskResult
from orchestrion.events import TaskFinished
from orchestrion.values import Value
from orchestrion_gateway.openai_api.offer import Performer
from orchestrion_gateway.watching import watched


def executed(client: AsyncClient, tasks: Sequence[Task], performer: Performer) -> AsyncGenerator[Event, None]:
    """Carries out tasks by the expert that a request names, or by those that the selector chooses.

    Raises:
        OrchestrionError: The tasks break a rule, or no expert performs them.
    """
    assignments = performer.assignments(task.id for task in tasks)
    return watched(client, client.execute(Plan(tuple(tasks)), assignments=assignments))


async def performed(
    client: AsyncClient, tasks: Sequence[Task], performer: Performer, parameters: Mapping[str, str]
) -> list[Mapping[str, Value]]:
    """Carries out tasks and returns the outputs of each, in their order.

    Args:
        client: The client of the controller.
        tasks: The tasks.
        performer: Who performs them.
        parameters: What the API calls inputs of theirs, where it has other names.

    Raises:
        OrchestrionError: One of them did not succeed.
    """
    if performer.named is not None:
        for task in tasks:
            performer.named.check_accepts(task.inputs, parameters)
    results: dict[str, TaskResult] = {}
    async with aclosing(executed(client, tasks, performer)) as events:
        try:
            async for event in events:
                if isinstance(event.payload, TaskFinished):
                    result = event.payload.result
                    results[result.task_id] = result
                    check(result, parameters)
        except OrchestrionError as error:
            raise renamed(error, parameters) from error
    missing = [task.id for task in tasks if task.id not in results]
    if missing:
        raise Reason.INTERNAL.error(f"The run ended without results of {', '.join(missing)}.")
    return [results[task.id].outputs for task in tasks]


def check(result: TaskResult, parameters: Mapping[str, str]) -> None:
    """Refuses a result of a task that did not succeed.

    Raises:
        OrchestrionError: Why it did not; the input at fault is called as the API calls it.
    """
    if not result.succeeded:
        if result.error is None:
            raise Reason.INTERNAL.error(f"The task {result.task_id} ended as {result.state.name}, without a reason.")
        raise renamed(result.error.exception(), parameters)


def renamed(error: OrchestrionError, parameters: Mapping[str, str]) -> OrchestrionError:
    """Returns an error with the input at fault called as the API calls it."""
    if error.field is not None:
        name = error.field.rpartition("inputs.")[2]
        error.metadata = {**error.metadata, "field": parameters.get(name, name)}
    return error
