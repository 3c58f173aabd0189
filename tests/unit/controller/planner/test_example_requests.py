"""The requests that people are told as examples: each is planned to the task type that it is an example of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from orchestrion.errors import OrchestrionError
from orchestrion_controller.languages import folders
from orchestrion_controller.planner.builtin.reading.encoder import WEIGHTS
from orchestrion_controller.planner.on_demand import BuiltinPlanner
from tests import rates
from tests.unit.controller.planner import example_requests
from tests.unit.controller.planner.example_requests import TYPES, ExampleRequest

MOST_MISREAD: Final = 0.12
"""The share of a language's examples that may be planned to something else, or not. The aim is 0.05."""


async def fault(planner: BuiltinPlanner, example: ExampleRequest) -> str:
    """Plans an example; returns what is wrong with what came of it, nothing when it is right."""
    ended = await example_requests.outcome(planner, example.text, example.files)
    if isinstance(ended, OrchestrionError):
        return f"refused: {ended.message}"
    if ended.not_done or ended.questions:
        return f"not done: {', '.join(item.words for item in ended.not_done)}"
    # Of a photo the map along which something is painted is drawn first.
    last = ended.plan.tasks[-1] if ended.plan.tasks else None
    map_of = last.type.removesuffix("text-to-image") if last else ""
    tasks = [
        task
        for task in ended.plan.tasks
        if task is last or not (TYPES[task.type].converts or (map_of and task.type.startswith(map_of)))
    ]
    is_right = [task.type for task in tasks] == [example.entry.task_type] and all(
        tasks[0].inputs.get(name) == choice for name, choice in example.entry.choices.items()
    )
    written = ", ".join(f"{task.type} {dict(task.inputs)}" for task in ended.plan.tasks)
    return "" if is_right else f"planned: {written or ended.plan.no_task_reason}"


@pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not trained yet")
@pytest.mark.parametrize("language", sorted(folders.load()))
async def test_examples_are_planned_to_what_they_are_examples_of(
    language: str, record_property: Callable[[str, object], None]
) -> None:
    planner = BuiltinPlanner()
    cases = list(example_requests.load(language))
    faults = [
        f"{case.entry.task_type} {dict(case.entry.choices) or ''} {case.text!r}: {reason}"
        for case in cases
        if (reason := await fault(planner, case))
    ]
    print("\n".join(faults))
    print(rates.report(record_property, f"planner, examples {language}", len(cases) - len(faults), len(cases)))
    assert len(faults) <= MOST_MISREAD * len(cases), "\n".join(faults)
