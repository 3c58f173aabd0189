"""Requests that only make sense after an earlier turn: a row has that turn with its results, and what is said then."""

from __future__ import annotations

import pytest

from orchestrion.values import Value
from tests.unit.controller.planner.plan_notation import made, plan_of, request_for, turn_of, written

FOLLOWUPS: list[tuple[tuple[str, str, list[Value]], str, str, list[str]]] = [
    (("read this sign aloud", "i", ["No entry", made(1)]), "now slower", "", ["say 'No entry' (speed=0.75)"]),
    (("read this sign aloud", "i", ["No entry", made(1)]), "and in a deeper voice", "", ["say 'No entry' (pitch=0.6)"]),
    (
        ("read this sign aloud", "i", ["No entry", made(1)]),
        "and how similar is that to 'Keep out'?",
        "",
        ["same 'No entry' 'Keep out'"],
    ),
    (("read this sign aloud", "i", ["No entry", made(1)]), "louder please", "", ["sound #91 (gain_db=6)"]),
    (
        ("read this sign aloud", "i", ["No entry", made(1)]),
        "again, in a female voice",
        "",
        ["say 'No entry' (voice=f3)"],
    ),
    (("read this sign aloud", "i", ["No entry", made(1)]), "what language is it?", "", ["language 'No entry'"]),
    (("read this sign aloud", "i", ["No entry", made(1)]), "is it positive?", "", ["sentiment 'No entry'"]),
    (("read this sign aloud", "i", ["No entry", made(1)]), "blur the picture", "", ["blur #1"]),
    (("read this sign aloud", "i", ["No entry", made(1)]), "what about this one?", "i", ["read #1", "say read-1"]),
    (("read this sign aloud", "i", ["No entry", made(1)]), "make it slower", "a", ["sound #1 (speed=0.75)"]),
    (("say 'hello' slowly", "", [made(1)]), "now in a deep voice", "", ["say 'hello' (speed=0.75,pitch=0.6)"]),
    (("say 'hello' slowly", "", [made(1)]), "faster", "", ["say 'hello' (speed=1.5)"]),
    (("say 'hello' slowly", "", [made(1)]), "and in French?", "", ["say 'hello' (language=fr,speed=0.75)"]),
    (("what does the first picture say?", "ii", ["One way"]), "what about the second one?", "", ["read #2"]),
    (("what does the first picture say?", "ii", ["One way"]), "and the second?", "", ["read #2"]),
    (
        ("is the first review positive?", "ii", ["Great", "positive"]),
        "and what about the second?",
        "",
        ["read #2", "sentiment read-1"],
    ),
    (("how many faces are in the first photo?", "ii", ["2 faces"]), "and in the second picture?", "", ["faces #2"]),
    (("is 'I love it' positive?", "", ["positive"]), "what about 'I hate it'?", "", ["sentiment 'I hate it'"]),
    (("is 'I love it' positive?", "", ["positive"]), "and 'I hate it'?", "", ["sentiment 'I hate it'"]),
    (("make this black and white", "i", [made(1)]), "blur it", "", ["blur #91"]),
    (("make this black and white", "i", [made(1)]), "now sharpen it, slightly", "", ["sharpen #91 (strength=0.25)"]),
    (("make this black and white", "i", [made(1)]), "and now three times as large", "", ["upscale #91 (scale=3)"]),
    (("blur this", "i", [made(1)]), "stronger", "", ["blur #91 (strength=0.75)"]),
    (("find the faces", "i", ["2 faces"]), "blur it", "", ["blur #1"]),
    (("find the faces", "i", ["2 faces"]), "how many were there?", "", ["faces #1"]),
    (
        ("transcribe this", "a", ["Buy milk and eggs"]),
        "summarise it in one sentence",
        "",
        ["sum 'Buy milk and eggs' (sentence_count=1)"],
    ),
    (
        ("transcribe this", "a", ["Buy milk and eggs"]),
        "what should I buy?",
        "",
        ["answer 'Buy milk and eggs' ? what should I buy?"],
    ),
    (("transcribe this", "a", ["Buy milk and eggs"]), "read it back to me", "", ["say 'Buy milk and eggs'"]),
    (
        ("according to this, when does the museum open?", "t", ["at ten"]),
        "and who runs it?",
        "",
        ["answer #1 ? who runs it?"],
    ),
    (("according to this, when does the museum open?", "t", ["at ten"]), "say that aloud", "", ["say 'at ten'"]),
    (("summarise this", "t", ["It is cold."]), "speak the summary", "", ["say 'It is cold.'"]),
    (("summarise this", "t", ["It is cold."]), "make it shorter", "", ["sum 'It is cold.'"]),
    (("make it louder", "a", [made(1)]), "and slower", "", ["sound #91 (speed=0.75)"]),
    (("make it louder", "a", [made(1)]), "even louder", "", ["sound #91 (gain_db=6)"]),
    (("what language is this?", "t", ["German"]), "and this?", "t", ["language #1"]),
    (("summarise this", "t", ["It is cold."]), "in three sentences", "", ["sum #1 (sentence_count=3)"]),
    (("say 'hello'", "", [made(1)]), "again", "", ["say 'hello'"]),
    (("say 'hello'", "", [made(1)]), "once more, but whispered", "", ["say 'hello' (voice=whisper)"]),
    # What is spoken of as if it were there is to be done, when nothing like it is.
    (("make this black and white", "i", [made(1)]), "make that bigger", "", ["upscale #91"]),
    (("make this black and white", "i", [made(1)]), "now make that three times as big", "", ["upscale #91 (scale=3)"]),
    (("make this black and white", "i", [made(1)]), "make the result sharper", "", ["sharpen #91"]),
    # A text after a colon is for what was asked before, whatever its marks are.
    (("is 'I love it' positive?", "", ["positive"]), "and this one: It rains.", "", ["sentiment 'It rains.'"]),
    (("is 'I love it' positive?", "", ["positive"]), "and: It rains; stay in.", "", ["sentiment 'It rains; stay in.'"]),
    (
        ("is 'I love it' positive?", "", ["positive"]),
        "now this sentence: Can you read the sign aloud?",
        "",
        ["sentiment 'Can you read the sign aloud?'"],
    ),
    (
        ("is 'I love it' positive?", "", ["positive"]),
        "what about this text: A day, a night.",
        "",
        ["sentiment 'A day, a night.'"],
    ),
    (
        ("is 'I love it' positive?", "", ["positive"]),
        "do the same with this review: lovely food, slow waiters",
        "",
        ["sentiment 'lovely food, slow waiters'"],
    ),
    (
        ("summarise this: It rains. It is cold. Wear a coat.", "", ["It rains."]),
        "and this text: The sun shines. It is warm.",
        "",
        ["sum 'The sun shines. It is warm.'"],
    ),
    # But what follows may also be something else to do.
    (("make this black and white", "i", [made(1)]), "and also: blur it", "", ["blur #91"]),
    (("is 'I love it' positive?", "", ["positive"]), "and: what language is it?", "", ["language 'I love it'"]),
]


@pytest.mark.parametrize(("earlier", "text", "letters", "tasks"), FOLLOWUPS)
async def test_a_request_goes_on_from_the_turn_before(
    earlier: tuple[str, str, list[Value]], text: str, letters: str, tasks: list[str]
) -> None:
    said, attached, results = earlier
    turn = await turn_of(request_for(said, attached), *results)
    assert written(await plan_of(request_for(text, letters, (turn,)))) == tasks
