"""Plans in the reference's words, whatever their shape."""

from __future__ import annotations

from orchestrion import ArtifactRef, Json, OutputRef, Plan, Task, TaskResult, TaskState, names
from orchestrion_gateway.hugginggpt import tasks, vocabulary
from orchestrion_gateway.hugginggpt.values import ArgumentWriter

PICTURE = names.of_content(b"picture")
WRITER_PATHS = {PICTURE: "/images/picture.png"}


def written(plan: Plan) -> list[dict[str, object]]:
    ordered = tasks.in_order(plan)
    writer = ArgumentWriter(tasks.numbered(ordered), WRITER_PATHS)
    return [tasks.written(task, writer) for task in ordered]


def test_tasks_come_after_those_that_they_depend_on_and_else_as_planned() -> None:
    plan = Plan(
        (
            Task("last", "text-selection", {"texts": (OutputRef("b", "text"), OutputRef("a", "text"))}),
            Task("b", "image-to-text", {"image": ArtifactRef(PICTURE)}),
            Task("free", "text-to-speech", {"text": "hello", "speed": 1.0}),
            Task("a", "image-to-text", {"image": OutputRef("draw", "image")}),
            Task("draw", "openpose-text-to-image", {"prompt": "a girl", "image": ArtifactRef(PICTURE)}),
        )
    )

    assert written(plan) == [
        {"task": "image-to-text", "id": 0, "dep": [-1], "args": {"image": "/images/picture.png"}},
        {"task": "text-to-speech", "id": 1, "dep": [-1], "args": {"text": "hello", "speed": 1}},
        {
            "task": "openpose-text-to-image",
            "id": 2,
            "dep": [-1],
            "args": {"text": "a girl", "image": "/images/picture.png"},
        },
        {"task": "image-to-text", "id": 3, "dep": [2], "args": {"image": "<GENERATED>-2"}},
        {"task": "text-selection", "id": 4, "dep": [0, 3], "args": {"texts": "<GENERATED>-0,<GENERATED>-3"}},
    ]


def test_values_that_json_has_no_form_for_are_written_as_proto3_json_does() -> None:
    data = Json([float("nan"), float("inf"), -float("inf"), 2.0, 0.5, {"a": None}])
    assert ArgumentWriter({}, {}).written(data) == ["NaN", "Infinity", "-Infinity", 2, 0.5, {"a": None}]
    assert ArgumentWriter({}, {}).written(("one", "two")) == ["one", "two"]
    assert ArgumentWriter({}, {}).listed((ArtifactRef(PICTURE),)) == [PICTURE]


def test_results_take_the_place_of_references_where_they_are() -> None:
    task = Task("end", "text-selection", {"texts": (OutputRef("list", "texts", 1), OutputRef("list", "texts", 9))})
    results = {"list": TaskResult("list", TaskState.SUCCEEDED, {"texts": ("one", "two")})}
    assert tasks.with_results(task, results).inputs == {"texts": ("two", OutputRef("list", "texts", 9))}
    assert tasks.with_results(task, {}) == task


def test_questions_and_texts_have_the_reference_s_names() -> None:
    named = {
        name: vocabulary.argument(task_type, name)
        for task_type, name in (("question-answering", "question"), ("sentence-similarity", "other"))
    }
    assert named == {"question": "text", "other": "text2"}
    assert vocabulary.argument("question-answering", "text") == "context"
    assert vocabulary.argument("visual-question-answering", "question") == "text"
    assert vocabulary.result("translation", "text") == "response"
    assert vocabulary.result("object-detection", "text") == "text"
