"""The parts of requests are counted as they are, and no further than they may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrion._codec import codec
from orchestrion.plans import Plan, Task
from orchestrion.v1 import plans_pb2, run_service_pb2
from orchestrion.values import ArtifactRef, Json, OutputRef
from orchestrion_serving import request_bounds
from orchestrion_serving.request_bounds import first_beyond

LEAVES = st.text(max_size=3) | st.floats(allow_nan=False) | st.booleans() | st.just(OutputRef("a", "b"))
VALUES = st.recursive(LEAVES | st.just(ArtifactRef("attachments/1")), lambda inner: st.lists(inner).map(tuple))
DATA = st.recursive(
    st.none() | st.text(max_size=3) | st.integers(0, 9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
)
TASKS = st.builds(
    Task, st.just("a"), st.just("t"), st.dictionaries(st.text(max_size=3), VALUES | DATA.map(Json), max_size=3)
)


def counted(value: Any) -> int:
    """Counts the parts in a value the plain way."""
    if isinstance(value, Json):
        return counted(value.data)
    if isinstance(value, dict):
        return sum(1 + counted(item) for item in value.values())
    if isinstance(value, OutputRef):
        return 1
    return sum(1 + counted(item) for item in value) if isinstance(value, list | tuple) else 0


@given(st.lists(TASKS, max_size=4))
@settings(max_examples=60)
def test_every_part_counts_once(tasks: list[Task]) -> None:
    request = run_service_pb2.RunRequest(plan=codec.encode(Plan(tuple(tasks))))
    count = sum(1 + sum(1 + counted(value) for value in task.inputs.values()) for task in tasks)
    assert first_beyond(request, count) == ""
    assert count == 0 or first_beyond(request, count - 1) == "plan"


def long_list() -> Message:
    request = run_service_pb2.RunRequest()
    items = request.plan.tasks.add().inputs["text"].list.items
    items.extend([items.add()] * 100_000)
    return request


def many_tasks() -> Message:
    return run_service_pb2.RunRequest(plan=plans_pb2.Plan(tasks=[plans_pb2.Task()] * 100_000))


def many_lists() -> Message:
    request = run_service_pb2.RunRequest()
    items = request.plan.tasks.add().inputs["text"].list.items
    item = items.add()
    item.list.items.add().json.list_value.values.add()
    items.extend([item] * 50)
    return request


@pytest.mark.parametrize("make", [long_list, many_tasks, many_lists])
def test_no_more_parts_are_looked_at_than_there_may_be(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    class Watched(list[Any]):
        def pop(self, *args: Any) -> Any:
            nonlocal looked
            looked += 1
            return super().pop(*args)

    def watched(parts: Iterator[Any]) -> Watched:
        return Watched(parts)

    monkeypatch.setattr(request_bounds, "list", watched, raising=False)
    assert first_beyond(make(), 100) == "plan"
    assert 0 < looked <= 100
