"""What the built-in planner promises of any request; `plan_notation` says how plans are written here."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orchestrion import task_types
from orchestrion.errors import OrchestrionError
from orchestrion.events import PlanFinished
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef
from orchestrion_controller.planner.builtin.reading.encoder import WEIGHTS
from orchestrion_controller.planner.on_demand import BuiltinPlanner
from orchestrion_controller.plans.kinds import kind_of_file_name
from orchestrion_controller.stages import PlanningRequest
from tests.unit.controller.planner.plan_notation import TYPES, plan_of, request_for, turn_of, written

pytestmark = pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not trained yet")

READ_AND_SAY = ["read #1", "say read-1"]


@pytest.mark.parametrize(
    ("text", "pictures", "reason", "words"),
    [
        ("compose a symphony", 0, "REQUEST_BEYOND_PLANNER", "`compose"),
        ("what is the capital of France?", 0, "REQUEST_BEYOND_PLANNER", "capital of France`"),
        ("tell me a joke about cats", 0, "REQUEST_BEYOND_PLANNER", "Understood: talk with you"),
        ("read this picture and translate it to German", 1, "REQUEST_BEYOND_PLANNER", "Understood: translate a text"),
        ("read this and email it to Bob", 1, "REQUEST_BEYOND_PLANNER", "email it to Bob`"),
        ("say it aloud", 0, "MISSING_INPUT", "quotation marks"),
        ("how alike are these signs?", 1, "MISSING_INPUT", "attached: 1"),
        ("read the third picture", 2, "MISSING_INPUT", "It needs 3 files; attached: 2."),
        ("say 'a' at speed 100", 0, "ILL_TYPED_INPUT", "0.25 to 4"),
    ],
)
async def test_what_cannot_be_planned_is_said(text: str, pictures: int, reason: str, words: str) -> None:
    with pytest.raises(OrchestrionError) as caught:
        await plan_of(request_for(text, "i" * pictures))
    assert caught.value.reason == reason
    assert words in caught.value.message
    if reason == "MISSING_INPUT":
        assert caught.value.field in {"messages", "messages[0].artifacts"}


HARD = 'tab\there, "double" and it\'s \\n <|endoftext|> שלום 👋🏽 e\u0301'


@pytest.mark.parametrize("quotes", ["“{}”", "«{}»", "「{}」"])
async def test_quoted_text_passes_byte_for_byte(quotes: str) -> None:
    plan = await plan_of(request_for(f"say {quotes.format(HARD)} please"))
    assert plan.tasks[0].inputs["text"] == HARD


@given(st.text(st.characters(codec="utf-8", exclude_characters="“”"), min_size=1))
def test_any_quoted_text_passes_byte_for_byte(text: str) -> None:
    assume(not kind_of_file_name(text))  # The name of a file in quotation marks is a file.
    plan = asyncio.run(plan_of(request_for(f"speak “{text}”")))
    assert [task.inputs["text"] for task in plan.tasks] == [text]


WORDS = (
    "say",
    "the longer",
    "second picture",
    "both pictures",
    "'a'",
    "and",
    ":",
    "similar",
    "what",
    "it",
    "读",
    "“",
    "3",
)


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=12), st.text("iat", max_size=3))
def test_any_request_gives_a_valid_plan_or_a_named_error(words: list[str], letters: str) -> None:
    try:
        asyncio.run(plan_of(request_for(" ".join(words), letters)))
    except OrchestrionError as raised:
        reason = raised.reason
    else:
        reason = ""
    assert reason in {"", "REQUEST_BEYOND_PLANNER", "MISSING_INPUT", "ILL_TYPED_INPUT"}


async def test_new_attachments_come_before_earlier_ones() -> None:
    turn = await turn_of(request_for("read this sign", "i"), "No entry")
    assert written(await plan_of(request_for("now speak this one", "i", (turn,)))) == READ_AND_SAY


async def test_file_names_tell_which() -> None:
    names = ("left.jpg", "right hand.jpg")
    request = request_for("How similar are right hand.jpg and 'Exit'?", "ii", names=names)
    assert written(await plan_of(request)) == ["read #2", "same read-1 'Exit'"]


async def test_a_text_file_is_a_document_for_a_task_type_that_takes_one() -> None:
    table = TaskType(
        "table-reading",
        "Reads a table.",
        (Parameter("table", ParameterKind.DOCUMENT),),
        (Parameter("rows", ParameterKind.JSON),),
    )
    artifact = Artifact("artifacts/" + "1" * 64, "text/csv", "prices.csv", 1)
    message = Message("read the table in prices.csv", artifacts=(artifact.name,))
    plan = await plan_of(PlanningRequest((message,), (artifact,), {table.name: table}))
    assert plan.tasks[0].inputs == {"table": ArtifactRef(artifact.name)}


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("How many words has this text?", ["word-count"]),
        ("COUNT THE letters and WORDS in it", ["word-count"]),
        ("Wie viele Wörter sind das?", ["word-count"]),
        ("Sum it up in two sentences, then count the words", ["summarization", "word-count"]),
        ("How many words has this text, and mail it to Tom", []),
    ],
)
async def test_what_a_plugin_lists_as_its_cues_asks_for_it(text: str, plan: list[str]) -> None:
    count = TaskType(
        "word-count",
        "Counts the words of a text.",
        (Parameter("text", ParameterKind.TEXT, description="The text."),),
        (Parameter("words", ParameterKind.NUMBER),),
        ("count the words", "count the … words", "how many words", "wie viele wörter"),
    )
    own = request_for(text, "t")
    types = {**TYPES, count.name: count}
    request = replace(own, task_types=types, defined={**own.defined, count.name: count}, replaced=False)
    ended = [item async for item in BuiltinPlanner().plan(request)][-1]
    assert isinstance(ended, PlanFinished)
    assert [task.type for task in ended.plan.tasks if not ended.not_done] == plan


async def test_task_types_that_the_planner_never_saw_are_planned_by_their_cues_and_kinds() -> None:
    brighten = TaskType(
        "picture-light",
        "Makes a picture lighter or darker.",
        (
            Parameter("picture", ParameterKind.IMAGE),
            Parameter("direction", ParameterKind.TEXT, choices=("brighten", "darken")),
        ),
        (Parameter("picture", ParameterKind.IMAGE),),
        ("brighten", "darken"),
    )
    request = request_for("darken the second picture", "ii")
    types = {**TYPES, brighten.name: brighten}
    plan = await plan_of(replace(request, task_types=types, defined=types, replaced=False))
    (task,) = plan.tasks
    assert task.type == "picture-light"
    assert task.inputs == {"picture": ArtifactRef(request.attachments[1].name), "direction": "darken"}


@pytest.mark.parametrize(("replaced", "reason"), [(True, "REQUEST_TOO_LARGE"), (False, "REQUEST_BEYOND_PLANNER")])
async def test_choices_that_multiply_are_refused_before_they_are_listed(replaced: bool, reason: str) -> None:
    letters = tuple("abcdefghij")
    inputs = tuple(Parameter(name, ParameterKind.TEXT, choices=letters) for name in letters)
    wide = TaskType("wide", "Has ten billion combinations of choices.", inputs, ())
    request = replace(request_for("do it", "t"), task_types={wide.name: wide}, replaced=replaced)
    with pytest.raises(OrchestrionError, match="10,000,000,010 combinations") as caught:
        await plan_of(request)
    assert caught.value.reason == reason


LONG = "It was a \"dark\" and stormy night; the rain wouldn't stop: 'never', they said. " * 650


@pytest.mark.parametrize(
    "text",
    [
        f"Summarise this: {LONG}",
        f"Summarise this in two sentences:\n\n{LONG}",
        f"{LONG}\n\nSummarise this, please.",
        f"Please summarise the following text.\n{LONG}",
    ],
)
async def test_a_text_of_50_kb_in_the_request_is_taken_whole(text: str) -> None:
    (task,) = (await plan_of(request_for(text))).tasks
    assert task.type == "summarization"
    assert str(task.inputs["text"]).strip() == LONG.strip()


@pytest.mark.parametrize(("text", "words"), [("what can you do?", "Pictures: "), ("你能做什么？", "图片")])
async def test_what_can_be_done_is_told_briefly_and_in_the_askers_language(text: str, words: str) -> None:
    plan = await plan_of(request_for(text))
    assert words in plan.no_task_reason
    assert len(plan.no_task_reason.splitlines()) <= 6


async def test_what_a_task_type_without_an_expert_would_do_is_told_with_what_brings_one() -> None:
    """Given: translation is a task type, and no expert here performs it."""
    request = request_for("Übersetze „Guten Morgen“ ins Französische")
    offered = {name: item for name, item in request.task_types.items() if name != "translation"}
    beyond = replace(request, task_types=offered, replaced=False, defined=task_types.load())
    with pytest.raises(OrchestrionError) as caught:
        await plan_of(beyond)
    (part,) = caught.value.not_done
    assert "translation" in part.reason
    assert part.reason.startswith("Verstanden")
    assert part.command == "orchestrion models search translation"


async def test_a_verb_is_not_lost_among_the_words_of_another_step() -> None:
    """Given the request of `make run`, in which `speak` stands beside the words that choose what is spoken."""
    text = "Read both pictures, say how similar the two texts are, and speak the longer one."
    plan = await plan_of(request_for(text, "ii"))
    assert [task.type for task in plan.tasks] == [
        "image-to-text",
        "image-to-text",
        "sentence-similarity",
        "text-selection",
        "text-to-speech",
    ]
