"""What is wrong with a plan: all of it at once, in words that its author can act on."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from orchestrion.errors import Reason
from orchestrion.runs import Artifact
from orchestrion_controller.planner.llm.notation import PlanNames, fault_lines
from tests.starter import TASK_TYPES as STARTER
from tests.unit.controller.planner.llm.replies import NAMES, STATION, outcome, plan, task

READ = task("image-to-text", "read", image="$1")


def test_every_fault_of_a_reply_is_told_each_with_its_task_and_its_input() -> None:
    reply = plan(
        task("image-to-text", "read", image="station2.jpg"),
        task("ocr", "scan", image="$1"),
        task("text-to-speech", "loud", text="$1", speed="fast", volume=3),
        task("text-to-speech", "mute"),
        task("text-to-speech", "mixed", text="It says: $read.text"),
        task("text-selection", "pick", texts="$read.txt", criterion="nicest"),
        task("translation", "lost", text="$raed.text", language="fr"),
        {"id": "typeless", "inputs": {"text": "$read.text"}},
        task("text-to-speech", "after", text="$typeless.text"),
        task("text-to-speech", "mute", text="a"),
        task("test-delay", "x", text="$y.text"),
        task("test-delay", "y", text="$x.text"),
    )
    read = outcome(reply)
    assert Counter(read.reasons) == Counter(
        [
            ("UNKNOWN_INPUT", "loud"),
            ("ILL_TYPED_INPUT", "loud"),
            ("ILL_TYPED_INPUT", "loud"),
            ("UNKNOWN_REFERENCE", "lost"),
            ("ILL_TYPED_INPUT", "mixed"),
            ("MISSING_INPUT", "mute"),
            ("DUPLICATE_TASK_ID", "mute"),
            ("ILL_TYPED_INPUT", "pick"),
            ("UNKNOWN_REFERENCE", "pick"),
            ("ILL_TYPED_INPUT", "read"),
            ("UNKNOWN_TASK_TYPE", "scan"),
            ("PLAN_INVALID", "typeless"),
            ("PLAN_CYCLE", "y"),
        ]
    )
    lines = fault_lines(read.faults).splitlines()
    assert len(lines) == 13
    assert "- task `mixed`, input `text`: " in "\n".join(lines)
    for line in lines:
        # No word of protobuf, of Python or of a JSON parser, and nothing that a model could not do.
        assert not re.search(r"dict|str object|NoneType|proto|Json|Expecting|orchestrion tasks|upload|Attach", line)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"tasks":[{"id":"a","type":"image-to-text","inputs":{"image" "$1"}},%s]}', "a colon and a value are missing"),
        ('{"tasks":[{"id":"a","type":"image-to-text","inputs":{"image":}},%s]}', "`image` has no value"),
        ('{"tasks":[{"id":"a","type":"image-to-text","inputs":{:"$1"}},%s]}', "stands where a name"),
        ('{"tasks":[{"id":"a","type":"image-to-text","inputs":“$1”},%s]}', "`“` has no meaning"),
        ('{"tasks":["read the sign",%s]}', "Task 1 is no object"),
        ('{"tasks":[{"id":"a","inputs":{}},%s]}', "Task 1 has no `type`"),
        ('{"tasks":[{"id":"a","type":"image-to-text","inputs":"$1"},%s]}', "`inputs` that are no object"),
    ],
)
def test_of_a_task_that_cannot_be_read_the_others_are(text: str, words: str) -> None:
    read = outcome(text % '{"id":"read","type":"image-to-text","inputs":{"image":"$1"}}')
    assert [one.id for one in read.tasks] == ["read"]
    assert [fault.reason for fault in read.faults] == ["PLAN_INVALID"]
    assert words in read.faults[0].message
    assert read.faults[0].field == "plan.tasks[0]"


def test_a_name_that_stands_there_twice_is_asked_about_unless_it_says_the_same() -> None:
    twice = '{"tasks":[{"id":"it","type":"text-to-speech","inputs":{"text":"a","text":"b","speed":1,"Speed":1}}]}'
    read = outcome(twice)
    assert read.reasons == [("ILL_TYPED_INPUT", "it")]
    assert "2 times with different values" in read.faults[0].message
    assert outcome(twice.replace('"b"', '"a"')).faults == ()


@pytest.mark.parametrize(
    ("name", "alike"),
    [
        ("ocr", "image-to-text"),
        ("speech-synthesis", "text-to-speech"),
        ("speak", "text-to-speech"),
        ("sentiment-analysis", "text-classification"),
        ("transcribe", "automatic-speech-recognition"),
        ("summarize", "summarization"),
    ],
)
def test_for_a_type_that_there_is_not_those_are_named_that_do_the_like(name: str, alike: str) -> None:
    (fault,) = outcome(plan(task(name, x="$1")), types=STARTER).faults
    assert fault.reason == Reason.UNKNOWN_TASK_TYPE.name
    assert f"`{alike}`" in fault.message
    assert "not_done" in fault.message
    assert fault.message.count("`") <= 2 * 5


def test_where_nothing_does_the_like_that_is_said() -> None:
    (fault,) = outcome(plan(task("xyzzy", x="$1"))).faults
    assert "None of the" in fault.message
    assert "not_done" in fault.message


def test_what_makes_the_text_of_a_file_is_named() -> None:
    (fault,) = outcome(plan(task("text-to-speech", text="$1"))).faults
    assert "put `image-to-text` before it, and refer to the output `text`" in fault.message
    (fault,) = outcome(plan(task("text-to-speech", text="$3"))).faults
    assert "`automatic-speech-recognition`" in fault.message
    film = Artifact("artifacts/" + "e" * 64, "application/zip", "film.zip", 10)
    (fault,) = outcome(plan(task("text-to-speech", text="$1")), PlanNames((film,)), STARTER).faults
    assert "nothing here makes TEXT of DOCUMENT" in fault.message


def test_for_an_input_that_is_missing_what_can_give_it_is_named() -> None:
    (fault,) = outcome(plan(task("image-to-text")), PlanNames((STATION,))).faults
    assert "`$1` (station.jpg)" in fault.message
    (fault,) = outcome(plan(task("text-to-speech")), PlanNames((STATION,)), STARTER).faults
    assert "`image-to-text` makes one of `$1`" in fault.message
    (fault,) = outcome(plan(task("image-to-text")), PlanNames()).faults
    assert "the request has no such file" in fault.message
    (fault,) = outcome(plan(task("text-selection", texts=["a"])), NAMES).faults
    assert "`longest`" in fault.message


@pytest.mark.parametrize(
    ("reply", "cut", "words"),
    [
        ('{"tasks":[{"id":"a","type":"image-to-te', False, "breaks off after 0 tasks"),
        (plan(READ)[:-2] + ',{"id":"b","type":"x","inputs":{"t":"', False, "breaks off after 1 tasks"),
        (plan(READ)[:-1], True, "cut off after 1 tasks"),
        (plan(READ)[:-2] + ", … and so on", False, "`…` has no meaning"),
        (
            '{"tasks":[{"id":"read","type":"image-to-text","inputs":{"image":"$1"}}}],"x":1} ,"y":2}',
            False,
            "do not match",
        ),
        ("", True, "holds no plan"),
        ('{"id":"read","type":"image-to-text","inputs":{"image":"$1', False, "breaks off after 0 tasks"),
        (json.dumps(READ) + '\n{"id":"say","type":"text-to-speech","inputs":{"text":"$re', False, "off after 1 tasks"),
    ],
)
def test_a_plan_that_is_not_whole_is_told_as_such(reply: str, cut: bool, words: str) -> None:
    read = outcome(reply, cut=cut)
    assert words in fault_lines(read.faults)


def test_neither_tasks_nor_a_reason_is_no_plan() -> None:
    (fault,) = outcome('{"tasks":[]}').faults
    assert "no_task_reason" in fault.message
