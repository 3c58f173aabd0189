"""Plans as values: changed ones made from them, and what was wrong with a change told by name."""

from __future__ import annotations

import pytest

from orchestrion import ArtifactRef, OutputRef, Plan, Task
from orchestrion.errors import InvalidArgumentError

READ = Task("read", "image-to-text", {"image": ArtifactRef("artifacts/a")})
SPEAK = Task("speak", "text-to-speech", {"text": OutputRef("read", "text"), "speed": 1.0})
PLAN = Plan((READ, SPEAK))


def test_inputs_are_set_and_left_out() -> None:
    changed = PLAN.with_inputs("speak", text="Hello.", speed=None, voice="de")
    assert changed.tasks == (READ, Task("speak", "text-to-speech", {"text": "Hello.", "voice": "de"}))
    assert PLAN.tasks[1].inputs["speed"] == 1.0


def test_an_input_may_have_any_name() -> None:
    assert PLAN.with_inputs("read", task_id="x", self="y").tasks[0].inputs["task_id"] == "x"


def test_a_task_is_put_in_the_place_of_its_namesake_or_at_the_end() -> None:
    other, more = Task("read", "visual-question-answering"), Task("count", "object-detection")
    assert PLAN.with_task(other).tasks == (other, SPEAK)
    assert PLAN.with_task(more).tasks == (READ, SPEAK, more)
    assert Plan((), "It is a greeting.").with_task(more) == Plan((more,))


def test_a_task_is_taken_out() -> None:
    assert PLAN.without("read").tasks == (SPEAK,)


def test_artifacts_get_other_names_at_any_depth() -> None:
    plan = PLAN.with_inputs("read", image=(ArtifactRef("artifacts/a"), ArtifactRef("artifacts/b"), "a"))
    renamed = plan.with_artifacts({"artifacts/a": "attachments/1"})
    expected = (ArtifactRef("attachments/1"), ArtifactRef("artifacts/b"), "a")
    assert renamed.tasks[0].inputs["image"] == expected


@pytest.mark.parametrize("change", [lambda: PLAN.with_inputs("speek", speed=2.0), lambda: PLAN.without("speek")])
def test_a_task_that_is_not_there_is_named(change: object) -> None:
    assert callable(change)
    with pytest.raises(InvalidArgumentError, match="no task 'speek'; there is: read, speak") as caught:
        change()
    assert caught.value.metadata["task_id"] == "speek"
