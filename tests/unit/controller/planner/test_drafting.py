"""What a request comes to, from what a perfect reader would say of it: all of it planned, or named as not done."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.runs import Message
from orchestrion_controller import languages
from orchestrion_controller.planner.builtin.drafting import Drafting, PlanDraft
from orchestrion_controller.planner.builtin.reading.readings import Reading
from orchestrion_controller.stages import PastTurn
from tests.unit.controller.planner.marked_readings import read_as, written

SPEAK = Task("speak", "text-to-speech", {"text": "Mind the step", "speed": 0.75})
SPOKEN = (PastTurn((Message("Say 'Mind the step', slowly"),), Plan((SPEAK,)), {}),)
TRANSLATE = Task("translate", "translation", {"text": "Good night", "language": "es"})
TRANSLATED = (
    PastTurn(
        (Message("Translate 'Good night' into Spanish"),),
        Plan((TRANSLATE,)),
        {"translate": TaskResult("translate", TaskState.SUCCEEDED, {"text": "Buenas noches"})},
    ),
)


class PerfectReader:
    """Gives one reading, whatever it is asked to read."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def read(self, *_arguments: object, **_options: object) -> Reading:
        return self._reading


def drafted(text: str, *steps: str, history: tuple[PastTurn, ...]) -> PlanDraft:
    case = read_as(text, *steps, history=history)
    reader: Any = PerfectReader(case.reading)
    return Drafting(reader, case.around, languages.load()["en"], offers=False).draft()


def planned(draft: PlanDraft) -> list[str]:
    return [written(task) for task in draft.tasks]


def test_a_turn_that_is_repeated_with_an_option_is_planned() -> None:
    draft = drafted("again, {1.voice in a woman's voice}", "text-to-speech voice=female", history=SPOKEN)
    assert planned(draft) == ["text-to-speech text='Mind the step' voice='female' speed=0.75"]
    assert draft.not_done == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{again again}, {1.voice in Morgan Freeman's voice}", ["in Morgan Freeman's voice"]),
        ("{again once more} at 300 dpi", ["300 dpi"]),
    ],
    ids=["a voice that nobody has", "an amount that no option takes"],
)
def test_what_a_repetition_would_leave_out_is_named(text: str, words: list[str]) -> None:
    steps = ["text-to-speech text=words voice=words"] if "{1." in text else ["again"]
    draft = drafted(text, *steps, history=SPOKEN)
    assert [part.words for part in draft.not_done] == words


def test_each_of_several_languages_is_a_task_of_a_repetition() -> None:
    text = "and in {1.language French} and {1.language German}?"
    draft = drafted(text, "translation text=words language=fr,de", history=TRANSLATED)
    assert planned(draft) == [
        "translation text='Good night' language='fr'",
        "translation text='Good night' language='de'",
    ]
