"""Requests of people: which plans are right, what a refusal names, and what is printed of it."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.requests import asking, plans, report
from benchmarks.requests.asking import FOLDER, AskedRequest, Outcome
from benchmarks.requests.gold import GoldPlan, GoldTask
from benchmarks.requests.judging import Judgement, Verdict, judge
from orchestrion import task_types
from orchestrion.plans import Plan, Task
from orchestrion.values import ArtifactRef, Json, OutputRef

READ_ALOUD = "s-en-02"
"A menu is read, and spoken."
TWO_OPTIONS = "s-en-12"
"A song gets 3 semitones lower, and quieter."
SENTIMENT = "s-en-15"
"Whether a review is positive, or which of two labels it has."
HALF_BEYOND = "b-en-07"
"A meeting is transcribed, and who said what is beyond every task type."


@pytest.fixture(scope="module")
def requests() -> Mapping[str, AskedRequest]:
    return {request.id: request for request in asking.load(FOLDER / "requests.jsonl")}


def planned(
    *tasks: tuple[str, Mapping[str, Any]], doubts: tuple[str, ...] = (), not_done: tuple[str, ...] = ()
) -> Outcome:
    """A plan, with values in the form of the gold plans."""
    steps = plans.from_json([{"type": task_type, "inputs": inputs} for task_type, inputs in tasks])
    return Outcome(8.0, steps, doubts, not_done=not_done)


def refused(message: str, reason: str = "REQUEST_BEYOND_PLANNER") -> Outcome:
    return Outcome(8.0, message=message, reason=reason)


def test_the_requests_are_of_types_and_files_that_there_are(requests: Mapping[str, AskedRequest]) -> None:
    assert len(requests) == 120
    assert Counter(bool(request.beyond) for request in requests.values()) == {False: 91, True: 29}
    for request in requests.values():
        assert all((FOLDER / "files" / name).is_file() for name in request.files), request.id
        assert all(task.type in task_types.load() for plan in request.golds for task in plan), request.id
        assert all(part in request.text for part in request.beyond), request.id


def test_a_plan_is_right_whatever_the_order_of_its_tasks(requests: Mapping[str, AskedRequest]) -> None:
    menu = {"image": {"from": "file:menu.jpg"}}
    outcome = planned(("text-to-speech", {"text": {"from": "task:1.text"}}), ("image-to-text", menu))
    assert judge(requests[READ_ALOUD], outcome).verdict is Verdict.RIGHT


def test_a_plan_is_right_with_what_changes_nothing(requests: Mapping[str, AskedRequest]) -> None:
    read = ("image-to-text", {"image": {"from": "file:menu.jpg"}, "language": "en"})
    speak = {"text": {"from": "task:0.text"}, "speed": 1}
    assert judge(requests[READ_ALOUD], planned(read, ("text-to-speech", speak))).verdict is Verdict.RIGHT
    faster = judge(requests[READ_ALOUD], planned(read, ("text-to-speech", {**speak, "speed": 2})))
    assert faster.verdict is Verdict.WRONG
    assert faster.difference
    assert (faster.difference.kind, faster.difference.detail) == ("another value", "text-to-speech.speed=2")


def test_two_sound_changes_are_one_with_both_options(requests: Mapping[str, AskedRequest]) -> None:
    lower = ("audio-to-audio", {"audio": {"from": "file:song.flac"}, "pitch_semitones": -3})
    quieter = ("audio-to-audio", {"audio": {"from": "task:0.audio"}, "gain_db": -6})
    assert judge(requests[TWO_OPTIONS], planned(lower, quieter)).verdict is Verdict.RIGHT
    assert judge(requests[TWO_OPTIONS], planned(lower)).verdict is Verdict.WRONG
    # Something else that hears what lies between keeps them apart.
    hears = ("automatic-speech-recognition", {"audio": {"from": "task:0.audio"}})
    assert judge(requests[TWO_OPTIONS], planned(lower, quieter, hears)).verdict is Verdict.WRONG


def test_a_list_of_files_is_a_task_for_each(requests: Mapping[str, AskedRequest]) -> None:
    request = dataclasses.replace(requests[READ_ALOUD], golds=_read_both())
    both = [{"from": "file:page1.png"}, {"from": "file:page2.png"}]
    assert judge(request, planned(("image-to-text", {"image": both}))).verdict is Verdict.RIGHT
    one = judge(request, planned(("image-to-text", {"image": both[:1]})))
    assert one.difference
    assert one.difference.kind == "dropped a part"


def test_the_nearest_of_several_gold_plans_says_what_is_wrong(requests: Mapping[str, AskedRequest]) -> None:
    text = "The soup was cold and the waiter could not care less."
    labels = {"text": text, "labels": ["Negative", "positive"]}
    assert judge(requests[SENTIMENT], planned(("zero-shot-classification", labels))).verdict is Verdict.RIGHT
    emotion = judge(requests[SENTIMENT], planned(("text-classification", {"text": text, "domain": "emotion"})))
    assert emotion.difference
    assert emotion.difference.detail == "text-classification.domain='emotion'"
    other = judge(requests[SENTIMENT], planned(("summarization", {"text": text})))
    assert other.difference
    assert other.difference.kind == "another task"


@pytest.mark.parametrize(
    ("message", "named", "sharply"),
    [
        ("`mark who said what` is nothing that can be done.", True, True),
        ("Nothing does “who said what”. It can plan: `transcribe meeting.ogg`.", True, True),
        ("`Transcribe meeting.ogg and mark who said what` is too much.", True, True),
        ("`Transcribe meeting.ogg and mark` is too much.", False, False),
        ("That is beyond me. It can plan: `mark who said what`.", False, False),
    ],
)
def test_a_refusal_names_what_cannot_be_met(
    requests: Mapping[str, AskedRequest], message: str, named: bool, sharply: bool
) -> None:
    judgement = judge(requests[HALF_BEYOND], refused(message))
    assert judgement.verdict is Verdict.REFUSED_RIGHTLY
    assert judgement.naming
    assert (judgement.naming.named, judgement.naming.sharply) == (named, sharply)


def test_scripts_without_spaces_are_named_by_pairs_of_characters(requests: Mapping[str, AskedRequest]) -> None:
    request = requests["b-zh-01"]  # Reads a text aloud, and sends it to WeChat.
    wechat, aloud = judge(request, refused("我不能“发到微信”。")), judge(request, refused("我不能“读出来”。"))
    assert wechat.naming
    assert wechat.naming.named
    assert aloud.naming
    assert not aloud.naming.named


def test_half_a_request_done_without_a_word_is_neither_right_nor_refused(
    requests: Mapping[str, AskedRequest],
) -> None:
    hears = ("automatic-speech-recognition", {"audio": {"from": "file:meeting.ogg"}})
    silent = judge(requests[HALF_BEYOND], planned(hears))
    assert (silent.verdict, silent.naming) == (Verdict.PLANNED, None)
    warned = judge(requests[HALF_BEYOND], planned(hears, doubts=("`mark who said what` is left out.",)))
    assert warned.verdict is Verdict.PLANNED
    assert warned.naming
    assert warned.naming.named


@pytest.mark.parametrize(
    ("not_done", "runs_partial", "verdict"),
    [
        (("mark who said what",), True, Verdict.PARTLY),
        (("mark who said what",), False, Verdict.PLANNED),
        (("Transcribe meeting.ogg",), True, Verdict.PLANNED),
        ((), True, Verdict.PLANNED),
    ],
    ids=["named", "built-in planner", "something else is named", "silent"],
)
def test_half_a_request_is_right_where_such_plans_run_and_the_other_half_is_named(
    requests: Mapping[str, AskedRequest], not_done: tuple[str, ...], runs_partial: bool, verdict: Verdict
) -> None:
    hears = ("automatic-speech-recognition", {"audio": {"from": "file:meeting.ogg"}})
    judgement = judge(requests[HALF_BEYOND], planned(hears, not_done=not_done), runs_partial=runs_partial)
    assert judgement.verdict is verdict
    assert judgement.is_good == (verdict is Verdict.PARTLY)


def test_what_no_part_of_can_be_done_is_not_planned_in_part(requests: Mapping[str, AskedRequest]) -> None:
    crop = requests["b-en-19"]
    grey = ("image-to-image", {"image": {"from": f"file:{crop.files[0]}"}, "operation": "greyscale"})
    judgement = judge(crop, planned(grey, not_done=("crop this to a square",)), runs_partial=True)
    assert judgement.verdict is Verdict.PLANNED


def test_a_whole_plan_that_is_told_as_half_is_wrong(requests: Mapping[str, AskedRequest]) -> None:
    menu = ("image-to-text", {"image": {"from": "file:menu.jpg"}})
    speak = ("text-to-speech", {"text": {"from": "task:0.text"}})
    judgement = judge(requests[READ_ALOUD], planned(menu, speak, not_done=("aloud",)), runs_partial=True)
    assert judgement.verdict is Verdict.WRONG
    assert judgement.difference
    assert judgement.difference.kind == "told as partly done"


def test_what_can_be_planned_is_refused_wrongly_and_a_lost_connection_is_no_refusal(
    requests: Mapping[str, AskedRequest],
) -> None:
    assert judge(requests[READ_ALOUD], refused("No.")).verdict is Verdict.REFUSED
    assert judge(requests[READ_ALOUD], refused("Nothing to do.", "NO_TASKS")).verdict is Verdict.REFUSED
    for request in (requests[READ_ALOUD], requests[HALF_BEYOND]):
        assert judge(request, refused("The controller is away.", "UNAVAILABLE")).verdict is Verdict.ERROR


def test_a_plan_is_read_by_the_names_of_the_files_and_the_places_of_the_tasks() -> None:
    tasks = (
        Task("read", "image-to-text", {"image": (ArtifactRef("artifacts/1"), ArtifactRef("artifacts/2"))}),
        Task("say", "text-to-speech", {"text": OutputRef("read", "text", 1), "speed": 1.5}),
        Task("ask", "tabular-classification", {"row": Json({"b": [1], "a": None})}),
    )
    steps = plans.of_plan(Plan(tasks), {"artifacts/1": "page1.png"})
    written = [
        {"type": "image-to-text", "inputs": {"image": [{"from": "file:page1.png"}, {"from": "file:artifacts/2"}]}},
        {"type": "text-to-speech", "inputs": {"text": {"from": "task:0.text", "index": 1}, "speed": 1.5}},
        {"type": "tabular-classification", "inputs": {"row": {"json": '{"a": null, "b": [1]}'}}},
    ]
    assert plans.to_json(steps) == written
    assert plans.from_json(json.loads(json.dumps(written))) == steps


def test_the_tables_have_libraries_languages_and_what_is_beyond(judgements: Sequence[Judgement]) -> None:
    rows = {line.split("  ")[0] or line.split()[0]: line.split()[1:] for line in report.lines(judgements) if line}
    assert rows["starter"] == ["2", "1", "0", "1", "0", "50", "8", "ms"]
    assert rows["beyond"] == ["2", "1", "1", "1", "0", "1", "0", "50", "8", "ms"]
    assert rows["total"] == ["4", "2", "50", "8", "ms"]


def test_requests_are_shown_by_verdict(judgements: Sequence[Judgement]) -> None:
    assert list(report.shown(judgements, ["planned"])) == [
        "b-en-07 planned: Transcribe meeting.ogg and mark who said what.  [meeting.ogg]",
        "      automatic-speech-recognition",
    ]
    assert len(list(report.shown(judgements, ["all"]))) == 8
    assert list(report.shown(judgements, [""])) == []


def test_a_report_is_judged_again_to_the_same_verdicts(
    requests: Mapping[str, AskedRequest], judgements: Sequence[Judgement]
) -> None:
    again = report.judged_again(json.loads(json.dumps(report.to_json(judgements))), list(requests.values()))
    assert again == judgements


def test_a_line_that_is_no_request_is_named(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text('\n{"id": "1", "lang": "en", "library": "starter", "request": "Hi", "files": []}\n', "utf-8")
    with pytest.raises(ValueError, match=r"requests\.jsonl:2: .*neither an acceptable plan"):
        asking.load(path)


@pytest.fixture(scope="module")
def judgements(requests: Mapping[str, AskedRequest]) -> Sequence[Judgement]:
    """One of each: right, refused, refused rightly, and planned as if what cannot be met were not there."""
    read = ("image-to-text", {"image": {"from": "file:menu.jpg"}})
    hears = ("automatic-speech-recognition", {"audio": {"from": "file:meeting.ogg"}})
    return [
        judge(requests[READ_ALOUD], planned(read, ("text-to-speech", {"text": {"from": "task:0.text"}}))),
        judge(requests[SENTIMENT], refused("No.")),
        judge(requests["b-en-19"], refused("Nothing here can `crop`.")),
        judge(requests[HALF_BEYOND], planned(hears)),
    ]


def _read_both() -> tuple[GoldPlan, ...]:
    files = ("page1.png", "page2.png")
    return (tuple(GoldTask("image-to-text", {"image": {"from": f"file:{name}"}}) for name in files),)
