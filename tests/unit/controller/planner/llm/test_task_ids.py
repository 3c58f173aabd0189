"""Tasks that a language model wrote under one id: each gets its own, where it is clear which one references mean."""

from __future__ import annotations

import pytest

from orchestrion import task_types
from orchestrion.plans import Task
from orchestrion.values import ArtifactRef, OutputRef
from orchestrion_controller.planner.llm.task_ids import TaskIds

TYPES = task_types.load()


def taken(*tasks: Task) -> tuple[list[Task], list[str]]:
    ids = TaskIds(TYPES)
    pairs = [ids.take(task) for task in tasks]
    return [task for task, _ in pairs], [fault.reason for _, fault in pairs if fault]


def find(number: int, name: str = "object-detection") -> Task:
    return Task(name, "object-detection", {"image": ArtifactRef(f"attachments/{number}")})


def read(number: int, name: str = "read") -> Task:
    return Task(name, "image-to-text", {"image": ArtifactRef(f"attachments/{number}")})


def say(name: str, of: str) -> Task:
    return Task(name, "text-to-speech", {"text": OutputRef(of, "text")})


def test_tasks_that_are_called_by_their_type_get_ids_of_their_own() -> None:
    assert taken(find(1), find(2), find(3)) == (
        [find(1), find(2, "object-detection-2"), find(3, "object-detection-3")],
        [],
    )


def test_what_refers_to_the_only_one_so_far_means_that_one() -> None:
    """A text is read and spoken; then another one is read under the same id."""
    assert taken(read(1), say("say", "read"), read(2)) == ([read(1), say("say", "read"), read(2, "read-2")], [])


def test_a_task_may_work_on_an_earlier_one_of_its_own_id() -> None:
    sharp = Task("edit", "image-to-image", {"image": ArtifactRef("attachments/1"), "operation": "sharpen"})
    grey = Task("edit", "image-to-image", {"image": OutputRef("edit", "image"), "operation": "greyscale"})
    tasks, faults = taken(sharp, grey)
    assert (tasks[1].id, tasks[1].inputs["image"], faults) == ("edit-2", OutputRef("edit", "image"), [])


def test_what_may_mean_either_of_two_is_told() -> None:
    assert taken(read(1), read(2), say("say", "read"))[1] == ["DUPLICATE_TASK_ID"]


def test_ids_that_are_referred_to_before_they_are_there_stay_for_the_rules_to_refuse() -> None:
    tasks, _ = taken(say("say", "read"), read(1), read(2))
    assert [task.id for task in tasks] == ["say", "read", "read"]


def test_a_new_id_is_nobody_elses() -> None:
    """The second `read` takes `read-2`; who is called so moves on, and what refers to it follows."""
    tasks, faults = taken(read(1), read(2), read(3, "read-2"), say("say", "read-2"))
    assert [task.id for task in tasks] == ["read", "read-2", "read-2-2", "say"]
    assert (tasks[3].inputs["text"], faults) == (OutputRef("read-2-2", "text"), [])


@pytest.mark.parametrize("count", [2, 5])
def test_pictures_drawn_by_lot_are_as_many_as_are_written(count: int) -> None:
    owl = Task("paint", "text-to-image", {"prompt": "an owl"})
    assert len({task.id for task in taken(*[owl] * count)[0]}) == count
