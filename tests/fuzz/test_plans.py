"""Plans and values of every shape: the rules answer with named errors alone, and what is written is read back."""

from __future__ import annotations

import math
import os
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrion import from_json, task_types, to_json
from orchestrion._codec import codec, value_codec
from orchestrion.errors import InvalidArgumentError, NotFoundError, OrchestrionError, Reason
from orchestrion.plans import Plan, Task
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, Json, OutputRef, Value, references
from orchestrion_controller.plans.graph import find_cycle
from orchestrion_controller.plans.rules import check

EXAMPLES: Final = 20_000 if os.environ.get("LONG") else 1_000
TYPES: Final = task_types.load()
FILES: Final = (
    Artifact("artifacts/" + "a" * 64, "image/png", "sign.png", 10),
    Artifact("artifacts/" + "b" * 64, "text/plain", "notes.txt", 10),
)

IDS: Final = st.sampled_from(("a", "b", "c", "d")) | st.text(max_size=3)
INPUTS: Final = sorted({parameter.name for kind in TYPES.values() for parameter in kind.inputs})
OUTPUTS: Final = sorted({parameter.name for kind in TYPES.values() for parameter in kind.outputs})
TEXTS: Final = st.text(max_size=6) | st.sampled_from(("longest", "en", "\0", "\u202e", "{text}", "a" * 5_000))
NUMBERS: Final = st.floats(allow_nan=False) | st.integers(-(2**31), 2**31 - 1).map(float)
FINITE: Final = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4)
DATA: Final = st.recursive(
    FINITE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMES: Final = st.sampled_from((FILES[0].name, "attachments/1", "attachments/2", "attachments/3", "runs/x", ""))
VALUES: Final[st.SearchStrategy[Value]] = st.recursive(
    TEXTS
    | NUMBERS
    | st.booleans()
    | st.builds(Json, DATA)
    | st.builds(ArtifactRef, NAMES)
    | st.builds(OutputRef, IDS, st.sampled_from(OUTPUTS) | st.text(max_size=3), st.none() | st.integers(-2, 5)),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)


def plans(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Plan]:
    """Makes plans of a few tasks with these values."""
    kinds = st.sampled_from(sorted(TYPES)) | st.text(max_size=3)
    inputs = st.dictionaries(st.sampled_from(INPUTS) | st.text(max_size=3), values, max_size=4)
    tasks = st.lists(st.builds(Task, IDS, kinds, inputs), max_size=6).map(tuple)
    return st.builds(Plan, tasks, st.just("") | st.text(max_size=3))


thoroughly = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.fuzz
@pytest.mark.timeout(600)
@thoroughly
@given(plans(VALUES | st.just(math.nan)))
def test_any_plan_is_taken_or_refused_with_the_place(plan: Plan) -> None:
    try:
        checked = check(plan, TYPES, FILES)
    except OrchestrionError as error:
        refused(plan, error)
        return
    assert not find_cycle(checked.tasks)
    ids = {task.id for task in checked.tasks}
    assert len(ids) == len(checked.tasks) == len(plan.tasks)
    for task in checked.tasks:
        assert {ref.task_id for value in task.inputs.values() for ref in references(value)} <= ids


def refused(plan: Plan, error: OrchestrionError) -> None:
    """Sees that an error has a reason of the table, and names a place that the plan has."""
    assert isinstance(error, InvalidArgumentError | NotFoundError), error.reason
    assert error.reason in Reason.__members__
    assert error.field is not None
    place, _, rest = error.field.removeprefix("plan.").partition(".")
    if place.startswith("tasks["):
        assert 0 <= int(place.removeprefix("tasks[").removesuffix("]")) < len(plan.tasks)
        assert rest
    else:
        assert place == "no_task_reason"


@pytest.mark.fuzz
@pytest.mark.timeout(600)
@thoroughly
@given(plans(VALUES))
def test_a_plan_comes_back_from_the_wire_and_from_json_as_it_was(plan: Plan) -> None:
    assert codec.decode(codec.encode(plan), Plan) == plan
    assert from_json(to_json(plan), Plan) == plan


@pytest.mark.fuzz
@pytest.mark.timeout(600)
@thoroughly
@given(VALUES)
def test_a_value_comes_back_from_the_wire_as_it_was(value: Value) -> None:
    assert value_codec.decode_value(value_codec.encode_value(value)) == value
