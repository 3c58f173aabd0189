"""How experts are chosen over the API: by rank, by a language model behind real HTTP, within the licences allowed."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from orchestrion import AsyncClient
from orchestrion.errors import FailedPreconditionError, Reason
from orchestrion.events import (
    AnswerFinished,
    AttemptFailed,
    Event,
    PlanFinished,
    Stage,
    StageFinished,
    StageStarted,
    TaskAssigned,
    TaskStarted,
)
from orchestrion.experts import Assignment, InputLimit, SelectionPolicy
from orchestrion.plans import Parameter, ParameterKind, Plan, Task, TaskType
from orchestrion.values import ArtifactRef, Value
from tests.llm_server import LLMServer, Reply
from tests.rpc.controller.conftest import StartController
from tests.rpc.controller.plans import CHAIN, after, collect, payloads, results, wait
from tests.rpc.controller.scripted_host import ScriptedHost, echo

LLM = SelectionPolicy.LLM
CHAIN_AS_WRITTEN = json.dumps(
    {
        "tasks": [
            {"id": "first", "type": "test-delay", "inputs": {"text": {"text": "one"}}},
            {
                "id": "second",
                "type": "test-delay",
                "inputs": {"text": {"output": {"taskId": "first", "output": "text"}}},
            },
            {
                "id": "third",
                "type": "test-delay",
                "inputs": {"text": {"output": {"taskId": "second", "output": "text"}}},
            },
        ],
        "noTaskReason": "",
    }
)


def chosen(**experts: str) -> str:
    """Choices as a language model writes them."""
    return json.dumps(
        {"choices": {task: {"reason": f"best for {task}", "expert": name} for task, name in experts.items()}}
    )


@dataclass
class Platform:
    """A controller with a language model, and a host."""

    client: AsyncClient
    model: LLMServer
    host: ScriptedHost


StartPlatform = Callable[..., Awaitable[Platform]]


@pytest.fixture
async def start_platform(start_controller: StartController) -> AsyncIterator[StartPlatform]:
    """Starts a controller whose language model follows a script, and a host with three experts that echo."""
    async with AsyncExitStack() as stack:

        async def start(*script: Reply | str, refuses: tuple[str, ...] = (), **settings: Any) -> Platform:
            model = await stack.enter_async_context(LLMServer(script, refuses=refuses))
            controller = await start_controller(
                llm_base_url=model.base_url, llm_timeout_s=5.0, planner="llm", responder="llm", **settings
            )
            address = f"127.0.0.1:{controller.grpc_port}"
            host = ScriptedHost("one", address, {"fast": echo, "good": echo, "old": echo})
            host.facts = {
                "fast": {"download_count": 10**7, "description": "Fast.", "license": "MIT"},
                "good": {"description": "Good at \N{PILE OF POO} and letters.", "license": "CC-BY-NC-4.0"},
                "old": {"description": "Old.", "accuracy": 0.5, "accuracy_measure": "accuracy on letters"},
            }
            stack.push_async_callback(host.stop)
            await host.start()
            client = await stack.enter_async_context(AsyncClient(address))
            return Platform(client, model, host)

        yield start


def assignments(events: list[Event]) -> dict[str, Assignment]:
    return {result.assignment.task_id: result.assignment for result in payloads(events, TaskAssigned)}


def selection(events: list[Event]) -> StageFinished:
    (result,) = [
        event.payload for event in events if event.stage is Stage.SELECT and isinstance(event.payload, StageFinished)
    ]
    return result


async def test_a_chain_of_three_takes_three_calls_of_the_language_model(start_platform: StartPlatform) -> None:
    platform = await start_platform(CHAIN_AS_WRITTEN, chosen(first="good", second="fast", third="old"), "All done.")

    events = await collect(platform.client.run("Do three things.", policy=LLM))

    # Plan, select, answer.
    assert len(platform.model.calls) == 3
    assert [expert_id for expert_id, _ in platform.host.calls] == ["good", "fast", "old"]
    assert {name: result.expert_id for name, result in assignments(events).items()} == {
        "first": "good",
        "second": "fast",
        "third": "old",
    }
    assert assignments(events)["first"].reason == "good on one, chosen by the language model among 3: best for first"
    (answer,) = payloads(events, AnswerFinished)
    assert answer.text == "All done."
    usage = [
        (event.stage, event.payload.llm_call_count)
        for event in events
        if isinstance(event.payload, StageFinished) and event.stage is not Stage.EXECUTE
    ]
    assert usage == [(Stage.PLAN, 1), (Stage.SELECT, 1), (Stage.RESPOND, 1)]
    assert selection(events).prompt_token_count > 100
    assert selection(events).completion_token_count > 10
    performers = [event.payload.performer for event in events if isinstance(event.payload, StageStarted)]
    assert performers[:2] == ["llm", "llm"]


async def test_by_rank_the_same_chain_takes_two(start_platform: StartPlatform) -> None:
    platform = await start_platform(CHAIN_AS_WRITTEN, "All done.")

    events = await collect(platform.client.run("Do three things.", policy=SelectionPolicy.RANK))

    assert len(platform.model.calls) == 2
    assert selection(events).llm_call_count == 0
    assert {result.expert_id for result in assignments(events).values()} == {"fast"}


async def test_nothing_starts_before_the_whole_plan_has_its_experts(start_platform: StartPlatform) -> None:
    platform = await start_platform(
        Reply(CHAIN_AS_WRITTEN, tokens_per_second=200), chosen(first="good", second="good", third="good"), "Done."
    )

    events = await collect(platform.client.run("Do three things.", policy=LLM))

    kinds = [type(event.payload) for event in events]
    assert kinds.index(PlanFinished) < kinds.index(TaskAssigned)
    last_assigned = len(kinds) - 1 - kinds[::-1].index(TaskAssigned)
    assert last_assigned < kinds.index(TaskStarted)


async def test_the_model_is_told_the_request_the_tasks_and_all_that_is_known_of_the_candidates(
    start_platform: StartPlatform,
) -> None:
    platform = await start_platform(CHAIN_AS_WRITTEN, chosen(first="good", second="fast", third="old"), "Done.")

    await collect(platform.client.run("Read my letters, please.", policy=LLM))

    call = platform.model.calls[1]
    reported = call.body["messages"][-1]["content"]
    assert "Read my letters, please." in reported
    assert 'Task `first`: test-delay\n  text: "one"\n' in reported
    assert "text: the text of task `first`" in reported
    assert "fast (loaded, a result after about" in reported
    assert "downloads a month: 10,000,000" in reported
    assert "accuracy: 0.5 (accuracy on letters)" in reported
    # Each expert is described once, however many tasks it is a candidate for.
    assert reported.count("- fast: Fast. | languages: any or not said | domain: general use | licence: MIT") == 1
    # The form of the reply allows nothing but the candidates, for every task.
    form = call.body["response_format"]["json_schema"]
    assert form["strict"] is True
    choices = form["schema"]["properties"]["choices"]
    assert choices["required"] == ["first", "second", "third"]
    assert set(choices["properties"]["second"]["properties"]["expert"]["enum"]) == {"fast", "good", "old"}
    assert choices["additionalProperties"] is False


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (chosen(second="fast", third="fast"), "the language model named none"),
        (chosen(first="best", second="fast", third="fast"), "the language model named 'best', which is no candidate"),
        ("Any of them would do.", "the language model's reply holds no choice"),
        (Reply(chosen(first="good"), cut_after=20), "the language model's reply holds no choice"),
        (Reply(refusal="I would rather not."), "the language model declined to choose"),
        (Reply(finish_reason="content_filter"), "the language model declined to choose"),
        (Reply(status=401, error="wrong key"), "the language model did not answer (NOT_CONFIGURED)"),
    ],
    ids=["missing", "invented", "words", "cut off", "refusal", "filtered", "error"],
)
async def test_where_the_model_makes_no_valid_choice_rank_chooses_and_the_reason_says_so(
    start_platform: StartPlatform, reply: Reply | str, words: str
) -> None:
    platform = await start_platform(CHAIN_AS_WRITTEN, reply, "Done.")

    events = await collect(platform.client.run("Do three things.", policy=LLM))

    first = assignments(events)["first"]
    assert first.expert_id == "fast"
    assert first.reason.startswith("fast is loaded on one; first of 3 candidates")
    assert first.reason.endswith(f" Chosen by rank: {words}.")
    assert selection(events).llm_call_count == 1
    assert results(events)["third"].outputs == {"text": "one"}
    assert len(platform.model.calls) == 3


@pytest.mark.parametrize(
    "reply",
    [
        f"Here you are:\n```json\n{chosen(first='old')}\n```",
        '{"first": "old"}',
        '{"choices": [{"task": "first", "expert": "old", "reason": "why not"}]}',
        '{"id": "old", "reason": "The paper\'s own form."}',
    ],
    ids=["fenced", "bare", "list", "single"],
)
async def test_a_reply_of_a_model_that_is_held_to_no_form_is_understood(
    start_platform: StartPlatform, reply: str
) -> None:
    platform = await start_platform(reply, refuses=("json_schema", "json_object"))

    events = await collect(platform.client.select(Plan((wait("first", "one"),)), policy=LLM))

    assert assignments(events)["first"].expert_id == "old"
    assert "response_format" not in platform.model.calls[-1].body


async def test_where_the_context_is_short_less_is_told_and_rank_chooses_for_the_rest(
    start_platform: StartPlatform,
) -> None:
    names = [f"task-{number}" for number in range(12)]
    # Room for some of the tasks only: until the endpoint has counted any, 2.5 bytes count as a token.
    platform = await start_platform(chosen(**dict.fromkeys(names, "good")), llm_context_tokens=2_200)
    plan = Plan(tuple(wait(name, "some words " * 50) for name in names))

    result = assignments(await collect(platform.client.select(plan, policy=LLM)))

    reported = platform.model.calls[-1].body["messages"][-1]["content"]
    requested = [name for name in names if f"Task `{name}`" in reported]
    assert 0 < len(requested) < 12
    assert "some words " * 40 not in reported
    for name in names:
        assert result[name].expert_id == ("good" if name in requested else "fast")
        assert ("for want of room" in result[name].reason) == (name not in requested)


async def test_a_choice_that_fails_at_run_time_moves_on_by_rank(start_platform: StartPlatform) -> None:
    platform = await start_platform(chosen(task="old"))

    async def crash(_: object) -> dict[str, Value]:
        raise Reason.WORKER_CRASHED.error("The worker died.")

    platform.host.behaviours["old"] = crash
    events = await collect(platform.client.execute(Plan((wait("task", "one"),)), policy=LLM))

    (failed,) = payloads(events, AttemptFailed)
    assert failed.expert_id == "old"
    assert results(events)["task"].succeeded
    # The failure is remembered: the next choice names it as the last, and says so in its features.
    after_it = await collect(platform.client.select(Plan((wait("task", "one"),))))
    features = {item.expert_id: item.features for item in assignments(after_it)["task"].candidates}
    assert features["old"]["failures"] < -2.5
    assert features["fast"]["failures"] == 0.0


async def test_only_tasks_without_an_assignment_are_asked_about(start_platform: StartPlatform) -> None:
    platform = await start_platform(chosen(second="old", third="good"))
    inputs = Assignment("first", "hosts/one", "good")

    events = await collect(platform.client.execute(CHAIN, assignments=[inputs], policy=LLM))

    assert [expert_id for expert_id, _ in platform.host.calls] == ["good", "old", "good"]
    assert set(assignments(events)) == {"second", "third"}
    assert "Task `first`" not in platform.model.calls[0].body["messages"][-1]["content"]


async def test_licences_limit_the_choice_of_both_policies(start_platform: StartPlatform) -> None:
    platform = await start_platform(chosen(task="good"))
    plan = Plan((wait("task", "one"),))

    ranked = await collect(platform.client.select(plan, licenses=["permissive"]))
    assert [item.expert_id for item in assignments(ranked)["task"].candidates] == ["fast"]

    by_model = await collect(platform.client.select(plan, policy=LLM, licenses=["permissive"]))
    assert assignments(by_model)["task"].expert_id == "fast"
    # Where one is left, the model has nothing to choose, and is not asked.
    assert "the only candidate" in assignments(by_model)["task"].reason
    assert platform.model.calls == []

    with pytest.raises(FailedPreconditionError, match=r"other licences than the allowed GPL-3\.0") as caught:
        await collect(platform.client.select(plan, licenses=["GPL-3.0"]))
    assert caught.value.field == "licenses"


async def test_the_operators_licences_hold_for_every_request(start_platform: StartPlatform) -> None:
    platform = await start_platform(licenses=("CC-BY-*",))
    events = await collect(platform.client.select(Plan((wait("task", "one"),))))
    assert [item.expert_id for item in assignments(events)["task"].candidates] == ["good"]


LISTEN = TaskType(
    "test-delay",
    "Listens.",
    (Parameter("audio", ParameterKind.AUDIO),),
    (Parameter("text", ParameterKind.TEXT),),
)


def silence(seconds: int) -> bytes:
    """A WAV file."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(16_000 * seconds))
    return content.getvalue()


