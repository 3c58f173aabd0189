"""How many calls tasks make: known from the plan where lists are, and from outputs once they are there."""

from __future__ import annotations

import pytest

from orchestrion.errors import InvalidArgumentError
from orchestrion.plans import Parameter, ParameterKind, Task, TaskType
from orchestrion.values import OutputRef, Value
from orchestrion_controller.plans import fan_out
from orchestrion_controller.plans.fan_out import FanOut

TEXT = ParameterKind.TEXT
TYPES = {
    "echo": TaskType("echo", "", (Parameter("text", TEXT), Parameter("other", TEXT)), (Parameter("text", TEXT),)),
    "split": TaskType("split", "", (Parameter("text", TEXT),), (Parameter("words", TEXT, repeated=True),)),
    "join": TaskType("join", "", (Parameter("words", TEXT, repeated=True),), (Parameter("text", TEXT),)),
}


def echo(task_id: str, text: Value, **inputs: Value) -> Task:
    return Task(task_id, "echo", {"text": text, **inputs})


def ref(task_id: str, output: str = "text", index: int | None = None) -> OutputRef:
    return OutputRef(task_id, output, index)


def total(*tasks: Task) -> int:
    calls = FanOut(TYPES, 1)
    for task in tasks:
        calls.add(task)
    return calls.total


@pytest.mark.parametrize(
    ("tasks", "count"),
    [
        ((echo("a", "x"),), 1),
        ((echo("a", ("x", "y", "z")),), 3),
        ((echo("a", ()),), 0),
        ((echo("a", "x", other=("y", "z")),), 2),
        ((echo("a", ("x", "y")), echo("b", ref("a")), echo("c", ref("b"))), 6),
        ((echo("a", ("x", "y")), echo("b", ref("a", index=1))), 3),
        ((echo("a", (ref("b"), ref("b"))), echo("b", "x")), 3),
        ((Task("a", "join", {"words": ("x", "y", "z")}), echo("b", ref("a"))), 2),
        ((echo("a", ("x", "y")), Task("b", "join", {"words": ref("a")})), 3),
        # Into how many words nobody knows before they are there.
        ((Task("a", "split", {"text": "x y"}), echo("b", ref("a", "words"))), 2),
        ((Task("a", "split", {"text": ("x", "y")}), echo("b", ref("a", "words", 0))), 3),
        ((echo("a", ref("b")), echo("b", ref("c")), echo("c", ("x", "y"))), 6),
        ((Task("a", "none such", {"text": ("x", "y")}), echo("b", ref("a")), echo("c", ref("gone"))), 3),
        ((echo("a", ref("b")), echo("b", ref("a"))), 2),
    ],
    ids=str,
)
def test_calls_are_counted_as_far_as_lists_are_known(tasks: tuple[Task, ...], count: int) -> None:
    assert total(*tasks) == count
    assert total(*reversed(tasks)) == count


def test_outputs_that_are_there_count_for_all_that_take_them_and_for_what_these_make() -> None:
    calls = FanOut(TYPES, 100)
    source = Task("source", "split", {"text": "a b c d"})
    for task in (source, echo("t0", ref("source", "words")), echo("t1", ref("t0")), echo("t2", ref("t1", index=0))):
        calls.add(task)
    assert calls.total == 4
    calls.check("source", None)
    calls.finish("source", {"words": ("a", "b", "c", "d")})
    assert calls.total == 1 + 4 + 4 + 1


def test_a_task_that_is_taken_out_counts_no_more_and_counts_anew_when_it_comes_back() -> None:
    calls = FanOut(TYPES, 100)
    for task in (echo("a", ("x", "y")), echo("b", ref("a"))):
        calls.add(task)
    calls.finish("a", {"text": ("x", "y")})
    for task_id in ("a", "b", "never there"):
        calls.remove(task_id)
    assert calls.total == 0
    for task in (echo("a", ("x", "y", "z")), echo("b", ref("a"))):
        calls.add(task)
    assert calls.total == 6


def test_too_many_calls_are_refused_with_the_figures_and_the_setting() -> None:
    tasks = (echo("s", ("x",) * 10), *(echo(f"t{n}", ref("s")) for n in range(9)))
    fan_out.check(tasks, TYPES, 100)
    with pytest.raises(
        InvalidArgumentError, match=r"all tasks of the run 100; max_run_calls allows 99 in all"
    ) as caught:
        fan_out.check(tasks, TYPES, 99)
    assert caught.value.reason == "TOO_MANY_CALLS"
    assert caught.value.metadata["call_count"] == "100"
    assert caught.value.metadata["limit"] == "99"


def test_a_plan_is_worked_out_in_as_many_steps_as_it_has_references(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    work_out = FanOut._length_of

    def counted(calls: FanOut, task: Task) -> int | None:
        nonlocal steps
        steps += 1
        return work_out(calls, task)

    monkeypatch.setattr(FanOut, "_length_of", counted)
    chain = [echo(f"t{n}", ref(f"t{n - 1}"), other=ref("s")) for n in range(1, 500)]
    tasks = [*reversed(chain), echo("t0", ("x", "y")), echo("s", ("x", "y"))]
    assert total(*tasks) == 2 * 501
    assert steps < 6 * len(tasks)
