"""Tasks that do the same on the same are done once."""

from __future__ import annotations

from orchestrion import task_types
from orchestrion.plans import Task
from orchestrion.values import ArtifactRef, OutputRef
from orchestrion_controller.planner.llm.duplicates import EqualTasks

TYPES = task_types.load()
PICTURE = ArtifactRef("attachments/1")


def merged(*tasks: Task) -> list[Task]:
    equal = EqualTasks(TYPES)
    return [taken for task in tasks if (taken := equal.take(task))]


def test_a_task_that_is_planned_many_times_is_done_once() -> None:
    reads = [Task(f"read-{number}", "image-to-text", {"image": PICTURE}) for number in range(120)]
    assert merged(*reads) == reads[:1]


def test_what_refers_to_a_merged_task_refers_to_the_first() -> None:
    """Two readings of one picture, each spoken: then the two spoken texts are one as well."""
    tasks = [
        Task("read-1", "image-to-text", {"image": PICTURE}),
        Task("read-2", "image-to-text", {"image": PICTURE}),
        Task("say-1", "text-to-speech", {"text": OutputRef("read-1", "text")}),
        Task("say-2", "text-to-speech", {"text": OutputRef("read-2", "text")}),
        Task("slow", "text-to-speech", {"text": OutputRef("read-2", "text"), "speed": 0.5}),
    ]
    assert merged(*tasks) == [
        tasks[0],
        tasks[2],
        Task("slow", "text-to-speech", {"text": OutputRef("read-1", "text"), "speed": 0.5}),
    ]


def test_three_pictures_of_one_thing_are_three() -> None:
    """What is drawn by lot comes out differently each time."""
    paintings = [Task(f"paint-{number}", "text-to-image", {"prompt": "an owl"}) for number in range(3)]
    assert merged(*paintings) == paintings


def test_a_task_that_an_earlier_one_refers_to_stays() -> None:
    tasks = [
        Task("say", "text-to-speech", {"text": OutputRef("read-2", "text")}),
        Task("read-1", "image-to-text", {"image": PICTURE}),
        Task("read-2", "image-to-text", {"image": PICTURE}),
    ]
    assert merged(*tasks) == tasks


def test_a_task_that_is_written_twice_is_one() -> None:
    read = Task("read", "image-to-text", {"image": PICTURE})
    assert merged(read, read) == [read]
