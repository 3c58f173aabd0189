"""Whole runs that a language model plans and answers, over HTTP: the controller and the host are other processes."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing

import pytest

from orchestrion import AsyncClient
from orchestrion._processes.supervision import Child
from orchestrion.errors import FailedPreconditionError, UnavailableError
from orchestrion.events import (
    AnswerFinished,
    AnswerText,
    Event,
    PlanFinished,
    PlanRejected,
    RunFinished,
    StageFinished,
    TaskAssigned,
    TaskFinished,
    TaskPlanned,
    TaskStarted,
)
from orchestrion.experts import SelectionPolicy
from orchestrion.plans import Plan
from orchestrion.runs import RunState
from orchestrion.values import JsonObject
from tests.llm_server import LLMServer, Reply
from tests.rpc.controller.plans import after, collect, payloads, results, wait
from tests.system.processes import TIMEOUT_S, Servers

StartModel = Callable[..., Awaitable[LLMServer]]


def written(*tasks: JsonObject) -> str:
    """A plan as a language model writes it."""
    return json.dumps({"tasks": tasks, "noTaskReason": ""})


def task(task_id: str, source: str = "", task_type: str = "test-delay") -> JsonObject:
    """A task as a language model writes it: its text is its id, or the text of another task."""
    text = {"output": {"taskId": source, "output": "text"}} if source else {"text": task_id}
    return {"id": task_id, "type": task_type, "inputs": {"text": text}}


CHAIN = written(task("first"), task("second", "first"), task("third", "second"))
ANSWER = "All three steps are done, and the last one gave exactly what the first one was given. "


@pytest.fixture(scope="module")
def model_port() -> int:
    """A port that is free now: the controller must know where the model is before any test has started one."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def controller(model_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    """A controller whose language model comes and goes with the tests, and a host."""
    with Servers(tmp_path_factory.mktemp("language-model")) as servers:
        url = f"http://127.0.0.1:{model_port}/v1"
        controller = servers.controller("--llm-base-url", url, "--llm-timeout-s", "10")
        servers.host()
        yield controller


@pytest.fixture
async def client(controller: Child) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(controller.grpc_address) as client:
        yield client


@pytest.fixture
async def start_model(model_port: int) -> AsyncIterator[StartModel]:
    """Starts a language model that gives the replies of a script, in order."""
    async with AsyncExitStack() as stack:

        async def start(*script: Reply | str) -> LLMServer:
            model = LLMServer(script)
            await model.start(model_port)
            stack.push_async_callback(model.stop)
            return model

        yield start


def place(events: list[Event], kind: type, task_id: str = "") -> int:
    """Tells where in a log the first event of a kind is, for one task where that is given."""
    payload = (event.payload for event in events)
    wanted = [getattr(item, "task_id", "") or getattr(getattr(item, "result", None), "task_id", "") for item in payload]
    return next(
        index
        for index, event in enumerate(events)
        if isinstance(event.payload, kind) and (not task_id or wanted[index] == task_id)
    )


def said_to(model: LLMServer, index: int) -> str:
    """Returns everything that a language model was told in one call."""
    return "\n".join(message["content"] for message in model.calls[index].body["messages"])


async def test_a_language_model_plans_and_answers_a_run(client: AsyncClient, start_model: StartModel) -> None:
    model = await start_model(CHAIN, Reply(ANSWER, tokens_per_second=100))

    events = await collect(client.run("Do three steps, one after the other."))

    (finished,) = payloads(events, PlanFinished)
    assert finished.plan == Plan(
        (wait("first", "first"), wait("second", after("first")), wait("third", after("second")))
    )
    assert [planned.task for planned in payloads(events, TaskPlanned)] == list(finished.plan.tasks)
    assert results(events)["third"].outputs == {"text": "first"}
    # The answer came in pieces, which are the answer.
    pieces = [piece.text for piece in payloads(events, AnswerText)]
    (answer,) = payloads(events, AnswerFinished)
    assert len(pieces) > 3
    assert "".join(pieces) == answer.text == ANSWER
    # What each stage told the model, and what it cost.
    assert [call.asks_for_plan for call in model.calls] == [True, False]
    assert "Do three steps, one after the other." in said_to(model, 0)
    assert "test-delay" in said_to(model, 0)
    assert "third" in said_to(model, 1)
    ended = [stage for stage in payloads(events, StageFinished) if stage.llm_call_count]
    assert [stage.llm_call_count for stage in ended] == [1, 1]
    assert all(stage.prompt_token_count > 0 and stage.completion_token_count > 0 for stage in ended)


async def test_tasks_start_while_the_model_still_writes_the_plan(client: AsyncClient, start_model: StartModel) -> None:
    await start_model(Reply(CHAIN, tokens_per_second=80), ANSWER)

    events = await collect(client.run("Do three steps, one after the other."))

    # Not only started, but done, and the next one started too, before the plan was whole.
    assert place(events, TaskStarted, "first") < place(events, PlanFinished)
    assert place(events, TaskFinished, "first") < place(events, TaskStarted, "second") < place(events, PlanFinished)
    first, whole = events[place(events, TaskStarted, "first")], events[place(events, PlanFinished)]
    assert first.time is not None
    assert whole.time is not None
    assert (whole.time - first.time).total_seconds() > 0.2
    assert results(events)["third"].succeeded


async def test_the_model_is_offered_what_the_experts_of_the_host_take(
    client: AsyncClient, start_model: StartModel
) -> None:
    model = await start_model(CHAIN, ANSWER)

    await collect(client.run("What does this text express?"))

    schema = json.dumps(model.calls[0].body["response_format"]["json_schema"]["schema"])
    # The starter experts tell sentiments and languages, find faces, read and draw anew in a style; emotions and
    # translations take other experts.
    assert '"enum": ["sentiment", "language"]' in schema
    assert '"enum": ["faces"]' in schema
    assert '"enum": ["caption"]' in schema
    assert '"redraw"' in schema
    # After the examples comes what people can get experts for, of what is most like the request.
    shown = said_to(model, 0).partition("Examples:")[2].partition("Nobody here does these")[0]
    for missing in ("emotion", "translation", "text-to-image"):
        assert f'"{missing}"' not in schema
        assert missing not in shown


async def test_under_policy_llm_a_chain_starts_when_all_is_chosen_and_one_candidate_is_no_question(
    client: AsyncClient, start_model: StartModel
) -> None:
    """Given one expert for the tasks, the model plans and answers; there is nothing that it could choose."""
    names = ("first", "second", "third")
    model = await start_model(Reply(CHAIN, tokens_per_second=200), ANSWER)

    events = await collect(client.run("Do three steps.", policy=SelectionPolicy.LLM))

    assert len(model.calls) == 2
    assigned = {event.assignment.task_id: event.assignment for event in payloads(events, TaskAssigned)}
    assert set(assigned) == set(names)
    for assignment in assigned.values():
        assert assignment.expert_id == "delay"
        assert "the only candidate" in assignment.reason
    assert place(events, PlanFinished) < place(events, TaskAssigned) < place(events, TaskStarted)
    assert [stage.llm_call_count for stage in payloads(events, StageFinished) if stage.llm_call_count] == [1, 1]
    assert results(events)["third"].outputs == {"text": "first"}


async def test_an_invalid_plan_is_mended_and_what_was_right_is_not_done_twice(
    client: AsyncClient, start_model: StartModel
) -> None:
    wrong = written(task("first"), task("second", "first", "test-dilay"), task("third", "second"))
    model = await start_model(wrong, CHAIN, ANSWER)

    events = await collect(client.run("Do three steps, one after the other."))

    (rejected,) = payloads(events, PlanRejected)
    assert rejected.error.reason == "UNKNOWN_TASK_TYPE"
    assert rejected.error.metadata["field"] == "plan.tasks[1].type"
    assert place(events, PlanRejected) < place(events, PlanFinished)
    assert [started.task_id for started in payloads(events, TaskStarted)] == ["first", "second", "third"]
    assert results(events)["third"].outputs == {"text": "first"}
    # The model was shown its own plan, as far as it was read, and what is wrong with it.
    assert wrong[: wrong.index("third")] in said_to(model, 1)
    assert rejected.error.message in said_to(model, 1)
    assert "test-delay" in rejected.error.message


async def test_a_plan_that_is_not_mended_fails_the_run_with_both_reasons(
    client: AsyncClient, start_model: StartModel
) -> None:
    circle = written(task("first", "second"), task("second", "first"))
    model = await start_model("I would rather chat.", circle)

    with pytest.raises(FailedPreconditionError) as caught:
        await collect(client.run("Do three steps."))

    assert caught.value.reason == "PLAN_NOT_REPAIRED"
    assert caught.value.metadata["invalid"] == "PLAN_CYCLE"
    assert "circle" in caught.value.message
    # It was not asked a third time, nor for an answer about nothing.
    assert len(model.calls) == 2


async def test_the_next_turn_knows_the_answer_of_the_one_before(client: AsyncClient, start_model: StartModel) -> None:
    model = await start_model(CHAIN, ANSWER, written(task("again")), "Once more, it is done.")

    first = await client.ask("Do three steps, one after the other.")
    second = await client.ask("And once more?", previous_run=first.run)

    assert second.text == "Once more, it is done."
    for call in (2, 3):
        prompt = said_to(model, call)
        assert (
            prompt.index("Do three steps, one after the other.") < prompt.index(ANSWER) < prompt.index("And once more?")
        )
    assert "first" in said_to(model, 2)
    assert (await client.runs.get(second.run)).previous_run == first.run


async def test_a_client_that_leaves_stops_the_model_in_the_middle_of_a_word(
    client: AsyncClient, start_model: StartModel
) -> None:
    model = await start_model(Reply(CHAIN, tokens_per_second=1))

    async with aclosing(client.run("Do three steps.", detach_grace_ms=0)) as events:
        run = (await anext(events)).run
        await asyncio.wait_for(model.called.wait(), TIMEOUT_S)

    await asyncio.wait_for(model.dropped.wait(), TIMEOUT_S)
    (end,) = payloads(await collect(client.runs.watch(run)), RunFinished)
    assert end.state is RunState.CANCELLED


async def test_a_model_that_is_away_is_told_plainly_and_used_when_it_is_back(
    client: AsyncClient, start_model: StartModel
) -> None:
    with pytest.raises(UnavailableError) as caught:
        await collect(client.run("Do three steps."))
    assert caught.value.reason == "LLM_UNAVAILABLE"

    await start_model(CHAIN, ANSWER)
    answer = await client.ask("Do three steps.")
    assert answer.text.strip() == ANSWER.strip()
