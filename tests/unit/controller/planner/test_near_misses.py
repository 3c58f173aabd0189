"""Near misses: what may mean two things is asked, and what is not here is answered with what comes nearest."""

from __future__ import annotations

import pytest

from orchestrion.events import PlanFinished
from orchestrion_controller.planner.builtin import drafting
from orchestrion_controller.planner.builtin.reading.encoder import WEIGHTS
from orchestrion_controller.planner.on_demand import BuiltinPlanner
from tests.unit.controller.planner.plan_notation import plan_of, request_for, written

pytestmark = pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not trained yet")

ANY = 1_000.0
"""A difference, in nats, that everything is nearer than."""


async def end_of(text: str, letters: str = "i") -> PlanFinished:
    items = [item async for item in BuiltinPlanner().plan(request_for(text, letters))]
    assert isinstance(items[-1], PlanFinished)
    return items[-1]


async def test_it_asks_which_of_two_things_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given two things count as alike, however far apart, a plain request is asked about; each answer is plain, too."""
    with monkeypatch.context() as patch:
        patch.setattr(drafting, "_ALIKE", ANY)
        end = await end_of("Sharpen this picture")
    (question,) = end.questions
    assert question.text == "What is meant?"
    first, second = question.choices
    assert (first.text, first.request) == ("sharpen a picture", "sharpen sign1.png")
    plans = [written(await plan_of(request_for(item.request, "i"))) for item in (first, second)]
    assert plans[0] == ["sharpen #1"]
    assert plans[1] not in ([], plans[0])


async def test_the_question_is_in_the_language_of_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafting, "_ALIKE", ANY)
    (question,) = (await end_of("Zeichne dieses Bild weich")).questions
    assert question.text == "Was ist gemeint?"
    assert question.choices[0].request == "Zeichne sign1.png weich"


@pytest.mark.parametrize(("text", "letters"), [("Sharpen this picture", "i"), ("Say 'good night' slowly", "")])
async def test_what_is_plain_is_not_asked_about(text: str, letters: str) -> None:
    end = await end_of(text, letters)
    assert end.plan.tasks
    assert not end.questions


async def test_what_comes_nearest_is_offered_in_place_of_what_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafting, "_NEAR", ANY)
    end = await end_of("Estimate the depth in this picture")
    (part,) = end.not_done
    assert "depth-estimation" in part.reason
    assert written(await plan_of(request_for(part.nearest_request, "i")))
