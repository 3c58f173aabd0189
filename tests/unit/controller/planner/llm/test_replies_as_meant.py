"""A plan is read however its JSON, its names and what stands around it are written: a table for each kind."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from orchestrion.plans import Task
from orchestrion.refusals import NotDone
from orchestrion.values import ArtifactRef, JsonData, OutputRef
from tests.unit.controller.planner.llm.replies import STATION, outcome, plan, task

READ = Task("read", "image-to-text", {"image": ArtifactRef(STATION.name)})
SAY = Task("say", "text-to-speech", {"text": OutputRef("read", "text"), "speed": 0.8})
READING = {"id": "read", "type": "image-to-text", "inputs": {"image": "$1"}}
SAYING = {"id": "say", "type": "text-to-speech", "inputs": {"text": "$read.text", "speed": 0.8}}
REPLY = plan(READING, SAYING)

R = '{"id":"read","type":"image-to-text","inputs":{"image":"$1"}}'
S = '{"id":"say","type":"text-to-speech","inputs":{"text":"$read.text","speed":0.8}}'


@pytest.mark.parametrize(
    "reply",
    [
        f'{{"tasks":[{R},{S}]}}',
        f'{{"tasks":[{R},{S},],}}',
        f'{{"tasks":[{R},,{S}]}}',
        f'{{"tasks":[{R}\n{S}]}}',
        f'{{"tasks":[{R} {S}] "no_task_reason": ""}}',
        f'{{"tasks":[\n  // first read: {{"id"}}\n  {R}, # then, "speak"\n  /* it\'s\n ]}} */ {S}\n]}} // done',
        repr(json.loads(REPLY)),
        repr(json.loads(REPLY) | {"last": None, "sure": True}),
        "{tasks: [{id: read, type: image-to-text, inputs: {image: $1}}, "
        "{id: say, type: text-to-speech, inputs: {text: $read.text, speed: 0.8}}]}",
        json.dumps(json.loads(REPLY), indent=4),
        "\ufeff" + REPLY,
        # Brackets that are missing, or too many.
        f'{{"tasks":[{R},{S}]',
        f'{{"tasks":[{R},{S}',
        f'{{"tasks":[{R},{S[:-1]}',
        f'{{"tasks":[{R},{S[:-2]}',
        f'{{"tasks":[{R[:-1]},{S}]}}'.replace('"$1"},', '"$1"}},'),
        f'{{"tasks":[{R},{S[:-1]}]}}',
        f'{{"tasks":[{R},{S}]}}}}',
        f'{{"tasks":[{R}}},{S}]}}',
        f'{{"tasks":[{R}],"tasks":[{S}]}}',
        f"```json\n{REPLY[:-2]}\n```\nThat is it.",
    ],
)
def test_json_that_is_almost_json(reply: str) -> None:
    read = outcome(reply)
    assert read.faults == ()
    assert read.tasks == (READ, SAY)
    assert read.closed


@pytest.mark.parametrize(
    "text",
    [
        "Mind the step\nand the door",
        "a\tb",
        'She said "no" and left',
        '"Go!" he said',
        "it's Anna's",
        "C:\\new\\photos and \\d+",
        "“curly” ‘quotes’",
        "// no comment # at all /* here */",
        "https://example.org/a#b",
        "[brackets} {everywhere]",
        "\\u0041 is A, \\ud83d\\ude00 smiles",
        "👋🏽 שלום",
    ],
)
def test_texts_with_what_their_quotation_marks_should_have_kept_out(text: str) -> None:
    raw = f'{{"tasks":[{{"id":"say","type":"text-to-speech","inputs":{{"text":"{text}","speed":2}}}}]}}'
    meant = text.replace("\\new", "\new").replace("\\u0041", "A").replace("\\ud83d\\ude00", "😀")
    assert outcome(raw).tasks == (Task("say", "text-to-speech", {"text": meant, "speed": 2.0}),)
    assert outcome(plan(task("text-to-speech", "say", text=text))).tasks[0].inputs == {"text": text}
    assert outcome(repr({"tasks": [task("text-to-speech", "say", text=text)]})).tasks[0].inputs == {"text": text}


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: f"```json\n{text}\n```",
        lambda text: f"Sure! Here is {{the plan}} you asked for [1]:\n```\n{text}\n```\nI hope that helps {{}}.",
        lambda text: f'<think>First {{"tasks":[nothing]}}? No: {plan(SAYING)}</think>\n{text}',
        lambda text: f"<thinking>\n{plan(SAYING)}\n</thinking>{text}",
        lambda text: f"<reasoning effort='low'>{plan(SAYING)}</reasoning>{text}",
        lambda text: f"[THINK]{plan(SAYING)}[/THINK]{text}",
        lambda text: (
            f"<|channel|>analysis<|message|>{plan(SAYING)}<|end|><|start|>assistant<|channel|>final<|message|>{text}"
        ),
        lambda text: f"<|channel|>analysis {plan(SAYING)} <|message|>{text}".replace("<|message|>", "<|end|>"),
        lambda text: f"So I say it: {plan(SAYING)}. Or read first?</think>{text}",
        lambda text: f'So {{"tasks":[{R}, … </think>{text}',
        lambda text: f"<tool_call>{text}</tool_call>",
        lambda text: f"Plan:\n{text}\n\nThe task {R} reads the picture.",
        lambda text: json.dumps({"plan": json.loads(text)}),
        lambda text: json.dumps({"thought": "Read [1], then speak.", **json.loads(text)}),
        lambda text: json.dumps({"not_done": [], "no_task_reason": "", **json.loads(text)}),
    ],
)
def test_what_stands_around_a_plan_is_passed_over(dress: Callable[[str], str]) -> None:
    read = outcome(dress(REPLY))
    assert read.faults == ()
    assert read.tasks == (READ, SAY)


@pytest.mark.parametrize(
    "reply",
    [
        f"[{R},{S}]",
        f"```json\n[{R},{S}]\n```",
        f"{R}\n{S}",
        f"1. {R}\n2. {S}",
        f'{{"steps":[{R},{S}]}}',
        json.dumps({"tasks": f"[{R},{S}]"}),
        json.dumps(
            {"tasks": {"read": {**READING, "id": "read"}, "say": {key: SAYING[key] for key in ("type", "inputs")}}}
        ),
        '[{"task":"image-to-text","id":"read","dep":[-1],"args":{"image":"station.jpg"}},'
        '{"task":"text-to-speech","id":"say","dep":["read"],"args":{"text":"$read","speed":"0.8"}}]',
    ],
)
def test_tasks_without_the_object_around_them(reply: str) -> None:
    read = outcome(reply)
    assert read.faults == ()
    assert read.tasks == (READ, SAY)


def test_one_task_alone() -> None:
    assert outcome(R).tasks == (READ,)
    assert outcome(f"I would do {R}.").tasks == (READ,)
    assert outcome('{"tasks":' + R + "}").tasks == (READ,)


def test_the_plans_of_hugging_gpt() -> None:
    read = outcome(
        '[{"task": "image-to-text", "id": 0, "dep": [-1], "args": {"image": "/images/station.jpg"}}, '
        '{"task": "text-to-speech", "id": 1, "dep": [0], "args": {"text": "<GENERATED>-0"}}]'
    )
    assert read.faults == ()
    assert read.tasks == (
        Task("0", "image-to-text", {"image": ArtifactRef(STATION.name)}),
        Task("1", "text-to-speech", {"text": OutputRef("0", "text")}),
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "read", "type": "Image-to-Text", "inputs": {"image": "$1"}},
        {"id": "read", "type": "image_to_text", "inputs": {"Image": "$1"}},
        {"id": "read", "type": "imageToText", "inputs": {"image": "$1"}},
        {"id": "read", "type": "image to text", "inputs": {"IMAGE": "$1"}},
        {"inputs": {"image": "$1"}, "type": "image-to-text", "id": "read"},
        {"id": "read", "task": "image-to-text", "args": {"image": "$1"}},
        {"id": "read", "task_type": "image-to-text", "arguments": {"image": "$1"}},
        {"id": "read", "taskType": "image-to-text", "parameters": {"image": "$1"}},
        {"id": "read", "tool": "image-to-text", "input": {"image": "$1"}},
        {"id": "read", "name": "image-to-text", "arguments": '{"image": "$1"}'},
        {"name": "read", "type": "image-to-text", "inputs": {"image": "$1"}},
        {"task_id": "read", "type": "image-to-text", "inputs": [{"name": "image", "value": "$1"}]},
        {"id": "read", "type": "image-to-text", "image": "$1"},
        {"id": "read", "type": "image-to-text", "inputs": {"image": "$1"}, "dep": [], "reason": "It is a sign."},
        {"id": "read", "description": "reads", "type": "image-to-text", "inputs": {"image": "$1", "domain": None}},
    ],
)
def test_names_and_keys_of_a_task(changed: JsonData) -> None:
    read = outcome(plan(changed, SAYING))
    assert read.faults == ()
    assert read.tasks == (READ, SAY)


def test_numbers_for_ids_and_none_at_all() -> None:
    numbered = [
        {**READING, "id": 4},
        {**SAYING, "id": 5, "inputs": {"text": {"output": {"taskId": 4, "output": "text"}}}},
    ]
    assert [one.id for one in outcome(plan(*numbered)).tasks] == ["4", "5"]
    unnamed = {"type": "image-to-text", "inputs": {"image": "$1"}}
    read = outcome(plan(unnamed, unnamed, task("text-to-speech", "say", text="$image-to-text-2.text")))
    assert read.faults == ()
    assert [one.id for one in read.tasks] == ["image-to-text", "image-to-text-2", "say"]


def test_a_reference_may_come_before_its_task_and_is_read_when_that_is_there() -> None:
    read = outcome(plan(SAYING, READING))
    assert read.faults == ()
    assert {one.id for one in read.tasks} == {"read", "say"}
    assert {one.id: one for one in read.tasks}["say"] == SAY


@pytest.mark.parametrize(
    ("reply", "reason", "not_done"),
    [
        ('{"tasks":[],"no_task_reason":"A greeting."}', "A greeting.", ()),
        ('{"tasks":[],"noTaskReason":"A greeting."}', "A greeting.", ()),
        ('{"no_task_reason":"A greeting.","tasks":[]}', "A greeting.", ()),
        ('{"no_task_reason":"A greeting."}', "A greeting.", ()),
        ('{"tasks":null,"not_done":null,"no_task_reason":"A greeting."}', "A greeting.", ()),
        (
            '{"tasks":[],"not_done":[{"words":"mail it","why":"Nothing mails."}]}',
            "Nothing mails.",
            (NotDone("mail it", "Nothing mails."),),
        ),
        ('{"tasks":[],"notDone":["Nothing mails."]}', "Nothing mails.", (NotDone("", "Nothing mails."),)),
        (
            f'{{"tasks":[{R}],"not_done":[{{"words":"mail it","why":"Nothing mails."}}]}}',
            "",
            (NotDone("mail it", "Nothing mails."),),
        ),
        (f'{{"tasks":[{R}],"not_done":"Nothing mails."}}', "", (NotDone("", "Nothing mails."),)),
        (
            '{"tasks":[],"not_done":["One."],"not_done":["Two."]}',
            "One. Two.",
            (NotDone("", "One."), NotDone("", "Two.")),
        ),
        # With tasks, it is the reason for what they leave out.
        (f'{{"tasks":[{R}],"no_task_reason":"Nothing mails."}}', "", (NotDone("", "Nothing mails."),)),
    ],
)
def test_what_a_plan_leaves_out(reply: str, reason: str, not_done: tuple[NotDone, ...]) -> None:
    read = outcome(reply)
    assert read.faults == ()
    assert (read.no_task_reason, read.not_done) == (reason, not_done)


@pytest.mark.parametrize(
    ("reply", "tasks", "draft"),
    [
        (f"Draft:\n{plan(READING)}\nFinal plan:\n{REPLY}", (READ, SAY), 1),
        (f"{REPLY}\nOr shorter:\n{plan(READING)}", (READ,), 1),
        (f"{plan(READING)}{plan(SAYING)}{REPLY}", (READ, SAY), 2),
        (f'{REPLY} In short: {{"tasks":[]}}', (READ, SAY), 0),
        (f'The form is {{"tasks":[...]}}. {REPLY} As I said, {{"tasks":[...]}} or {{"tasks":[…]}}.', (READ, SAY), 0),
        # The last one that is whole.
        (f"{REPLY}\nOr: {plan(READING)[:30]}", (READ, SAY), 0),
        (f"{REPLY}\nOr: {plan(READING, SAYING)[:-50]}", (READ, SAY), 2),
        (f'{REPLY}\nNo: {{"tasks":[],"no_task_reason":"Nothing."}}', (), 1),
        (f"{R} or rather {R}", (READ,), 1),
    ],
)
def test_of_several_plans_the_last_whole_one_counts(reply: str, tasks: tuple[Task, ...], draft: int) -> None:
    read = outcome(reply)
    assert read.faults == ()
    assert read.tasks == tasks
    assert read.draft == draft


@pytest.mark.parametrize(
    "reply",
    ["", "I would read the sign.", "{}", "[]", '{"a": 1}', "[[[[", "{{{{", '{"id": "x"}', "[1, 2]", "Use {x} [y]."],
)
def test_prose_is_no_plan(reply: str) -> None:
    read = outcome(reply)
    assert not read.has_plan
    assert [fault.reason for fault in read.faults] == ["PLAN_INVALID"]
    assert "holds no plan" in read.faults[0].message
