"""Plans the requests of samples at a controller, some at a time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from orchestrion._async.client import AsyncClient
from orchestrion._codec import codec
from orchestrion.answers import plan_of
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.runs import Artifact
from orchestrion.snapshots import RunSnapshot, apply
from orchestrion_evaluation.mentions import file_names
from orchestrion_evaluation.outcomes import Outcome, is_passing
from orchestrion_evaluation.samples import Sample
from orchestrion_evaluation.stand_ins import stand_in
from orchestrion_evaluation.toolbox import Toolbox

_STOPPING: Final = frozenset(
    reason.name
    for reason in (
        Reason.SERVER_UNREACHABLE,
        Reason.SERVER_STOPPING,
        Reason.CONTROLLER_RESTARTED,
        Reason.NOT_CONFIGURED,
        Reason.NOT_SERVED_YET,
        Reason.PERMISSION_DENIED,
        Reason.UNAUTHENTICATED,
        Reason.STORAGE_FULL,
        Reason.STORAGE_UNAVAILABLE,
        Reason.ARTIFACT_NOT_FOUND,
        Reason.INVALID_FIELD,
        Reason.MESSAGE_TOO_LARGE,
    )
)
"""Reasons that are no planner's: every other request would fail for them too."""

MOST_PASSING: Final = 10
"""After so many failures in a row that may pass, one waits better than to go on."""

Took = Callable[[int, Outcome], None]
"""Takes the number of a sample and what became of it."""


@dataclass(frozen=True, slots=True)
class PlanningSettings:
    """How requests are planned."""

    planner: str = ""
    """`builtin`, `llm` or the name of a plug-in; empty for the controller's default."""
    concurrency: int = 1
    """How many requests are planned at a time."""
    timeout_s: float | None = 120.0
    """How long one request may take; one that takes longer fails with DEADLINE_EXCEEDED. None for ever."""


async def plan_all(
    client: AsyncClient,
    samples: Mapping[int, Sample],
    toolbox: Toolbox,
    settings: PlanningSettings,
    took: Took,
) -> None:
    """Plans requests and tells what became of each, in the order in which they end.

    A request that the planner cannot plan is an outcome as well. The files that requests name are uploaded first, one
    for each name (`stand_ins`).

    Args:
        client: The client of the controller.
        samples: What to plan, by number.
        toolbox: The task types.
        settings: How.
        took: Takes each outcome, on the event loop.

    Raises:
        OrchestrionError: The controller does not answer, or refuses requests for a reason that is not in them; or too
            many in a row failed for a reason that may pass, such as a language model that does not answer.
    """
    files = await _upload(client, samples.values())
    waiting = iter(samples.items())
    in_a_row = 0

    async def work() -> None:
        nonlocal in_a_row
        for number, sample in waiting:
            outcome = await _plan(client, sample, toolbox, files, settings)
            took(number, outcome)
            in_a_row = in_a_row + 1 if outcome.passing else 0
            if in_a_row >= MOST_PASSING:
                text = f"The last {in_a_row} requests failed, the latest so: {outcome.message}"
                raise Reason.rebuild(outcome.reason, text, {})

    workers = [asyncio.create_task(work()) for _ in range(min(settings.concurrency, len(samples)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _upload(client: AsyncClient, samples: Iterable[Sample]) -> dict[str, Artifact]:
    files: dict[str, Artifact] = {}
    for name in dict.fromkeys(name for sample in samples for name in file_names(sample.request)):
        file = stand_in(name)
        files[name] = await client.artifacts.upload(file.content, media_type=file.media_type, file_name=file.name)
    return files


async def _plan(
    client: AsyncClient, sample: Sample, toolbox: Toolbox, files: Mapping[str, Artifact], settings: PlanningSettings
) -> Outcome:
    attached = {name: files[name] for name in file_names(sample.request)}
    events = client.plan(
        sample.request,
        list(attached.values()),
        timeout=settings.timeout_s,
        planner=settings.planner,
        task_types=toolbox.task_types,
    )
    start = time.perf_counter()
    run = RunSnapshot()
    failure: OrchestrionError | None = None
    try:
        async with aclosing(events):
            async for event in events:
                run = apply(run, event)
    except OrchestrionError as error:
        if error.reason in _STOPPING:
            raise
        failure = error
    outcome = replace(Outcome.of(run), latency_ms=(time.perf_counter() - start) * 1000)
    if failure is not None:
        return replace(outcome, reason=failure.reason, message=failure.message, passing=is_passing(failure))
    plan = plan_of(run)
    names = {artifact.name: name for name, artifact in attached.items()}
    return replace(outcome, graph=toolbox.graph(plan, names), plan=json.loads(codec.to_json(plan)))
