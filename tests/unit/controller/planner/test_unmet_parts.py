"""Closed world: a request with a part that nobody can do is never planned as if that part were not there.

`data/unmet_parts.yaml` has the parts, written by somebody who had not seen the reader. Each is put into a request that
can be done, one of the language folders' examples.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from orchestrion.events import PlanFinished
from orchestrion.plans import Plan
from orchestrion_controller.planner.builtin.reading.encoder import WEIGHTS
from orchestrion_controller.planner.on_demand import BuiltinPlanner
from tests import rates
from tests.unit.controller.planner import example_requests
from tests.unit.controller.planner.example_requests import ExampleRequest

HERE: Final = Path(__file__).parent
TRAINING: Final = Path(__file__).parents[4] / "training" / "planner" / "data"
MOST_PLANNED: Final = 0.04
"""The share of insertions that may be planned as if the part were not there. The aim is 0.02."""

_ENDS: Final = " .!?。！？"
_QUESTIONS: Final = "?？"
_SPACED: Final = ("{request}, {part}{end}", "{request} {part}{end}", "{request}. {Part}.", "{Part}, {then}{end}")
_UNSPACED: Final = ("{request}，{part}{end}", "{request}。{part}。", "{part}，{request}{end}")
_WAYS: Final = {"zh": _UNSPACED, "ja": tuple(way.replace("，", "、") for way in _UNSPACED)}
"""How a part is put into a request, where words have no spaces between them."""
_AFTER_A_QUESTION: Final = "{request}{end} {Part}."
_FREE: Final = ("prompt", "instruction")
"""Inputs in which any words say what is to be made: a part that stands there is not left out."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """A request with a part that nobody can do."""

    example: ExampleRequest
    part: str
    text: str


@cache
def parts() -> dict[str, list[str]]:
    """Reads the parts, by language."""
    data: Any = yaml.safe_load((HERE / "data" / "unmet_parts.yaml").read_text("utf-8"))
    return {language: [str(part) for part in row] for language, row in data.items()}


def insertions() -> Iterator[Insertion]:
    """Puts each part into a request, in turns through the requests and the ways to do it."""
    for language, row in parts().items():
        ways = itertools.cycle(_WAYS.get(language, _SPACED))
        requests = itertools.cycle(example_requests.load(language))
        for part, example, way in zip(row, requests, ways, strict=False):
            yield Insertion(example, part, _inserted(example.text, part, way))


def _inserted(text: str, part: str, way: str) -> str:
    request = text.rstrip(_ENDS)
    end = text[len(request) :]
    if any(mark in end for mark in _QUESTIONS) and way in _SPACED[:3]:
        way = _AFTER_A_QUESTION
    begins, then = part[0].upper() + part[1:], request[0].lower() + request[1:]
    return way.format(request=request, part=part, Part=begins, then=then, end=end)


def _is_prompted(plan: Plan, part: str) -> bool:
    texts = (str(task.inputs[name]) for task in plan.tasks for name in _FREE if name in task.inputs)
    return any(part.casefold() in text.casefold() for text in texts)


@pytest.mark.tasks
@pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not trained yet")
async def test_hardly_a_part_that_nobody_can_do_is_left_out_silently(
    record_property: Callable[[str, object], None],
) -> None:
    planner = BuiltinPlanner()
    cases = list(insertions())
    assert len(cases) >= 500
    planned: list[str] = []
    prompted: list[str] = []
    counts: Counter[str] = Counter()
    for case in cases:
        ended = await example_requests.outcome(planner, case.text, case.example.files)
        if isinstance(ended, PlanFinished) and ended.plan.tasks and not ended.not_done and not ended.questions:
            tasks = ", ".join(f"{task.type} {dict(task.inputs)}" for task in ended.plan.tasks)
            line = f"{case.example.language} `{case.part}` in {case.text!r}: {tasks}"
            if _is_prompted(ended.plan, case.part):
                prompted.append(line)
            else:
                planned.append(line)
                counts[case.example.language] += 1
    print("\n".join([*planned, "In a prompt or an instruction, which is no part left out:", *prompted]))
    table = ", ".join(f"{language} {counts[language]} of {len(row)} planned" for language, row in parts().items())
    print(rates.report(record_property, "planner, unmet parts", len(cases) - len(planned), len(cases), table))
    assert len(planned) <= MOST_PLANNED * len(cases), f"{len(planned)} of {len(cases)}:\n" + "\n".join(planned)


def test_none_of_the_parts_is_learnt_from() -> None:
    texts = {path: path.read_text("utf-8").casefold() for path in TRAINING.rglob("*") if path.is_file()}
    assert len(texts) > 10
    both = [
        f"`{part}` is in {path.relative_to(TRAINING)}"
        for part in itertools.chain(*parts().values())
        for path, text in texts.items()
        if part.casefold() in text
    ]
    assert not both, "\n".join(both)
