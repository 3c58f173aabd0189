"""The planner over a language model, against a scripted one behind real HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrion import task_types
from orchestrion.errors import OrchestrionError
from orchestrion.events import PlanFinished, PlanRejected, TaskPlanned, TaskRevoked
from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, OutputRef
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig
from orchestrion_controller.planner.llm import LLMPlanner
from orchestrion_controller.stages import PastTurn, PlanItem, PlanningRequest, Usage
from tests import llm_server
from tests.llm_server import LLMServer, Reply

TYPES = task_types.load()
SIGN = Artifact("artifacts/" + "a" * 64, "image/png", "sign.png", 10)
KEY = "sk-secret-key"
REQUEST = PlanningRequest((Message("read this aloud", artifacts=(SIGN.name,)),), (SIGN,), TYPES)


def read(task_id: str = "read") -> dict[str, Any]:
    return {"id": task_id, "type": "image-to-text", "inputs": {"image": {"artifact": "attachments/1"}}}


def speak(text: Any, task_id: str = "speak") -> dict[str, Any]:
    value = text if isinstance(text, dict) else {"text": text}
    return {"id": task_id, "type": "text-to-speech", "inputs": {"text": value}}


def output(task_id: str, name: str = "text") -> dict[str, Any]:
    return {"output": {"taskId": task_id, "output": name}}


def plan(*tasks: dict[str, Any], reason: str = "") -> str:
    return json.dumps({"tasks": tasks, "noTaskReason": reason})


VALID = plan(read(), speak(output("read")))
TASKS = (
    Task("read", "image-to-text", {"image": ArtifactRef(SIGN.name)}),
    Task("speak", "text-to-speech", {"text": OutputRef("read", "text")}),
)


@asynccontextmanager
async def planner_for(server: LLMServer, **options: Any) -> AsyncIterator[LLMPlanner]:
    model = LanguageModel(LanguageModelConfig(server.base_url, KEY, "scripted", **{"retry_count": 0, **options}))
    try:
        yield LLMPlanner(model)
    finally:
        await model.aclose()


async def planned(server: LLMServer, request: PlanningRequest = REQUEST, **options: Any) -> list[PlanItem]:
    async with planner_for(server, **options) as planner:
        return [item async for item in planner.plan(request)]


async def failed(server: LLMServer, **options: Any) -> OrchestrionError:
    with pytest.raises(OrchestrionError) as caught:
        await planned(server, **options)
    return caught.value


@pytest.mark.parametrize(
    "dress",
    [
        str,
        lambda text: f"```json\n{text}\n```",
        lambda text: f"Sure! Here is {{the plan}} you asked for:\n```\n{text}\n```\nI hope that helps {{}}.",
        lambda text: json.dumps(json.loads(text), indent=4),
        lambda text: json.dumps({"noTaskReason": "", "tasks": json.loads(text)["tasks"]}),
    ],
    ids=["bare", "fenced", "prose", "indented", "reason first"],
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


async def test_the_model_is_told_types_files_and_history() -> None:
    results = {"read": TaskResult("read", TaskState.SUCCEEDED, {"text": "No entry"})}
    turn = PastTurn(
        (Message("read this", artifacts=(SIGN.name,)),), Plan(TASKS[:1]), results, "It says so.", {SIGN.name: SIGN}
    )
    request = PlanningRequest((Message("say it again"),), (), TYPES, (turn,))
    again = read() | {"inputs": {"image": {"artifact": "earlier/1"}}}
    async with LLMServer([plan(again)]) as server:
        items = await planned(server, request)
    assert items[0] == TaskPlanned(TASKS[0])
    told = json.dumps(server.calls[0].body["messages"], ensure_ascii=False)
    for words in ("text-to-speech", "from 0.25 to 4", "[earlier/1: sign.png, image/png]", "No entry", "It says so."):
        assert words in told
    assert SIGN.name not in told.replace(f'\\"{SIGN.name}', "")  # Only inside the plan of that turn.


async def test_schema_is_of_the_task_types() -> None:
    async with LLMServer([VALID]) as server:
        await planned(server)
    body = server.calls[0].body["response_format"]["json_schema"]
    assert body["strict"] is True
    schema = body["schema"]
    types = [item["properties"]["type"]["const"] for item in schema["properties"]["tasks"]["items"]["anyOf"]]
    assert types == list(TYPES)
    assert '"enum": ["attachments/1"]' in json.dumps(schema)
    assert '"enum": ["longest", "shortest"]' in json.dumps(schema)
    check_strict(schema)


def check_strict(schema: Any) -> None:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is False
            assert set(schema["required"]) == set(schema["properties"])
        for item in schema.values():
            check_strict(item)
    elif isinstance(schema, list):
        for item in schema:
            check_strict(item)


async def test_choices_ranges_and_defaults_of_every_task_type_are_told() -> None:
    async with LLMServer([VALID]) as server:
        await planned(server)
        told = server.calls[0].body["messages"][0]["content"]
        schema = json.dumps(server.calls[0].body["response_format"]["json_schema"]["schema"])
    for task_type in TYPES.values():
        start = told.index(f"- {task_type.name}: {task_type.description}")
        for parameter in task_type.inputs:
            line = next(line for line in told[start:].splitlines() if line.startswith(f"    {parameter.name} ("))
            # Defaults are told in the descriptions ("0.5 when left out").
            assert line.endswith(parameter.description)
            assert ("optional" in line) is parameter.optional
            for bound in (parameter.minimum, parameter.maximum):
                assert bound is None or f"{bound:g}" in line.split("): ")[0]
            if parameter.choices:
                assert f"one of {', '.join(parameter.choices)}" in line
                assert f'"enum": {json.dumps(parameter.choices)}' in schema


async def test_a_text_file_may_be_planned_for_a_text() -> None:
    notes = Artifact("artifacts/" + "c" * 64, "text/plain", "notes.txt", 10)
    request = PlanningRequest((Message("say it", artifacts=(SIGN.name, notes.name)),), (SIGN, notes), TYPES)
    async with LLMServer([plan(speak({"artifact": "attachments/2"}))]) as server:
        items = await planned(server, request)
        body = server.calls[0].body
    assert items[-1] == PlanFinished(Plan((Task("speak", "text-to-speech", {"text": ArtifactRef(notes.name)}),)))
    assert "[attachments/2: notes.txt, text/plain, a text file: also a TEXT]" in body["messages"][-1]["content"]
    tasks = body["response_format"]["json_schema"]["schema"]["properties"]["tasks"]["items"]["anyOf"]
    speaking = next(task for task in tasks if task["properties"]["type"]["const"] == "text-to-speech")
    named = [
        choice["properties"]["artifact"]["enum"]
        for choice in speaking["properties"]["inputs"]["properties"]["text"]["anyOf"]
        if "artifact" in choice.get("properties", {})
    ]
    assert named == [["attachments/2"]]


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
        (plan(read(), speak({"number": 3})), "ILL_TYPED_INPUT"),
        (plan(read(), {"id": "speak", "type": "text-to-speech", "inputs": {"text": "hello"}}), "PLAN_INVALID"),
        (plan(read(), {"id": "speak", "type": "text-to-speech", "inputs": []}), "PLAN_INVALID"),
        (plan(read(), read()), "DUPLICATE_TASK_ID"),
        (plan({"id": "a", "type": "test-delay", "inputs": {"text": output("a")}}), "PLAN_CYCLE"),
        (plan(), "PLAN_INVALID"),
        (json.dumps({"tasks": ["read"]}), "PLAN_INVALID"),
        (json.dumps({"tasks": "read"}), "PLAN_INVALID"),
        ("I would first read the sign.", "PLAN_INVALID"),
        (VALID[:-20], "PLAN_INVALID"),
        (Reply(VALID, cut_after=150), "PLAN_INVALID"),
        (Reply(VALID[:150], finish_reason="length"), "PLAN_INVALID"),
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
    assert rejections[0].error.message in repair[-1]["content"]


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
    told = [
        item.task.id if isinstance(item, TaskPlanned) else f"-{item.task_id}"
        for item in items
        if isinstance(item, TaskPlanned | TaskRevoked)
    ]
    assert told == ["read", "greet", "count", "speak", "-greet", "-count", "-speak", "count", "speak"]


async def test_second_invalid_plan_ends_it() -> None:
    async with LLMServer([plan(read(), speak(output("a"))), plan(speak({"number": 1}))]) as server:
        error = await failed(server)
    assert error.reason == "PLAN_NOT_REPAIRED"
    assert error.metadata["invalid"] == "ILL_TYPED_INPUT"
    assert error.metadata["first_invalid"] == "UNKNOWN_REFERENCE"
    assert error.field == "plan.tasks[0].inputs.text"
    assert len(server.calls) == 2


@pytest.mark.parametrize("reply", [Reply(refusal="I cannot."), Reply("", finish_reason="content_filter")])
async def test_refusal(reply: Reply) -> None:
    async with LLMServer([reply]) as server:
        error = await failed(server)
    assert error.reason == "PLANNER_REFUSED"


@pytest.mark.parametrize(
    ("refuses", "formats"),
    [
        (["json_schema"], ["json_schema", "json_object"]),
        (["json_schema", "json_object"], ["json_schema", "json_object", ""]),
        (["stream_options"], ["json_schema", "json_schema"]),
    ],
)
async def test_what_an_endpoint_refuses_is_remembered(refuses: list[str], formats: list[str]) -> None:
    async with LLMServer([VALID, VALID], refuses=refuses) as server, planner_for(server) as planner:
        for _ in range(2):
            items = [item async for item in planner.plan(REQUEST)]
            assert items[-1] == PlanFinished(Plan(TASKS))
    assert [call.format for call in server.calls] == [*formats, formats[-1]]
    assert ("stream_options" in server.calls[-1].body) == ("stream_options" not in refuses)


@pytest.mark.parametrize(
    ("reply", "reason", "retry_after_ms"),
    [
        (Reply(status=429, headers={"retry-after": "7"}), "LLM_UNAVAILABLE", 7000),
        (Reply(status=429), "LLM_UNAVAILABLE", None),
        (Reply(status=503, headers={"retry-after-ms": "250"}), "LLM_UNAVAILABLE", 250),
        (Reply(status=400, error=f"the prompt is too long, {KEY}"), "LLM_UNAVAILABLE", None),
        (Reply(status=401, error=f"wrong key {KEY}"), "NOT_CONFIGURED", None),
        (Reply(status=404), "NOT_CONFIGURED", None),
        (Reply(VALID, drop_after=100), "LLM_UNAVAILABLE", None),
    ],
)
async def test_endpoint_in_trouble(reply: Reply, reason: str, retry_after_ms: int | None) -> None:
    async with LLMServer([reply]) as server:
        error = await failed(server)
    assert (error.reason, error.retry_after_ms) == (reason, retry_after_ms)


async def test_busy_endpoint_is_tried_again() -> None:
    busy = Reply(status=429, headers={"retry-after-ms": "10"})
    async with LLMServer([busy, busy, VALID]) as server:
        items = await planned(server, retry_count=2)
    assert items[-1] == PlanFinished(Plan(TASKS))


async def test_silent_and_missing_endpoints() -> None:
    async with LLMServer([Reply(VALID, delay_ms=60_000)]) as server:
        error = await failed(server, timeout_s=0.2)
        assert error.reason == "LLM_UNAVAILABLE"
        assert "silent" in error.message
    error = await failed(server)
    assert error.reason == "LLM_UNAVAILABLE"
    assert "reached" in error.message


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


async def test_key_is_told_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with LLMServer([Reply(status=400, error=f"no {KEY} here"), Reply(status=401, error=KEY)]) as server:
        errors = [await failed(server), await failed(server)]
        assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in "".join(error.message for error in errors)
    assert KEY not in caplog.text
    assert KEY not in repr(LanguageModelConfig(api_key=KEY))
