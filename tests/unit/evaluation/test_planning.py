"""Requests planned at a controller that answers by a script: what is sent, what is gathered, and what stops it all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrion import AsyncClient
from orchestrion._codec import codec
from orchestrion.errors import InvalidArgumentError, OrchestrionError, Reason, UnavailableError
from orchestrion.events import (
    Payload,
    PlanFinished,
    PlanRejected,
    RunFinished,
    Stage,
    StageFinished,
    StageOutcome,
    StageStarted,
)
from orchestrion.plans import Error, Plan, Task
from orchestrion.runs import RunState
from orchestrion.v1 import plan_service_pb2
from orchestrion_evaluation.outcomes import Outcome
from orchestrion_evaluation.planning import MOST_PASSING, PlanningSettings, plan_all
from orchestrion_evaluation.samples import Sample, read_samples
from orchestrion_evaluation.toolbox import Toolbox
from tests.unit.client.scripted import Script
from tests.unit.evaluation.libraries import typed

READING = Plan((Task("read", "image-to-text"),))


def samples(count: int, request: str = "Read 'sign.jpg' and 'page.png'.") -> dict[int, Sample]:
    one = {"instruction": request, "task_nodes": [{"task": "Image-to-Text", "arguments": ["sign.jpg"]}]}
    return dict(enumerate(read_samples(json.dumps([one] * count), "dev.json", typed())))


def failing(reason: Reason) -> list[tuple[Stage, Payload]]:
    """The events of a planning that fails."""
    return [(Stage.UNSPECIFIED, RunFinished(RunState.FAILED, Error.of(reason.error("It failed."))))]


async def planned(client: AsyncClient, count: int, **settings: Any) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    await plan_all(client, samples(count), Toolbox(typed()), PlanningSettings(**settings), outcomes.__setitem__)
    return outcomes


async def test_requests_go_out_with_tools_and_files_and_come_back_with_what_they_took(
    async_client: AsyncClient, script: Script
) -> None:
    mistake = Error.of(Reason.UNKNOWN_TASK_TYPE.error("No such task type."))
    script.payloads = [
        (Stage.PLAN, StageStarted("llm")),
        (Stage.PLAN, PlanRejected(mistake)),
        (Stage.PLAN, PlanFinished(READING)),
        (Stage.PLAN, StageFinished(StageOutcome.SUCCEEDED, 12.5, 2, 300, 40)),
        (Stage.UNSPECIFIED, RunFinished(RunState.SUCCEEDED)),
    ]
    outcomes = await planned(async_client, 3, planner="llm", concurrency=2)
    assert sorted(outcomes) == [0, 1, 2]
    outcome = outcomes[0]
    assert (outcome.performer, outcome.planning_ms, outcome.rejected_count) == ("llm", 12.5, 1)
    assert (outcome.llm_call_count, outcome.prompt_token_count, outcome.completion_token_count) == (2, 300, 40)
    assert outcome.graph.tools == ("Image-to-Text",)
    assert outcome.plan == json.loads(codec.to_json(READING))
    assert not outcome.reason
    # The files are uploaded once, and attached in the order in which the request names them.
    assert sorted(artifact.file_name for artifact in script.artifacts.values()) == ["page.png", "sign.jpg"]
    requests = [request for request in script.requests if isinstance(request, plan_service_pb2.PlanRequest)]
    assert [script.artifacts[name].file_name for name in requests[0].messages[0].artifacts] == ["sign.jpg", "page.png"]
    assert [task_type.name for task_type in requests[0].task_types][:2] == ["image-to-text", "translation"]
    assert {request.planner for request in requests} == {"llm"}


async def test_what_a_planner_cannot_plan_is_an_outcome(async_client: AsyncClient, script: Script) -> None:
    script.payloads = failing(Reason.PLAN_CYCLE)
    outcomes = await planned(async_client, MOST_PASSING + 2)
    assert len(outcomes) == MOST_PASSING + 2
    assert {(it.reason, it.message, it.invalid, it.passing) for it in outcomes.values()} == {
        ("PLAN_CYCLE", "It failed.", True, False)
    }
    assert outcomes[0].graph.tools == ()


async def test_failures_that_may_pass_end_it_when_there_are_too_many_in_a_row(
    async_client: AsyncClient, script: Script
) -> None:
    script.payloads = failing(Reason.LLM_UNAVAILABLE)
    outcomes: dict[int, Outcome] = {}
    with pytest.raises(UnavailableError, match=f"The last {MOST_PASSING} requests failed, the latest so: It failed"):
        await plan_all(async_client, samples(50), Toolbox(typed()), PlanningSettings(), outcomes.__setitem__)
    assert len(outcomes) == MOST_PASSING
    assert all(outcome.passing for outcome in outcomes.values())


@pytest.mark.parametrize(
    ("reason", "kind"), [(Reason.INVALID_FIELD, InvalidArgumentError), (Reason.NOT_CONFIGURED, OrchestrionError)]
)
async def test_what_every_request_would_fail_for_ends_it_at_once(
    async_client: AsyncClient, script: Script, reason: Reason, kind: type[OrchestrionError]
) -> None:
    script.payloads = failing(reason)
    with pytest.raises(kind, match="It failed"):
        await planned(async_client, 5, concurrency=3)
    sent = [request for request in script.requests if isinstance(request, plan_service_pb2.PlanRequest)]
    assert len(sent) <= 3