@pytest.mark.parametrize(("seconds", "expected"), [(2, "short"), (40, "long")])
async def test_a_recording_goes_to_an_expert_that_takes_all_of_it(
    start_platform: StartPlatform, seconds: int, expected: str
) -> None:
    platform = await start_platform("no choice")
    platform.host.behaviours = {"short": echo, "long": echo}
    limit = InputLimit("audio", max_duration_ms=30_000)
    platform.host.facts = {"short": {"input_limits": (limit,), "download_count": 10**7}}
    await platform.host.report()
    recording = await platform.client.artifacts.upload(silence(seconds))
    plan = Plan((Task("hear", "test-delay", {"audio": ArtifactRef(recording.name)}),))

    events = await collect(platform.client.select(plan, task_types=[LISTEN]))
    assert assignments(events)["hear"].expert_id == expected

    # A language model is told the same.
    await collect(platform.client.select(plan, task_types=[LISTEN], policy=LLM))
    reported = platform.model.calls[-1].body["messages"][-1]["content"]
    assert f"audio: a file ({seconds} seconds, " in reported
    assert "takes at most: audio 30 seconds" in reported


async def test_many_tasks_of_one_moment_spread_over_hosts(start_platform: StartPlatform) -> None:
    platform = await start_platform()
    other = ScriptedHost("two", platform.client.address, {"fast": echo})
    other.facts = {"fast": platform.host.facts["fast"]}
    await other.start()
    try:
        plan = Plan(tuple(wait(f"task-{number}", str(number)) for number in range(8)))
        events = await collect(platform.client.execute(plan))
    finally:
        await other.stop()
    hosts = [result.host for result in assignments(events).values()]
    assert hosts.count("hosts/two") == 4


async def test_what_waits_for_another_task_is_no_load_yet(start_platform: StartPlatform) -> None:
    platform = await start_platform()
    wide = [wait(f"ready-{number}", str(number)) for number in range(4)]
    chain = [wait("later-0", after("ready-0")), *(wait(f"later-{n}", after(f"later-{n - 1}")) for n in range(1, 4))]

    result = assignments(await collect(platform.client.select(Plan((*chain, *wide)))))

    # The chain comes first in the plan, and what is chosen after it finds nobody waiting.
    assert result["ready-0"].candidates[0].features["queue"] == 0.0
    assert result["ready-3"].candidates[0].features["queue"] < 0.0


async def test_a_plan_without_tasks_is_selected_without_a_call(start_platform: StartPlatform) -> None:
    platform = await start_platform()
    events = await collect(platform.client.select(Plan((), "Nothing to do."), policy=LLM))
    assert selection(events).llm_call_count == 0
    assert platform.model.calls == []
