"""Bare amounts, estimates, intensities and scores told at length, speech on request, and texts that hold cues."""

from __future__ import annotations

import pytest

from orchestrion.errors import OrchestrionError
from orchestrion.values import Value
from tests.unit.controller.planner.plan_notation import made, plan_of, request_for, turn_of, written

PLANS = [
    ("+4 dB", "a", ["sound #1 (gain_db=4)"]),
    ("-3 semitones", "a", ["sound #1 (pitch_semitones=-3)"]),
    ("1.4x please", "a", ["sound #1 (speed=1.4)"]),
    ("both files minus 5 dB", "aa", ["sound #1 (gain_db=-5)", "sound #2 (gain_db=-5)"]),
    ("plus 2 semitones", "a", ["sound #1 (pitch_semitones=2)"]),
    ("this one -8 dB", "a", ["sound #1 (gain_db=-8)"]),
    ('voice the sentence "the tide is out"', "", ["say 'the tide is out'"]),
    ("record this for me: 'we are closed today'", "", ["say 'we are closed today'"]),
    ("make a recording of 'mind the step'", "", ["say 'mind the step'"]),
    ('announce "boarding at gate nine"', "", ["say 'boarding at gate nine'"]),
    ("have a female voice say 'good evening'", "", ["say 'good evening' (voice=f3)"]),
    ("I have no time to read, summarise it", "t", ["sum #1"]),
    ("I can't listen to it now, give me the transcript", "a", ["hear #1"]),
    ("it is too long for reading, sum it up in two sentences", "t", ["sum #1 (sentence_count=2)"]),
    ("make the sign twice as large because my eyes are tired", "i", ["upscale #1 (scale=2)"]),
    ("what does the notice say? my eyes are tired", "i", ["read #1"]),
    (
        'The manual says "Press play and speak for three seconds." How do I record a message?',
        "",
        ["answer 'Press play and speak for three seconds.' ? How do I record a message?"],
    ),
    (
        'Here is what the notice says: "Visitors must sound the bell and read the rules." What must I read?',
        "",
        ["answer 'Visitors must sound the bell and read the rules.' ? What must I read?"],
    ),
    (
        "Who pays for the damage? That is, the person who is liable.",
        "t",
        ["answer #1 ? Who pays for the damage? That is, the person who is liable"],
    ),
    ("make it lower, say 4 semitones, and a little louder too", "a", ["sound #1 (pitch_semitones=-4,gain_db=3)"]),
    (
        "raise the pitch, maybe 2 semitones, and make it slightly quieter",
        "a",
        ["sound #1 (pitch_semitones=2,gain_db=-3)"],
    ),
    ("louder, roughly 7 dB", "a", ["sound #1 (gain_db=7)"]),
    ("blur it just a tiny little bit", "i", ["blur #1 (strength=0.25)"]),
    ("sharpen it, only a touch", "i", ["sharpen #1 (strength=0.25)"]),
    ("blur this a whole lot", "i", ["blur #1 (strength=0.75)"]),
    ("blur this, but not too much", "i", ["blur #1 (strength=0.25)"]),
    ("soften it, really not much", "i", ["blur #1 (strength=0.25)"]),
    ("blur it as much as you can", "i", ["blur #1 (strength=1)"]),
    ("find faces with a minimum score of 0.3", "i", ["faces #1 (threshold=0.3)"]),
    ("faces, minimum score 0.3", "i", ["faces #1 (threshold=0.3)"]),
    ("mark the faces that you are at least 0.5 sure of", "i", ["faces #1 (threshold=0.5)"]),
    ("faces with confidence above 0.6", "i", ["faces #1 (threshold=0.6)"]),
    ("faces, threshold .4", "i", ["faces #1 (threshold=0.4)"]),
    ("Spiel die Aufnahme halb so schnell ab", "a", ["sound #1 (speed=0.5)"]),
    ("Mach die Aufnahme lauter", "a", ["sound #1 (gain_db=6)"]),
    ("Sube el volumen", "a", ["sound #1 (gain_db=6)"]),
    ("Ralentis l'enregistrement", "a", ["sound #1 (speed=0.75)"]),
    ("把声音调大", "a", ["sound #1 (gain_db=6)"]),
    ("baja el volumen por favor", "a", ["sound #1 (gain_db=-6)"]),
]
FOLLOWUPS: list[tuple[tuple[str, str, list[Value]], str, str, list[str]]] = [
    (
        ("summarise this", "t", ["It rains."]),
        "still too long, two sentences will do",
        "",
        ["sum #1 (sentence_count=2)"],
    ),
    (("summarise this", "t", ["It rains."]), "four sentences instead", "", ["sum #1 (sentence_count=4)"]),
    (("say 'hello'", "", [made(1)]), "too fast", "", ["say 'hello' (speed=0.75)"]),
    (("say 'hello'", "", [made(1)]), "that was too slow", "", ["say 'hello' (speed=1.5)"]),
    (("make it louder", "a", [made(1)]), "+10 dB", "", ["sound #91 (gain_db=10)"]),
    (("find the faces", "i", ["2 faces"]), "threshold 0.2 instead", "", ["faces #1 (threshold=0.2)"]),
    (("make it slower", "a", [made(1)]), "and now make it twice as loud", "", ["sound #91 (gain_db=6)"]),
    (
        ("transcribe this", "a", ["Buy milk"]),
        "now have a female voice repeat it faster",
        "",
        ["say 'Buy milk' (voice=f3,speed=1.5)"],
    ),
    (("transcribe this", "a", ["Buy milk"]), "have a male voice say it", "", ["say 'Buy milk' (voice=m3)"]),
]
REFUSALS = [
    ("too dark", "i"),
    ("too dark, make it brighter", "i"),
    ("make the text twice as long", "t"),
]
CUES_THAT_ASK_FOR_NOTHING = [
    ("what did the mayor announce?", "t", ["answer #1 ? what did the mayor announce?"]),
    ("I recorded this yesterday, please transcribe it", "a", ["hear #1"]),
    ("transcribe the clip that we recorded", "a", ["hear #1"]),
]


@pytest.mark.parametrize(("text", "letters", "tasks"), [*PLANS, *CUES_THAT_ASK_FOR_NOTHING])
async def test_wording_at_length_becomes_a_plan(text: str, letters: str, tasks: list[str]) -> None:
    assert written(await plan_of(request_for(text, letters))) == tasks


@pytest.mark.parametrize(("text", "letters"), REFUSALS)
async def test_a_complaint_that_nothing_here_cures_is_refused(text: str, letters: str) -> None:
    with pytest.raises(OrchestrionError):
        await plan_of(request_for(text, letters))


@pytest.mark.parametrize(("earlier", "text", "letters", "tasks"), FOLLOWUPS)
async def test_a_new_value_repeats_or_goes_on_from_the_turn_before(
    earlier: tuple[str, str, list[Value]], text: str, letters: str, tasks: list[str]
) -> None:
    said, attached, results = earlier
    turn = await turn_of(request_for(said, attached), *results)
    assert written(await plan_of(request_for(text, letters, (turn,)))) == tasks
