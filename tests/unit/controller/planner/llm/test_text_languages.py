"""A text in a language that no expert for its task knows is questioned before anything is done with it."""

from __future__ import annotations

import pytest

from orchestrion import task_types
from orchestrion.plans import Task
from orchestrion.values import OutputRef, Value
from orchestrion_controller.limits import TaskTypeLimits
from orchestrion_controller.planner.llm import text_languages

TYPES = task_types.load()
ENGLISH_PRAISE = TaskTypeLimits({"sentiment": ("en",)})


def problem(text: Value, domain: str = "sentiment", limits: TaskTypeLimits = ENGLISH_PRAISE) -> str:
    task = Task("mood", "text-classification", {"text": text, "domain": domain})
    error = text_languages.check(task, TYPES[task.type], limits, 2)
    return error.message if error else ""


def test_the_language_and_what_can_be_done_are_named() -> None:
    said = problem("这家餐厅太差了，再也不来了")
    assert "`text` of `mood` is in the language `zh`" in said
    assert "know en alone" in said
    assert "`not_done`" in said


@pytest.mark.parametrize(
    "text",
    [
        "The food was awful and nobody came to our table for an hour.",
        # Too short to be certain of.
        "ok",
        "Anna",
        "12.50",
        OutputRef("read", "text"),
    ],
)
def test_what_may_be_in_a_language_of_the_experts_passes(text: Value) -> None:
    assert problem(text) == ""


def test_experts_that_name_no_languages_take_all() -> None:
    assert problem("Dieser Brief ist wirklich sehr unfreundlich geschrieben.", "language") == ""
    assert problem("Dieser Brief ist wirklich sehr unfreundlich geschrieben.", limits=TaskTypeLimits()) == ""
