from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion import task_types
from orchestrion._codec import codec
from orchestrion.errors import OrchestrionError
from orchestrion.plans import Plan, Task
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, Json, OutputRef, Value
from orchestrion_controller.plans.rules import PlanChecker, check

TYPES = task_types.load()
SIGN = Artifact("artifacts/" + "a" * 64, "image/png", "sign.png", 10)
SOUND = Artifact("artifacts/" + "b" * 64, "audio/wav", "bell.wav", 10)
NOTES = Artifact("artifacts/" + "c" * 64, "text/plain; charset=utf-8", "notes.txt", 10)
DATA = Artifact("artifacts/" + "d" * 64, "application/json", "data.json", 10)


def read(task_id: str = "read", image: Value = ArtifactRef("attachments/1")) -> Task:  # noqa: B008
    return Task(task_id, "image-to-text", {"image": image})


def speak(text: Value, task_id: str = "speak", **options: Value) -> Task:
    return Task(task_id, "text-to-speech", {"text": text, **options})


def compare(text: Value, other: Value) -> Task:
    return Task("compare", "sentence-similarity", {"text": text, "other": other})


def choose(texts: Value, criterion: Value = "longest") -> Task:
    return Task("choose", "text-selection", {"texts": texts, "criterion": criterion})


def checked(*tasks: Task, reason: str = "") -> Plan:
    return check(Plan(tasks, reason), TYPES, [SIGN, SOUND])


def test_attachments_become_artifacts_and_nothing_else_changes() -> None:
    plan = checked(read(), speak(OutputRef("read", "text"), speed=0.5))
    assert plan.tasks == (read(image=ArtifactRef(SIGN.name)), speak(OutputRef("read", "text"), speed=0.5))


def test_a_text_file_is_given_to_a_text_input_by_itself_and_in_lists() -> None:
    one, two = ArtifactRef(NOTES.name), ArtifactRef(DATA.name)
    tasks = (
        speak(ArtifactRef("attachments/1"), "a"),
        speak((ArtifactRef("attachments/1"), "plain words"), "b"),
        choose((ArtifactRef("attachments/2"), one)),
        compare(one, two),
    )
    plan = check(Plan(tasks), TYPES, [NOTES, DATA])
    assert [task.inputs for task in plan.tasks] == [
        {"text": one},
        {"text": (one, "plain words")},
        {"texts": (two, one), "criterion": "longest"},
        {"text": one, "other": two},
    ]


def test_a_text_file_is_no_choice_no_number_and_no_picture() -> None:
    for task, words in (
        (choose(("a", "b"), ArtifactRef("attachments/1")), "`criterion` takes TEXT"),
        (speak("a", speed=ArtifactRef("attachments/1")), "`speed` takes NUMBER"),
        (read(), "give image/"),
    ):
        with pytest.raises(OrchestrionError, match=words) as caught:
            check(Plan((task,)), TYPES, [NOTES])
        assert caught.value.reason == "ILL_TYPED_INPUT"


@pytest.mark.parametrize("media_type", ["image/png", "audio/wav", "application/pdf", "application/octet-stream", ""])
def test_what_is_no_text_file_is_refused_with_what_would_do(media_type: str) -> None:
    attached = Artifact("artifacts/" + "e" * 64, media_type, "thing", 10)
    with pytest.raises(OrchestrionError, match=r"give a text file \(text/\*, application/json\)") as caught:
        check(Plan((speak(ArtifactRef("attachments/1")),)), TYPES, [attached])
    assert (caught.value.reason, caught.value.field) == ("ILL_TYPED_INPUT", "plan.tasks[0].inputs.text")


def test_task_may_refer_to_a_later_one() -> None:
    assert len(checked(speak(OutputRef("read", "text")), read()).tasks) == 2


def test_lists_unfold_and_can_be_taken_apart() -> None:
    both = read(image=(ArtifactRef("attachments/1"), ArtifactRef(SIGN.name)))
    parts = (OutputRef("read", "text", 0), OutputRef("read", "text", 1))
    checked(both, compare(*parts), choose(OutputRef("read", "text")), speak(OutputRef("read", "text")))
    checked(both, choose(parts))


def test_plan_without_tasks_has_a_reason() -> None:
    assert checked(reason="a greeting").no_task_reason == "a greeting"


READ_LIST = read(image=(ArtifactRef("attachments/1"), ArtifactRef("attachments/1")))


