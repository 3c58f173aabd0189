"""What is added to a model's answer, in the language of whoever asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrion.plans import Error, TaskResult, TaskState
from orchestrion.refusals import NotDone
from orchestrion.runs import Message
from orchestrion_controller.languages import folders
from orchestrion_controller.languages.answers import words_of
from tests.llm_server import Reply
from tests.unit.controller.responder.llm.replies import REQUEST, RESULTS, SIGN, SPEECH, answer, done

READ_ALOUD = {
    "en": "Please read this sign aloud for me.",
    "de": "Bitte lies mir dieses Schild laut vor.",
    "fr": "Lis-moi ce panneau à haute voix, s'il te plaît.",
    "es": "Léeme este cartel en voz alta, por favor.",
    "zh": "请把这块牌子上的字读给我听。",
    "ja": "この看板の文字を読み上げてください。",
}


async def test_files_that_the_model_forgets_are_added_and_those_it_invents_are_dropped() -> None:
    answered = await answer("See [[artifact 7]] and [[FILE 1]].")
    assert answered.text == "See and sign.png.\n\nFiles: speech.wav"
    assert answered.artifacts == (SIGN.name, SPEECH.name)


@pytest.mark.parametrize(
    ("language", "closing"),
    [
        (
            "en",
            "This failed: read the text in a picture (sign.png). The eye broke.\n"
            "Not done therefore: read a text aloud.",
        ),
        (
            "de",
            "Das ist fehlgeschlagen: den Text in einem Bild lesen (sign.png). Der Experte hat einen Fehler gemeldet "
            "(The eye broke).\nDeshalb nicht erledigt: einen Text vorlesen.",
        ),
    ],
)
async def test_failures_are_told_whatever_the_model_says(language: str, closing: str) -> None:
    results = {
        "read": TaskResult("read", TaskState.FAILED, error=Error("EXPERT_FAILED", "The eye broke.")),
        "speak": TaskResult("speak", TaskState.SKIPPED),
    }
    message = replace(REQUEST.messages[0], text=READ_ALOUD[language])
    answered = await answer("All is well.", replace(REQUEST, messages=(message,), results=results))
    assert answered.text == f"All is well.\n\n{closing}"


@pytest.mark.parametrize("language", READ_ALOUD)
async def test_each_closing_line_is_in_the_askers_language(language: str) -> None:
    """A cut answer names no file, and a part is not done: three lines, each in the words of one language alone."""
    message = replace(REQUEST.messages[0], text=READ_ALOUD[language])
    request = replace(REQUEST, messages=(message,), not_done=(NotDone("", "(not done)"),))
    answered = await answer(Reply("No entr", finish_reason="length"), request)
    words = words_of(language)
    files = words.word("files", names="speech.wav")
    assert answered.text == f"No entr\n\n{words.word('cut_off')}\n{files}\n(not done)"
    english = words_of("en").word("cut_off")
    assert language == "en" or words.word("cut_off") != english


@pytest.mark.parametrize("language", sorted(folders.load()))
def test_each_language_has_words_for_what_was_left_out(language: str) -> None:
    words = words_of(language)
    for unit in ("characters", "entries", "turns", "answers", "tasks", "files"):
        part = words.word(f"shown_{unit}", what="WHAT", shown="3", count="9")
        assert {"3", "9"} <= set(part)
        assert part in words.word("partly_shown", what=part)


async def test_a_whole_answer_that_names_all_is_left_as_it_is() -> None:
    assert (await answer("It says “No entry”: [[file 2]].")).text == "It says “No entry”: speech.wav."


async def test_the_language_is_that_of_the_last_thing_said() -> None:
    message = Message("Danke! Und kannst du mir das bitte auch noch vorlesen?", artifacts=(SIGN.name,))
    request = replace(REQUEST, messages=(message,), results={**RESULTS, "read": done("read", text="Betreten verboten")})
    assert (await answer("Gern.", request)).text == "Gern.\n\nDateien: speech.wav"
