"""Plans the requests of samples at a controller, some at a time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from orchestrion._async.client import AsyncClient
from orchestrion._codec import codec
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import Event, PlanFinished, PlanRejected, StageFinished, StageStarted
from orchestrion.plans import Plan
from orchestrion.runs import Artifact
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
    """`builtin` or `llm`; empty for the controller's default."""
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
        files[name] = await client.upload(file.content, media_type=file.media_type, file_name=file.name)
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
    told = _Telling()
    failure: OrchestrionError | None = None
    try:
        await told.take(events)
    except OrchestrionError as error:
        if error.reason in _STOPPING:
            raise
        failure = error
    outcome = replace(told.outcome, latency_ms=(time.perf_counter() - start) * 1000)
    if failure is not None:
        return replace(outcome, reason=failure.reason, message=failure.message, passing=is_passing(failure))
    if told.plan is None:
        raise Reason.INTERNAL.error("The events of a planning ended without a plan.")
    names = {artifact.name: name for name, artifact in attached.items()}
    return replace(outcome, graph=toolbox.graph(told.plan, names), plan=json.loads(codec.to_json(told.plan)))


class _Telling:
    """Gathers what the events of one planning tell."""

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self.outcome = Outcome()

    async def take(self, events: AsyncGenerator[Event, None]) -> None:
        async with aclosing(events):
            async for event in events:
                match event.payload:
                    case StageStarted(performer=performer):
                        self.outcome = replace(self.outcome, performer=performer)
                    case PlanRejected():
                        self.outcome = replace(self.outcome, rejected_count=self.outcome.rejected_count + 1)
                    case PlanFinished(plan=plan):
                        self.plan = plan
                    case StageFinished() as end:
                        self.outcome = replace(
                            self.outcome,
                            planning_ms=end.duration_ms,
                            llm_call_count=end.llm_call_count,
                            prompt_token_count=end.prompt_token_count,
                            completion_token_count=end.completion_token_count,
                        )