@pytest.mark.parametrize(
    ("tasks", "reason", "field", "words"),
    [
        ([], "PLAN_INVALID", "plan.no_task_reason", "noTaskReason"),
        ([read("a b")], "PLAN_INVALID", "plan.tasks[0].id", "letters"),
        ([read(""), read("")], "PLAN_INVALID", "plan.tasks[0].id", "letters"),
        ([read(), read()], "DUPLICATE_TASK_ID", "plan.tasks[1].id", "rename"),
        ([Task("t", "image-to-txt", {})], "UNKNOWN_TASK_TYPE", "plan.tasks[0].type", "`image-to-text`"),
        ([Task("t", "text-to-sound", {})], "UNKNOWN_TASK_TYPE", "plan.tasks[0].type", "`text-to-audio`"),
        ([Task("t", "dance", {})], "UNKNOWN_TASK_TYPE", "plan.tasks[0].type", "`orchestrion tasks` lists all."),
        ([Task("t", "image-to-text", {})], "MISSING_INPUT", "plan.tasks[0].inputs.image", "IMAGE"),
        ([speak("a", speeed=1.0)], "UNKNOWN_INPUT", "plan.tasks[0].inputs.speeed", "`speed`"),
        ([speak(1.0)], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.text", "TEXT"),
        ([speak("a", speed="fast")], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.speed", '{"number": 1.5}'),
        ([speak("a", speed=True)], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.speed", "NUMBER"),
        ([speak("a", speed=9.0)], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.speed", "0.25 to 4"),
        ([speak("a", speed=math.nan)], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.speed", "finite"),
        ([speak(Json({"a": 1}))], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.text", "TEXT"),
        ([speak("\ud83d")], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.text", "surrogate"),
        ([choose(("a", "b"), "nicest")], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.criterion", "`longest`"),
        ([choose("a")], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.texts", "takes a list"),
        ([speak((("a",),))], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.text", "nested"),
        ([compare(("a", "b"), ("a", "b", "c"))], "ILL_TYPED_INPUT", "plan.tasks[0].inputs", "equal"),
        ([read(image="sign.png")], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.image", "attachments/1"),
        (
            [read(image=ArtifactRef("attachments/3"))],
            "UNKNOWN_REFERENCE",
            "plan.tasks[0].inputs.image",
            "2 attachments",
        ),
        ([read(image=ArtifactRef("attachments/2"))], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.image", "bell.wav"),
        ([speak(ArtifactRef("attachments/1"))], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.text", "TEXT"),
        ([read(image=ArtifactRef("artifacts/x"))], "ARTIFACT_NOT_FOUND", "plan.tasks[0].inputs.image", "upload"),
        ([speak(OutputRef("raed", "text")), read()], "UNKNOWN_REFERENCE", "plan.tasks[0].inputs.text", "`read`"),
        ([read(), speak(OutputRef("read", "txt"))], "UNKNOWN_REFERENCE", "plan.tasks[1].inputs.text", "`text`"),
        ([speak(OutputRef("read", "lines")), read()], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.text", "JSON"),
        ([read(), speak(OutputRef("read", "text", 0))], "UNKNOWN_REFERENCE", "plan.tasks[1].inputs.text", "no list"),
        ([READ_LIST, speak(OutputRef("read", "text", -1))], "UNKNOWN_REFERENCE", "plan.tasks[1].inputs.text", "from 0"),
        (
            [READ_LIST, speak((OutputRef("read", "text"),))],
            "ILL_TYPED_INPUT",
            "plan.tasks[1].inputs.text",
            "list of lists",
        ),
        ([READ_LIST, speak((OutputRef("read", "text"), "a"))], "ILL_TYPED_INPUT", "plan.tasks[1].inputs.text", "mixes"),
        ([speak(OutputRef("speak", "audio"))], "PLAN_CYCLE", "plan.tasks[0].inputs", "`speak` → `speak`"),
    ],
)
def test_broken_rules_are_named(tasks: list[Task], reason: str, field: str, words: str) -> None:
    with pytest.raises(OrchestrionError) as caught:
        checked(*tasks)
    assert (caught.value.reason, caught.value.field) == (reason, field)
    assert words in caught.value.message


def test_cycle_names_its_path() -> None:
    tasks = [
        Task("a", "test-delay", {"text": OutputRef("c", "text")}),
        Task("b", "test-delay", {"text": OutputRef("a", "text")}),
        Task("c", "test-delay", {"text": OutputRef("b", "text")}),
    ]
    with pytest.raises(OrchestrionError, match=r"in a circle: `.` → `.` → `.` → `.`\.") as caught:
        checked(*tasks)
    assert caught.value.reason == "PLAN_CYCLE"


def test_tasks_and_a_reason_for_none_exclude_each_other() -> None:
    with pytest.raises(OrchestrionError) as caught:
        checked(read(), reason="nothing to do")
    assert caught.value.reason == "PLAN_INVALID"


def test_long_plan_written_backwards_is_checked_at_once() -> None:
    tasks = [Task(f"t{n}", "test-delay", {"text": OutputRef(f"t{n + 1}", "text")}) for n in range(999)]
    assert len(checked(*tasks, Task("t999", "test-delay", {"text": "end"})).tasks) == 1000


@given(st.text())
def test_text_passes_byte_for_byte(text: str) -> None:
    plan = checked(speak(text))
    assert plan.tasks[0].inputs["text"] == text
    assert codec.from_json(codec.to_json(plan), Plan) == plan


IDS = st.sampled_from(["a", "b", "c", "", "\ud83d"])
LITERALS: st.SearchStrategy[Any] = (
    st.text(st.characters(), max_size=4)
    | st.floats()
    | st.booleans()
    | st.builds(Json, st.none() | st.integers() | st.dictionaries(st.text(), st.integers()))
    | st.builds(ArtifactRef, st.sampled_from(["attachments/1", "attachments/2", "attachments/9", SIGN.name, "x"]))
    | st.builds(OutputRef, IDS, st.sampled_from(["text", "lines", "audio", "score"]), st.none() | st.integers(-1, 2))
)
VALUES = st.recursive(LITERALS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5)
INPUTS = st.dictionaries(st.sampled_from(["text", "image", "other", "texts", "criterion", "speed", "\udc00"]), VALUES)
TASKS = st.lists(st.builds(Task, IDS, st.sampled_from([*TYPES, "dance"]), INPUTS), max_size=4)


@given(TASKS, st.sampled_from(["", "none needed"]))
def test_any_plan_is_valid_or_named_wrong(tasks: list[Task], reason: str) -> None:
    error = None
    plan = Plan(tuple(tasks), reason)
    try:
        plan = check(plan, TYPES, [SIGN, SOUND])
    except OrchestrionError as raised:
        error = raised
    if error is None:
        assert codec.from_json(codec.to_json(plan), Plan) == check(plan, TYPES, [SIGN, SOUND])
    else:
        error.message.encode()
        assert error.message.endswith((".", "?"))
        assert "field" in error.metadata


def every_fault(tasks: list[Task], reason: str = "") -> list[OrchestrionError]:
    checker = PlanChecker(TYPES, [SIGN, SOUND])
    return [fault for task in tasks for fault in checker.faults(task)] + checker.closing_faults(reason)


def test_all_broken_rules_are_named_at_once() -> None:
    faults = every_fault(
        [
            read(image="sign.png"),
            speak(1.0, "loud", speed=9.0, volume=1.0),
            Task("t", "dance", {}),
            speak(OutputRef("t", "text"), "after"),
            choose("a", "nicest"),
            speak(OutputRef("read", "txt"), "wrong"),
            speak(OutputRef("raed", "text"), "lost", pitch="high"),
            Task("a", "test-delay", {"text": OutputRef("b", "text")}),
            Task("b", "test-delay", {"text": OutputRef("a", "text")}),
            read(),
        ]
    )
    assert [(fault.reason, fault.metadata["task_id"]) for fault in faults] == [
        ("ILL_TYPED_INPUT", "read"),
        ("ILL_TYPED_INPUT", "loud"),
        ("ILL_TYPED_INPUT", "loud"),
        ("UNKNOWN_INPUT", "loud"),
        ("UNKNOWN_TASK_TYPE", "t"),
        ("ILL_TYPED_INPUT", "choose"),
        ("ILL_TYPED_INPUT", "choose"),
        ("UNKNOWN_REFERENCE", "wrong"),
        ("ILL_TYPED_INPUT", "lost"),
        ("DUPLICATE_TASK_ID", "read"),
        ("UNKNOWN_REFERENCE", "lost"),
        ("PLAN_CYCLE", faults[-1].metadata["task_id"]),
    ]


def test_what_refers_to_a_task_that_cannot_be_read_is_not_at_fault_for_that() -> None:
    checker = PlanChecker(TYPES, [SIGN])
    assert checker.faults(speak(OutputRef("garbled", "text"))) == []
    assert [fault.reason for fault in checker.closing_faults()] == ["UNKNOWN_REFERENCE"]
    checker.excuse("garbled")
    assert checker.closing_faults() == []


@given(TASKS, st.sampled_from(["", "none needed"]))
def test_the_first_of_all_faults_is_the_one_that_is_raised(tasks: list[Task], reason: str) -> None:
    raised = None
    try:
        check(Plan(tuple(tasks), reason), TYPES, [SIGN, SOUND])
    except OrchestrionError as error:
        raised = error.message
    faults = every_fault(tasks, reason)
    assert raised == (faults[0].message if faults else None)
    assert all("field" in fault.metadata for fault in faults)
