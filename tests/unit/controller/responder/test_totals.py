"""Several results of one kind, told as one answer: the whole text, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from orchestrion import task_types
from orchestrion.events import AnswerFinished
from orchestrion.plans import Error, Parameter, ParameterKind, Plan, Task, TaskResult, TaskState, TaskType
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, Json, OutputRef, Value
from orchestrion_controller.responder.builtin import BuiltinResponder
from orchestrion_controller.stages import RespondingRequest

TYPES = task_types.load()
FILES: dict[str, Artifact] = {}
NOUNS = {0: "no faces", 1: "1 face", 2: "2 faces", 3: "3 faces"}


def file(name: str, media_type: str = "image/jpeg") -> ArtifactRef:
    """An artifact of a file name."""
    artifact = Artifact(f"artifacts/{name}", media_type, name, 10)
    FILES[artifact.name] = artifact
    return ArtifactRef(artifact.name)


A, B, C = file("a.jpg"), file("b.jpg"), file("c.jpg")
BOXES = (file("a-faces.jpg"), file("b-faces.jpg"), file("c-faces.jpg"))
BLURRED = file("a-blur.jpg")


async def answer_to(tasks: Sequence[Task], *results: TaskResult, types: Mapping[str, TaskType] = TYPES) -> str:
    request = RespondingRequest((Message("?"),), Plan(tuple(tasks)), {r.task_id: r for r in results}, types, FILES)
    items = [item async for item in BuiltinResponder().respond(request)]
    assert isinstance(items[-1], AnswerFinished)
    return items[-1].text


def find(task_id: str, image: Value, **options: Value) -> Task:
    return Task(task_id, "object-detection", {"image": image, "domain": "faces", **options})


def detected(task_id: str, count: int, annotated: ArtifactRef, text: str = "", names: Sequence[str] = ()) -> TaskResult:
    outputs: dict[str, Value] = {
        "text": text or NOUNS[count],
        "count": float(count),
        "objects": Json([{"label": name} for name in names or ("face",) * count]),
        "annotated_image": annotated,
    }
    return TaskResult(task_id, TaskState.SUCCEEDED, outputs)


def failed(task_id: str) -> TaskResult:
    return TaskResult(task_id, TaskState.FAILED, error=Error("INVALID_INPUT", "The picture is broken."))


def classify(task_id: str, text: Value, domain: str = "sentiment") -> Task:
    return Task(task_id, "text-classification", {"text": text, "domain": domain})


def label(task_id: str, name: Value) -> TaskResult:
    return TaskResult(task_id, TaskState.SUCCEEDED, {"label": name, "score": 0.9, "scores": Json([])})


SIX = (
    "I found 6 faces in all: 1 face in a.jpg, 2 faces in b.jpg and 3 faces in c.jpg; "
    "see a-faces.jpg, b-faces.jpg and c-faces.jpg."
)


async def test_faces_of_three_pictures_in_three_tasks_are_added_up() -> None:
    tasks = [find("one", A), find("two", B), find("three", C)]
    results = [detected("one", 1, BOXES[0]), detected("two", 2, BOXES[1]), detected("three", 3, BOXES[2])]
    assert await answer_to(tasks, *results) == SIX


async def test_faces_of_three_pictures_in_one_list_are_added_up() -> None:
    outputs: dict[str, Value] = {
        "text": ("1 face", "2 faces", "3 faces"),
        "count": (1.0, 2.0, 3.0),
        "objects": tuple(Json([{"label": "face"}] * count) for count in (1, 2, 3)),
        "annotated_image": BOXES,
    }
    assert await answer_to([find("many", (A, B, C))], TaskResult("many", TaskState.SUCCEEDED, outputs)) == SIX


async def test_a_total_of_one_is_told_in_the_singular() -> None:
    answer = await answer_to([find("a", A), find("b", B)], detected("a", 0, BOXES[0]), detected("b", 1, BOXES[1]))
    assert answer == ("I found 1 face in all: no faces in a.jpg and 1 face in b.jpg; see a-faces.jpg and b-faces.jpg.")


ZEBRAS = "2 zebras in a.jpg, no zebras in b.jpg and 5 zebras in c.jpg; see a-faces.jpg, b-faces.jpg and c-faces.jpg."


@pytest.mark.parametrize("task_type", ["object-detection", "zero-shot-object-detection"])
async def test_what_a_request_names_is_added_up_also_where_there_is_none(task_type: str) -> None:
    tasks = [
        Task(name, task_type, {"image": image, "labels": ("zebras",)})
        for name, image in zip("abc", (A, B, C), strict=True)
    ]
    # A finder of anything calls things as the request does, a detector as it was taught.
    label = "zebra" if task_type == "object-detection" else "zebras"
    results = [
        detected(name, count, box, f"{count} zebras", (label,) * count)
        for name, count, box in zip("abc", (2, 0, 5), BOXES, strict=True)
    ]
    assert await answer_to(tasks, *results) == f"I found 7 zebras in all: {ZEBRAS}"


async def test_what_is_not_in_any_picture_is_named() -> None:
    task = Task("a", "object-detection", {"image": A, "labels": ("Zebras", "glasses")})
    answer = await answer_to([task], detected("a", 0, BOXES[0], "no zebras and no glasses"))
    assert answer == "I found no Zebras and no glasses in a.jpg; see a-faces.jpg."


async def test_different_things_of_two_pictures_are_all_in_the_total() -> None:
    tasks = [
        Task("a", "object-detection", {"image": A, "labels": ("zebras",)}),
        Task("b", "object-detection", {"image": B, "labels": ("horses",)}),
    ]
    results = [
        detected("a", 2, BOXES[0], names=("zebra",) * 2),
        detected("b", 1, BOXES[1], names=("horse",)),
    ]
    assert await answer_to(tasks, *results) == (
        "I found 2 zebras and 1 horse in all: 2 zebras in a.jpg and 1 horse in b.jpg; see a-faces.jpg and b-faces.jpg."
    )


async def test_what_was_looked_for_is_named_only_where_it_was_said() -> None:
    tasks = [Task(name, "object-detection", {"image": image}) for name, image in (("a", A), ("b", B))]
    results = [detected("a", 3, BOXES[0], names=("car", "dog", "car")), detected("b", 1, BOXES[1], names=("dog",))]
    assert (await answer_to(tasks, *results)).startswith(
        "I found 2 cars and 2 dogs in all: 2 cars and 1 dog in a.jpg and 1 dog in b.jpg; see "
    )


async def test_what_failed_is_not_counted_and_told() -> None:
    tasks = [find("one", A), find("two", B), find("three", C)]
    answer = await answer_to(tasks, detected("one", 1, BOXES[0]), detected("two", 2, BOXES[1]), failed("three"))
    assert answer == (
        "I found 3 faces in all: 1 face in a.jpg and 2 faces in b.jpg; see a-faces.jpg and b-faces.jpg. "
        "This leaves out c.jpg. This failed: find and count faces (c.jpg). The picture is broken."
    )
    one = await answer_to(tasks[:2], detected("one", 1, BOXES[0]), failed("two"))
    assert (
        one
        == "I found 1 face in a.jpg; see a-faces.jpg. This failed: find and count faces (b.jpg). The picture is broken."
    )


async def test_the_same_picture_twice_or_changed_does_not_add_up() -> None:
    twice = await answer_to(
        [find("one", A), find("two", A)], detected("one", 2, BOXES[0]), detected("two", 2, BOXES[1])
    )
    assert "in all" not in twice
    blur = Task("blur", "image-to-image", {"image": A, "operation": "blur"})
    tasks = [find("before", A), blur, find("after", OutputRef("blur", "image"))]
    blurred = TaskResult("blur", TaskState.SUCCEEDED, {"image": BLURRED})
    answer = await answer_to(tasks, detected("before", 2, BOXES[0]), blurred, detected("after", 1, BOXES[1]))
    assert answer == (
        "I found 2 faces in a.jpg; see a-faces.jpg. I made a-blur.jpg from a.jpg (blur). "
        "I found 1 face in a-blur.jpg; see b-faces.jpg."
    )


async def test_classes_are_counted() -> None:
    texts = ("Lovely!", "Awful.", "I would go again.")
    answer = await answer_to([classify("each", texts)], label("each", ("positive", "negative", "positive")))
    assert answer == (
        "2 positive and 1 negative: “Lovely!” is positive, “Awful.” is negative and “I would go again.” is positive."
    )


async def test_classes_that_are_all_different_are_not_counted() -> None:
    answer = await answer_to(
        [classify("a", "Guten Tag", "language"), classify("b", "Bonjour", "language")],
        label("a", "German"),
        label("b", "French"),
    )
    assert answer == "“Guten Tag” is in German. “Bonjour” is in French."


async def test_different_questions_are_not_mixed() -> None:
    tasks = [classify("a", "Bonjour", "language"), classify("b", "Bonjour, mon ami", "sentiment")]
    answer = await answer_to(tasks, label("a", "French"), label("b", "neutral"))
    assert answer == "“Bonjour” is in French. “Bonjour, mon ami” is neutral."


async def test_long_texts_are_cut_inside_a_total_and_lists_are_whole() -> None:
    texts = tuple(f"{number} " + "very " * 1000 for number in range(100))
    answer = await answer_to([classify("each", texts)], label("each", ("positive",) * 100))
    assert answer.startswith("100 positive: “0 very very")
    assert answer.count("is positive") == 100
    assert len(answer) < 100 * 100


async def test_classes_of_pictures_are_counted() -> None:
    tasks = [Task(name, "image-classification", {"image": image}) for name, image in (("a", A), ("b", B), ("c", C))]
    answer = await answer_to(tasks, label("a", "tabby cat"), label("b", "cup"), label("c", "tabby cat"))
    assert answer == "2 tabby cat and 1 cup: tabby cat in a.jpg, cup in b.jpg and tabby cat in c.jpg."


async def test_one_question_about_several_pictures_is_told_once_and_two_are_not_mixed() -> None:
    colour, number = "What colour is it?", "How many are there?"
    tasks = [Task("each", "visual-question-answering", {"image": (A, B), "question": colour})]
    answers = TaskResult("each", TaskState.SUCCEEDED, {"answer": ("red", "blue")})
    assert await answer_to(tasks, answers) == "To “What colour is it?” a.jpg answers “red” and b.jpg answers “blue”."
    tasks = [
        Task(name, "visual-question-answering", {"image": image, "question": question})
        for name, image, question in (("a", A, colour), ("b", B, number))
    ]
    results = [TaskResult(name, TaskState.SUCCEEDED, {"answer": answer}) for name, answer in (("a", "red"), ("b", "3"))]
    assert await answer_to(tasks, *results) == (
        "To “What colour is it?” a.jpg answers “red”. To “How many are there?” b.jpg answers “3”."
    )


async def test_names_in_several_texts_are_added_up() -> None:
    outputs: dict[str, Value] = {
        "text": ("Ada (PER)", ""),
        "entities": (Json([{"label": "PER", "text": "Ada"}]), Json([])),
        "count": (1.0, 0.0),
    }
    task = Task("each", "token-classification", {"text": ("Ada swims.", "It rains.")})
    assert await answer_to([task], TaskResult("each", TaskState.SUCCEEDED, outputs)) == (
        "1 name in all: Ada (person) in “Ada swims.” and nothing in “It rains.”"
    )


async def test_translations_are_told_whole_and_one_by_one() -> None:
    long = "Es regnet. " * 20
    task = Task("each", "translation", {"text": ("Good day.", "It rains."), "language": "de"})
    result = TaskResult("each", TaskState.SUCCEEDED, {"text": ("Guten Tag.", long)})
    assert await answer_to([task], result) == f"Translated into German: “Guten Tag.” Translated into German: “{long}”"


SUM = TaskType(
    "weigh",
    "Weighs it.",
    (Parameter("thing", ParameterKind.TEXT),),
    (Parameter("weight", ParameterKind.NUMBER, optional=True), Parameter("note", ParameterKind.JSON, optional=True)),
    answer_template="{thing} weighs {weight|I do not know what}.",
    total_template="Together {weight} kg: {items}.",
    item_template="{thing:plain} {weight}",
)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((1.5, 2.0), "Together 3.50 kg: flour 1.50 and sugar 2."),
        ((1.5, None), "“flour” weighs 1.50. “sugar” weighs I do not know what."),
    ],
)
async def test_a_task_type_of_the_callers_own_is_added_up_by_its_own_words(
    weights: tuple[float | None, ...], expected: str
) -> None:
    tasks = [Task("a", "weigh", {"thing": "flour"}), Task("b", "weigh", {"thing": "sugar"})]
    results = [
        TaskResult(task.id, TaskState.SUCCEEDED, {} if weight is None else {"weight": weight})
        for task, weight in zip(tasks, weights, strict=True)
    ]
    assert await answer_to(tasks, *results, types={"weigh": SUM}) == expected


async def test_a_total_says_of_which_files_it_saw_the_first_page_alone() -> None:
    scan = detected("b", 2, BOXES[1])
    scan = replace(scan, outputs={**scan.outputs, "page_count": 5.0, "unread_page_count": 4.0})
    answer = await answer_to([find("a", A), find("b", B)], detected("a", 1, BOXES[0]), scan)
    assert answer == (
        "I found 3 faces in all: 1 face in a.jpg and 2 faces in b.jpg; see a-faces.jpg and b-faces.jpg. "
        "b.jpg has 5 pages or frames; I looked at the first alone."
    )
