"""Runs on behalf of a call: watched to their end, and cancelled at once when the call is given up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from orchestrion import AsyncClient, Event, OrchestrionError, Plan, Reason, Task, TaskResult
from orchestrion.events import RunFinished, TaskFinished
from orchestrion.values import Value
from orchestrion_gateway.openai_api.offer import Performer

_CANCEL_S: Final = 10.0


async def watched(client: AsyncClient, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """Yields the events of a run; closed before its end, it cancels the run instead of leaving it to its grace.

    The grace stays, so that a connection to the controller that breaks does not end the run.

    Args:
        client: The client of the controller.
        events: The events, from the first one on.

    Raises:
        OrchestrionError: The run failed, and why.
    """
    over = False
    # The name of the run comes with its first event: who leaves before that is waited for until then, too.
    beginning = asyncio.create_task(_next(events))
    try:
        event = await asyncio.shield(beginning)
        while event is not None:
            over = isinstance(event.payload, RunFinished)
            yield event
            event = await _next(events)
        over = True
    except OrchestrionError:
        over = True
        raise
    finally:
        if not over:
            await _cancel(client, beginning)
        await events.aclose()


async def _cancel(client: AsyncClient, beginning: asyncio.Task[Event | None]) -> None:
    with contextlib.suppress(OrchestrionError, TimeoutError):
        async with asyncio.timeout(_CANCEL_S):
            first = await beginning
            if first is not None:
                await client.runs.cancel(first.run)


async def _next(events: AsyncGenerator[Event, None]) -> Event | None:
    return await anext(events, None)


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
