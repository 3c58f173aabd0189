"""The planner over a language model, against a scripted one behind real HTTP: what comes of each kind of reply."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrion.errors import OrchestrionError
from orchestrion.events import PlanFinished, PlanRejected, TaskPlanned, TaskRevoked
from orchestrion.plans import Plan, Task
from orchestrion.refusals import NotDone
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig
from orchestrion_controller.planner.llm import LLMPlanner
from orchestrion_controller.stages import PlanItem, Usage
from tests import llm_server
from tests.llm_server import LLMServer, Reply
from tests.unit.controller.planner.llm_plans import (
    REQUEST,
    TASKS,
    VALID,
    failed,
    output,
    plan,
    planned,
    planner_for,
    read,
    speak,
)


@pytest.mark.parametrize(
    "dress",
    [
        str,
        lambda text: f"```json\n{text}\n```",
        lambda text: f"Sure! Here is {{the plan}} you asked for:\n```\n{text}\n```\nI hope that helps {{}}.",
        lambda text: json.dumps(json.loads(text), indent=4),
        lambda text: json.dumps({"no_task_reason": "", "tasks": json.loads(text)["tasks"]}),
        lambda text: f'<think>First {{"tasks": [nothing]}}? No: read, then speak.</think>\n{text}',
        lambda text: f"\ufeff{text}",
    ],
    ids=["bare", "fenced", "prose", "indented", "reason first", "thoughts first", "byte order mark"],
)
async def test_valid_plan(dress: Callable[[str], str]) -> None:
    async with LLMServer([dress(VALID)]) as server:
        *items, usage, finished = await planned(server)
    assert items == [TaskPlanned(task) for task in TASKS]
    assert finished == PlanFinished(Plan(TASKS))
    assert isinstance(usage, Usage)
    assert usage.llm_call_count == 1
    assert usage.prompt_token_count > 100
    assert usage.completion_token_count > 10


async def test_null_inputs_are_left_out() -> None:
    task = speak("hi")
    task["inputs"] |= {"speed": None, "language": None}
    async with LLMServer([plan(task)]) as server:
        items = await planned(server)
    assert items[0] == TaskPlanned(Task("speak", "text-to-speech", {"text": "hi"}))


async def test_request_without_tasks_is_planned_as_such() -> None:
    async with LLMServer([plan(reason="A greeting needs no expert.")]) as server:
        items = await planned(server)
    assert items[-1] == PlanFinished(Plan((), "A greeting needs no expert."))


async def test_text_passes_byte_for_byte() -> None:
    hard = "tab\t \"double\" 'single' \\ \\n <|endoftext|> שלום 👋🏽 e\u0301 ]}"
    async with LLMServer([plan(speak(hard))]) as server:
        items = await planned(server)
    assert isinstance(items[0], TaskPlanned)
    assert items[0].task.inputs["text"] == hard


async def test_task_is_out_while_the_model_still_writes() -> None:
    slow = Reply(plan(read(), *(speak(output("read"), f"speak-{n}") for n in range(6))), tokens_per_second=400)
    async with LLMServer([slow]) as server, planner_for(server) as planner:
        start = time.perf_counter()
        moments = [(item, time.perf_counter() - start) async for item in planner.plan(REQUEST)]
    assert moments[0][0] == TaskPlanned(TASKS[0])
    assert moments[0][1] < moments[-1][1] / 2


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (plan(read(), speak(output("read", "txt"))), "UNKNOWN_REFERENCE"),
        (plan(read(), speak(output("raed"))), "UNKNOWN_REFERENCE"),
        (plan(read(), {"id": "fly", "type": "fly", "inputs": {}}), "UNKNOWN_TASK_TYPE"),
        (plan(read(), speak({"number": 3, "unit": "m"})), "ILL_TYPED_INPUT"),
        (plan(read(), {"id": "speak", "type": "text-to-speech", "inputs": []}), "MISSING_INPUT"),
        (plan(read(), {**speak("no"), "id": "read"}, speak(output("read"))), "DUPLICATE_TASK_ID"),
        (plan({"id": "a", "type": "test-delay", "inputs": {"text": output("a")}}), "PLAN_CYCLE"),
        (plan(), "PLAN_INVALID"),
        (json.dumps({"tasks": ["read"]}), "PLAN_INVALID"),
        (json.dumps({"tasks": "read"}), "PLAN_INVALID"),
        ("I would first read the sign.", "PLAN_INVALID"),
        (VALID[:-20], "PLAN_INVALID"),
        (Reply(VALID[:120], finish_reason="length"), "PLAN_INVALID"),
        (VALID.replace("read", "re\\ud83dad"), "PLAN_INVALID"),
        ("", "PLAN_INVALID"),
    ],
)
async def test_invalid_plan_is_repaired_once(first: str | Reply, reason: str) -> None:
    async with LLMServer([first, VALID]) as server:
        items = await planned(server)
    rejections = [item for item in items if isinstance(item, PlanRejected)]
    assert [item.error.reason for item in rejections] == [reason]
    assert items[-1] == PlanFinished(Plan(TASKS))
    assert sum(item.llm_call_count for item in items if isinstance(item, Usage)) == 2
    assert current(items) == TASKS
    repair = server.calls[1].body["messages"]
    assert repair[-2]["role"] == "assistant"
    assert "This plan is not valid:\n- " in repair[-1]["content"]


def current(items: list[PlanItem]) -> tuple[Task, ...]:
    """The tasks that a reader of the events holds at the end."""
    tasks: dict[str, Task] = {}
    for item in items:
        if isinstance(item, TaskPlanned):
            assert item.task.id not in tasks
            tasks[item.task.id] = item.task
        elif isinstance(item, TaskRevoked):
            del tasks[item.task_id]
    return tuple(tasks.values())


async def test_repair_keeps_equal_tasks_and_revokes_the_rest() -> None:
    wrong = plan(read(), speak("hello", "greet"), speak("one", "count"), speak(output("nothing")))
    right = plan(read(), speak("two", "count"), speak(output("read")))
    async with LLMServer([wrong, right]) as server:
        items = await planned(server)
    changes = [
        item.task.id if isinstance(item, TaskPlanned) else f"-{item.task_id}"
        for item in items
        if isinstance(item, TaskPlanned | TaskRevoked)
    ]
    # The last task of the first plan refers to nothing, so it never was one.
    assert changes == ["read", "greet", "count", "-greet", "-count", "count", "speak"]


async def test_second_invalid_plan_ends_it() -> None:
    async with LLMServer([plan(read(), speak(output("a"))), plan(speak({"speed": "fast"}))]) as server:
        error = await failed(server)
    assert error.reason == "PLAN_NOT_REPAIRED"
    assert error.metadata["invalid"] == "ILL_TYPED_INPUT"
    assert error.metadata["first_invalid"] == "UNKNOWN_REFERENCE"
    assert error.field == "plan.tasks[0].inputs.text"
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(refusal="I cannot."),
        Reply("", finish_reason="content_filter"),
        Reply(VALID[:40], refusal="I would rather not go on."),
    ],
    ids=["refusal", "filtered", "refusal after a beginning"],
)
async def test_a_refusal_is_told_as_one_and_not_argued_with(reply: Reply) -> None:
    async with LLMServer([reply]) as server:
        error = await failed(server)
    assert error.reason == "PLANNER_REFUSED"
    assert reply.refusal in error.message
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("request_text", "words", "reported"),
    [
        ("read this aloud", "I'm sorry, but I can't help with that.", "it says: “I'm sorry, but"),
        ("read this aloud", "I would first read the sign.", "The language model wrote no plan for this request"),
        ("Lies das bitte laut vor.", "Es tut mir leid, dabei kann ich nicht helfen.", "es sagt: “Es tut mir leid"),
        ("把图片里的文字读出来", "抱歉,我无法协助完成这个请求。", "它说：“抱歉"),
    ],
)
async def test_words_in_place_of_a_plan_get_one_more_chance_and_reach_the_person(
    request_text: str, words: str, reported: str
) -> None:
    """In any language, and whatever the words are: no list of phrases says what is a refusal."""
    request = replace(REQUEST, messages=(replace(REQUEST.messages[0], text=request_text),))
    async with LLMServer([words, words]) as server, planner_for(server) as planner:
        with pytest.raises(OrchestrionError) as caught:
            async for _ in planner.plan(request):
                pass
    assert caught.value.reason == "PLANNER_REFUSED"
    assert reported in caught.value.message
    assert [part.reason for part in caught.value.not_done] == [caught.value.message]
    assert len(server.calls) == 2

    async with LLMServer([words, VALID]) as server:
        assert (await planned(server, request))[-1] == PlanFinished(Plan(TASKS))


async def test_a_refusal_before_any_task_is_a_plan_that_does_nothing_of_the_request() -> None:
    async with LLMServer([Reply(refusal="I will not.")]) as server:
        error = await failed(server)
    assert [part.reason for part in error.not_done] == [error.message]
    assert error.message == "The language model declined to plan this request: “I will not.”"


async def test_what_is_done_in_part_says_what_is_not() -> None:
    """The words are those of the request, also where the model changes their case."""
    reply = plan(read(), not_done={"This ALOUD": "Nothing here speaks."})
    async with LLMServer([reply]) as server:
        *_, end = await planned(server)
    assert end == PlanFinished(Plan(TASKS[:1]), not_done=(NotDone("this aloud", "Nothing here speaks."),))


async def test_what_cannot_be_done_at_all_is_planned_as_that() -> None:
    async with LLMServer([plan(not_done={"read this aloud": "Nothing here reads."})]) as server:
        *_, end = await planned(server)
    part = NotDone("read this aloud", "Nothing here reads.")
    assert end == PlanFinished(Plan((), "Nothing here reads."), not_done=(part,))


async def test_a_reason_for_no_task_beside_tasks_is_what_is_not_done() -> None:
    async with LLMServer([plan(read(), reason="No task type can send an email.")]) as server:
        *_, end = await planned(server)
    assert end == PlanFinished(Plan(TASKS[:1]), not_done=(NotDone(reason="No task type can send an email."),))


async def test_all_that_is_wrong_is_said_at_once_in_words_that_a_model_understands() -> None:
    wrong = plan(
        {"id": "read", "type": "ocr", "inputs": {"image": "$1"}},
        {"id": "say", "type": "text-to-speech", "inputs": {"text": "$1", "loudness": 3}},
    )
    async with LLMServer([wrong, VALID]) as server:
        items = await planned(server)
    (rejection,) = (item for item in items if isinstance(item, PlanRejected))
    said = server.calls[1].body["messages"][-1]["content"]
    assert "task `read`: `ocr` is no task type here" in said
    assert "`image-to-text`" in said
    assert "task `say`, input `loudness`" in said
    assert "task `say`, input `text`: `text` takes TEXT, but sign.png is image/png: put `image-to-text` before" in said
    for internal in ("google.protobuf", "Message type", "NoneType", "dict", "ParseError"):
        assert internal not in said + rejection.error.message


async def test_one_thing_planned_many_times_is_done_once() -> None:
    async with LLMServer([plan(*(read(f"read-{number}") for number in range(120)))]) as server:
        items = await planned(server)
    assert [item.task.id for item in items if isinstance(item, TaskPlanned)] == ["read-0"]


async def test_more_tasks_than_are_allowed_are_sent_back() -> None:
    many = plan(*(speak(f"number {number}", f"say-{number}") for number in range(101)))
    async with LLMServer([many, VALID]) as server:
        items = await planned(server)
    assert [item.error.message for item in items if isinstance(item, PlanRejected)] == [
        "The plan has more than 100 tasks: give lists to fewer tasks."
    ]
    assert items[-1] == PlanFinished(Plan(TASKS))


async def test_of_several_drafts_the_last_counts() -> None:
    draft = plan(read("first"))
    async with LLMServer([f"Draft:\n{draft}\n\nBetter:\n{VALID}"]) as server:
        items = await planned(server)
    assert current(items) == TASKS
    assert items[-1] == PlanFinished(Plan(TASKS))


async def test_a_reply_has_a_limit() -> None:
    """A model that goes round in circles stops at some time; a short context leaves less room."""
    async with LLMServer([VALID, VALID]) as server:
        await planned(server)
        await planned(server, context_tokens=16_384)
    assert [call.body["max_tokens"] for call in server.calls if call.is_chat] == [8192, 2048]


@pytest.mark.parametrize(
    "broken",
    [Reply(VALID, cut_after=100), Reply(VALID, drop_after=100), Reply(VALID, stall_after=100)],
    ids=["ended early", "connection broken", "stalled"],
)
async def test_a_reply_that_breaks_off_is_asked_for_once_more_and_what_was_read_stays(broken: Reply) -> None:
    async with LLMServer([broken, VALID]) as server:
        items = await planned(server, idle_timeout_s=1.0)
    reason = "LLM_TIMED_OUT" if broken.stall_after else "LLM_BROKE_OFF"
    assert [item.error.reason for item in items if isinstance(item, PlanRejected)] == [reason]
    assert current(items) == TASKS
    assert not [item for item in items if isinstance(item, TaskRevoked)]
    assert items[-1] == PlanFinished(Plan(TASKS))
    # It is no fault of the plan: nothing is said about one.
    assert server.calls[1].body["messages"] == server.calls[0].body["messages"]

    async with LLMServer([broken, broken]) as server:
        error = await failed(server, idle_timeout_s=1.0)
    assert error.reason == reason
    assert len(server.calls) == 2


async def test_a_plan_may_be_mended_after_a_reply_broke_off() -> None:
    async with LLMServer([Reply(VALID, drop_after=100), plan(read(), speak(output("raed"))), VALID]) as server:
        items = await planned(server)
    assert [item.error.reason for item in items if isinstance(item, PlanRejected)] == [
        "LLM_BROKE_OFF",
        "UNKNOWN_REFERENCE",
    ]
    assert current(items) == TASKS
    assert items[-1] == PlanFinished(Plan(TASKS))
    assert sum(item.llm_call_count for item in items if isinstance(item, Usage)) == 3


async def test_a_plan_is_whole_though_the_stream_ends_without_saying_so() -> None:
    async with LLMServer([Reply(VALID + "\n", cut_after=len(VALID))]) as server:
        assert (await planned(server))[-1] == PlanFinished(Plan(TASKS))


async def test_closing_the_generator_closes_the_stream() -> None:
    slow = Reply(plan(read(), *(speak(output("read"), f"speak-{n}") for n in range(50))), tokens_per_second=300)
    async with LLMServer([slow]) as server, planner_for(server) as planner:
        async with aclosing(planner.plan(REQUEST)) as items:
            assert await anext(items) == TaskPlanned(TASKS[0])
        async with asyncio.timeout(5):
            await server.dropped.wait()


async def test_cancelling_the_reader_closes_the_stream() -> None:
    async with LLMServer([Reply(VALID, delay_ms=60_000)]) as server, planner_for(server) as planner:

        async def read_all() -> list[PlanItem]:
            return [item async for item in planner.plan(REQUEST)]

        reading = asyncio.create_task(read_all())
        async with asyncio.timeout(5):
            await server.called.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            await server.dropped.wait()


async def test_scripted_model_is_a_process_too(tmp_path: Path) -> None:
    plan_file = tmp_path / "plan.json"
    plan_file.write_text(VALID)
    command = [sys.executable, llm_server.__file__, "--plan", str(plan_file)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        ready = (await process.stdout.readline()).decode().split()
        model = LanguageModel(LanguageModelConfig(ready[1], model="scripted"))
        items = [item async for item in LLMPlanner(model).plan(REQUEST)]
        await model.aclose()
    finally:
        process.kill()
        await process.wait()
    assert items[-1] == PlanFinished(Plan(TASKS))
