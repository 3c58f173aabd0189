"""What the live view knows of a run, as data: each event changes what it tells of, and nothing else."""

from __future__ import annotations

import pytest

from orchestrion.cli.view.folding import planned
from orchestrion.cli.view.state import Phase, RunView, TaskView
from orchestrion.cli.view.tree import rows
from orchestrion.events import PlanRejected, Stage, TaskPlanned, TaskProgress, TaskRevoked, TaskStarted, TaskText
from orchestrion.plans import Error, Plan, Task
from orchestrion.runs import RunState
from orchestrion.values import OutputRef
from tests.unit.client.runs_told import NAME, PLAN, UNTIL_ENDED, UNTIL_RUNNING, told


def test_before_its_first_event_nothing_is_known() -> None:
    assert RunView().name == ""
    assert RunView().task("a") == TaskView("a")


def test_in_the_middle_every_task_stands_where_it_is() -> None:
    run = told(UNTIL_RUNNING)
    assert (run.name, run.request) == (NAME, "Read the signs, count the [2Jfaces.")
    assert {name: task.phase for name, task in run.tasks.items()} == {
        "read": Phase.RUNNING, "speak": Phase.ASSIGNED, "count": Phase.RUNNING, "sum": Phase.PLANNED,
    }  # fmt: skip
    read, count = run.tasks["read"], run.tasks["count"]
    assert (read.expert_id, read.host, read.reason) == ("rapidocr", "one", "rapidocr is loaded on one.")
    assert (read.fraction, read.message, read.text) == (0.25, "looking", "Platform 9 closes 日本")
    assert (count.items_done, count.item_count, count.fraction, count.host) == (1, 2, 0.5, "two")
    assert count.failures == ("item 2, attempt 1 failed, opencv on one: The worker died.; trying another",)
    assert run.tasks["sum"].parents == ("read", "count")
    assert run.stages[Stage.PLAN].performer == "builtin"


def test_at_the_end_outcomes_stand_beside_the_answer() -> None:
    run = told(UNTIL_ENDED)
    assert {name: (task.phase, task.outcome) for name, task in run.tasks.items()} == {
        "read": (Phase.SUCCEEDED, 'text "Platform 9 closes"'),
        "speak": (Phase.SUCCEEDED, "audio artifacts/a"),
        "count": (Phase.FAILED, "The worker died."),
        "sum": (Phase.SKIPPED, "No input."),
    }
    assert (run.answer, run.answered, run.state, run.duration_ms) == (
        "It says “Platform 9”.]0;x", True, RunState.SUCCEEDED, 2_150,
    )  # fmt: skip


def test_another_attempt_forgets_what_the_first_had_done() -> None:
    again = told([(Stage.EXECUTE, TaskStarted("read", 2, "hosts/two", "other"))], told(UNTIL_RUNNING)).tasks["read"]
    assert (again.attempt, again.fraction, again.text, again.expert_id) == (2, None, "", "other")


def test_a_repaired_plan_loses_its_revoked_tasks() -> None:
    rejected = PlanRejected(Error("PLAN_CYCLE", "A circle."))
    run = told([(Stage.PLAN, rejected), (Stage.PLAN, TaskRevoked("count"))], told(UNTIL_RUNNING))
    assert run.rejections == ("A circle.",)
    assert list(run.tasks) == ["read", "speak", "sum"]


def test_only_the_end_of_a_run_can_be_told() -> None:
    """As `watch --after` sees it: tasks that were never planned here are shown as far as they are known."""
    run = told(UNTIL_ENDED[-12:])
    assert run.name == NAME
    assert run.tasks["read"].phase is Phase.SUCCEEDED
    assert told(UNTIL_ENDED[-12:], planned(RunView(), PLAN)).tasks["speak"].parents == ("read",)


def test_text_keeps_its_end_only() -> None:
    run = told((Stage.EXECUTE, TaskText("a", "text", f"{number:04} ")) for number in range(1_000))
    assert run.tasks["a"].text.endswith("0998 0999 ")
    assert len(run.tasks["a"].text) == 400


@pytest.mark.parametrize(("fraction", "shown"), [(-1.0, 0.0), (7.0, 1.0), (None, None)])
def test_fractions_stay_in_their_range(fraction: float | None, shown: float | None) -> None:
    assert told([(Stage.EXECUTE, TaskProgress("a", fraction))]).tasks["a"].fraction == shown


def test_every_task_has_one_place_in_the_tree() -> None:
    found = [(row.task.id, row.depth, row.also_after) for row in rows(told(UNTIL_RUNNING).tasks)]
    assert found == [("read", 0, ()), ("speak", 1, ()), ("count", 0, ()), ("sum", 1, ("read",))]


def test_a_long_chain_and_a_circle_are_drawn_too() -> None:
    def chain(count: int, first: str) -> list[Task]:
        ids = [first, *map(str, range(1, count))]
        return [Task(own, "t", {"x": OutputRef(other, "y")}) for own, other in zip(ids, ["none", *ids], strict=False)]

    long = planned(RunView(), Plan(tuple(chain(3_000, "0"))))
    assert [row.depth for row in rows(long.tasks)] == list(range(3_000))
    circle = told([(Stage.PLAN, TaskPlanned(Task(a, "t", {"x": OutputRef(b, "y")}))) for a, b in ("ab", "ba")])
    assert sorted(row.task.id for row in rows(circle.tasks)) == ["a", "b"]
