"""A snapshot in words: one line each, of what the events say and nothing that steers the terminal."""

from __future__ import annotations

from orchestrion.cli.view import words
from orchestrion.cli.view.tree import rows
from orchestrion.events import PlanRejected, Stage, TaskPlanned, TaskText
from orchestrion.plans import Error, Plan, Task
from orchestrion.snapshots import RunSnapshot, TaskSnapshot, with_plan
from orchestrion.values import OutputRef
from tests.unit.client.run_logs import UNTIL_ENDED, UNTIL_RUNNING, after


def test_nothing_is_said_of_what_has_not_happened() -> None:
    run, task = RunSnapshot(), TaskSnapshot("a")
    assert [words.request(run), words.doubts(run), words.no_task_reason(run), words.awaits_until(run)] == [""] * 4
    assert [words.place(task), words.reason(task), words.outcome(task), words.written(task)] == [""] * 4


def test_in_the_middle_of_a_run() -> None:
    run = after(UNTIL_RUNNING)
    read, count = run.tasks["read"], run.tasks["count"]
    assert words.request(run) == "Read the signs, count the [2Jfaces."
    assert (words.place(read), words.reason(read)) == ("rapidocr @ one", "rapidocr is loaded on one.")
    assert (words.message(read), words.written(read)) == ("looking", "Platform 9 closes 日本")
    assert words.place(count) == "opencv @ two"
    assert words.failures(count) == ["item 2, attempt 1 failed, opencv on one: The worker died.; trying another"]
    rejected = after([(Stage.PLAN, PlanRejected(Error("PLAN_CYCLE", "A\ncircle.")))], run)
    assert words.rejections(rejected) == ["A circle."]


def test_at_the_end_of_a_run() -> None:
    assert {name: words.outcome(task) for name, task in after(UNTIL_ENDED).tasks.items()} == {
        "read": 'text "Platform 9 closes"',
        "speak": "audio artifacts/a",
        "count": "The worker died.",
        "sum": "No input.",
    }


def test_of_a_long_text_the_end_is_shown() -> None:
    run = after((Stage.EXECUTE, TaskText("a", "text", f"{number:04} ")) for number in range(1_000))
    written = words.written(run.tasks["a"])
    assert written.endswith("0998 0999")
    assert len(written) == 399


def test_every_task_has_one_place_in_the_tree() -> None:
    shown = [(row.task.id, row.depth, row.also_after) for row in rows(after(UNTIL_RUNNING).tasks)]
    assert shown == [("read", 0, ()), ("speak", 1, ()), ("count", 0, ()), ("sum", 1, ("read",))]


def test_a_long_chain_and_a_circle_are_drawn_too() -> None:
    def chain(count: int, first: str) -> list[Task]:
        ids = [first, *map(str, range(1, count))]
        return [Task(own, "t", {"x": OutputRef(other, "y")}) for own, other in zip(ids, ["none", *ids], strict=False)]

    long = with_plan(RunSnapshot(), Plan(tuple(chain(3_000, "0"))))
    assert [row.depth for row in rows(long.tasks)] == list(range(3_000))
    circle = after([(Stage.PLAN, TaskPlanned(Task(a, "t", {"x": OutputRef(b, "y")}))) for a, b in ("ab", "ba")])
    assert sorted(row.task.id for row in rows(circle.tasks)) == ["a", "b"]
