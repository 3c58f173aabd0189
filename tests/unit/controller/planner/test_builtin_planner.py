"""Free wording in, tasks out.

A plan is written here as one line a task: `read #1` is image-to-text on the first picture, `say read-1` speaks its
text, `same a b` compares, `pick[longest] a, b` selects; options follow in brackets.
"""

from __future__ import annotations

import asyncio
import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion import task_types
from orchestrion.errors import OrchestrionError
from orchestrion.events import PlanFinished, TaskPlanned
from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.planner.builtin import BuiltinPlanner
from orchestrion_controller.stages import PastTurn, PlanningRequest

TYPES = task_types.load()
SHORT = {"image-to-text": "read", "text-to-speech": "say", "sentence-similarity": "same", "text-selection": "pick"}


def picture(number: int, file_name: str = "") -> Artifact:
    return Artifact(f"artifacts/{number:064x}", "image/png", file_name or f"sign{number}.png", 1)


def request_for(text: str, pictures: int = 0, history: tuple[PastTurn, ...] = ()) -> PlanningRequest:
    attachments = tuple(picture(number + 1) for number in range(pictures))
    message = Message(text, artifacts=tuple(artifact.name for artifact in attachments))
    return PlanningRequest((message,), attachments, TYPES, history)


async def plan_of(request: PlanningRequest) -> Plan:
    items = [item async for item in BuiltinPlanner().plan(request)]
    last = items[-1]
    assert isinstance(last, PlanFinished)
    assert tuple(item.task for item in items if isinstance(item, TaskPlanned)) == last.plan.tasks
    return last.plan


def written(plan: Plan) -> list[str]:
    return [line(task) for task in plan.tasks]


def line(task: Task) -> str:
    options = ",".join(
        f"{name}={value}" for name, value in task.inputs.items() if name in {"speed", "pitch", "language"}
    )
    criterion = f"[{task.inputs['criterion']}]" if "criterion" in task.inputs else ""
    sources = [value for name, value in task.inputs.items() if name in {"image", "text", "other", "texts"}]
    return f"{SHORT[task.type]}{criterion} {' '.join(map(shown, sources))}" + (f" ({options})" if options else "")


def shown(value: Value) -> str:
    if isinstance(value, ArtifactRef):
        return f"#{int(value.name.removeprefix('artifacts/'), 16)}"
    if isinstance(value, OutputRef):
        kind, _, number = value.task_id.rpartition("-")
        return f"{SHORT[kind]}-{number}"
    return ", ".join(map(shown, value)) if isinstance(value, tuple) else f"'{value}'"


READ_BOTH = ["read #1", "read #2"]
READ_AND_SAY = ["read #1", "say read-1"]
READ_AND_COMPARE = [*READ_BOTH, "same read-1 read-2"]
LONGER = "pick[longest] read-1, read-2"
SHORTER = "pick[shortest] read-1, read-2"


@pytest.mark.parametrize(
    ("text", "pictures", "tasks"),
    [
        # The main job.
        ("read the text in this picture aloud", 1, READ_AND_SAY),
        (
            "read both pictures, say how similar the two texts are, and speak the longer one",
            2,
            [*READ_AND_COMPARE, LONGER, "say pick-1"],
        ),
        # Single tasks.
        ("what does this sign say?", 1, ["read #1"]),
        ("whats written on the sgin", 1, ["read #1"]),
        ("Could you please tell me what's written here?", 1, ["read #1"]),
        ("Extract the text from this receipt", 1, ["read #1"]),
        ("What does the sign on the left, the blue one, say?", 1, ["read #1"]),
        ("Tell me the text of the second sign", 2, ["read #2"]),
        ("say 'hello world'", 0, ["say 'hello world'"]),
        ("Say good night to everybody", 0, ["say 'good night to everybody'"]),
        ("read 'hello there' to me", 0, ["say 'hello there'"]),
        ("pronounce “Grüße” in German", 0, ["say 'Grüße' (language=de)"]),
        (
            "please read out: The bus leaves at 10:30, don't be late!",
            0,
            ["say 'The bus leaves at 10:30, don't be late!'"],
        ),
        ("how similar are 'a cat sat' and 'a dog sat'?", 0, ["same 'a cat sat' 'a dog sat'"]),
        ("how close in meaning are «bonjour» and «salut»?", 0, ["same 'bonjour' 'salut'"]),
        ("how similar are these two sentences: a cat sat / a dog sat", 0, ["same 'a cat sat' 'a dog sat'"]),
        ("What is the longest of 'aa', 'bbb' and 'c'?", 0, ["pick[longest] 'aa', 'bbb', 'c'"]),
        # Chains, with steps left unsaid.
        ("raed the txt in this pciture aloud", 1, READ_AND_SAY),
        ("I'd like to hear what this poster says", 1, READ_AND_SAY),
        ("turn this photo into speech", 1, READ_AND_SAY),
        ("what does it say? speak it", 1, READ_AND_SAY),
        ("Please vocalise the writing on this poster", 1, READ_AND_SAY),
        ("read sign1.png out loud", 1, READ_AND_SAY),
        ("how alike are these two signs?", 2, READ_AND_COMPARE),
        ("Do these two signs mean the same thing?", 2, READ_AND_COMPARE),
        ("is the text in this picture similar to the text in that picture?", 2, READ_AND_COMPARE),
        ("how similar is the text in this picture to 'no entry'?", 1, ["read #1", "same read-1 'no entry'"]),
        ("Which of these two signs has the longer text?", 2, [*READ_BOTH, LONGER]),
        # Parallel branches and joins.
        ("What do these three signs say?", 3, ["read #1", "read #2", "read #3"]),
        ("read both pictures aloud", 2, [*READ_BOTH, "say read-1", "say read-2"]),
        ("say 'one' and 'two'", 0, ["say 'one'", "say 'two'"]),
        ("what do these two signs say, and how alike are they?", 2, READ_AND_COMPARE),
        ("Read both signs, compare them and speak them", 2, [*READ_AND_COMPARE, "say read-1", "say read-2"]),
        (
            "Read the first picture aloud and tell me what the second says",
            2,
            ["read #1", "say read-1", "read #2"],
        ),
        (
            "I have two photos of signs. Tell me what they say, tell me if they're alike, and then read me the longer "
            "one out loud.",
            2,
            [*READ_AND_COMPARE, LONGER, "say pick-1"],
        ),
        ("speak the longer of 'a' and 'bbb'", 0, ["pick[longest] 'a', 'bbb'", "say pick-1"]),
        ("what's on the sign, and how similar is it to 'Exit'?", 1, ["read #1", "same read-1 'Exit'"]),
        # Options.
        ("read this page and say it very slowly", 1, ["read #1", "say read-1 (speed=0.5)"]),
        ("slowly, please: read this picture aloud", 1, ["read #1", "say read-1 (speed=0.75)"]),
        ("read this and speak it at speed 1.5", 1, ["read #1", "say read-1 (speed=1.5)"]),
        ("say 'good morning' in a deep voice", 0, ["say 'good morning' (pitch=0.6)"]),
        ("speak 'a' slowly and 'b' fast", 0, ["say 'a' (speed=0.75)", "say 'b' (speed=1.5)"]),
        ("Give me an audio version of this page", 1, READ_AND_SAY),
        ("Give me the text of both pictures and speak whichever is shorter", 2, [*READ_BOTH, SHORTER, "say pick-1"]),
        ("Check whether both signs have the same text", 2, READ_AND_COMPARE),
        (
            "compare the texts of all three pictures",
            3,
            ["read #1", "read #2", "read #3", "same read-1 read-2", "same read-1 read-3", "same read-2 read-3"],
        ),
        # Other languages.
        ("この画像の文字を読み上げて", 1, READ_AND_SAY),
        ("“猫在睡觉”和“小猫正在睡”有多相似？", 0, ["same '猫在睡觉' '小猫正在睡'"]),
        ("¿Qué dice este cartel? Léelo en voz alta", 1, READ_AND_SAY),
        ("把这张图片里的文字读出来", 1, READ_AND_SAY),
        ("这两张图片里的文字有多相似?", 2, READ_AND_COMPARE),
        ("比较这两张图片，然后把较长的那个读出来", 2, [*READ_AND_COMPARE, LONGER, "say pick-1"]),
        ("请把第二张图片里的文字慢慢地读出来", 2, ["read #2", "say read-1 (speed=0.75)"]),
        ("请说“早上好”", 0, ["say '早上好'"]),
        ("说说这两张图片有多相似", 2, READ_AND_COMPARE),
        ("Was steht auf diesem Schild?", 1, ["read #1"]),
        ("lies beide Schilder vor", 2, [*READ_BOTH, "say read-1", "say read-2"]),
        ("wie ähnlich sind „der Hund“ und „die Katze“?", 0, ["same 'der Hund' 'die Katze'"]),
        ("lis le texte de cette photo à voix haute", 1, READ_AND_SAY),
        ("lee el cartel en voz alta", 1, READ_AND_SAY),
    ],
)
async def test_free_wording(text: str, pictures: int, tasks: list[str]) -> None:
    assert written(await plan_of(request_for(text, pictures))) == tasks


@pytest.mark.parametrize(
    ("text", "pictures", "reason", "words"),
    [
        ("hello", 0, "REQUEST_BEYOND_PLANNER", "OPENAI_BASE_URL"),
        ("what is the capital of France?", 0, "REQUEST_BEYOND_PLANNER", "text-to-speech"),
        ("describe this picture", 1, "REQUEST_BEYOND_PLANNER", "`describe`"),
        ("read this picture and translate it to German", 1, "REQUEST_BEYOND_PLANNER", "`translate`"),
        ("read this and email it to Bob", 1, "REQUEST_BEYOND_PLANNER", "`email`"),
        ("how many people are in this picture?", 1, "REQUEST_BEYOND_PLANNER", "`how many`"),
        ("   ", 1, "REQUEST_BEYOND_PLANNER", "what to do"),
        ("read this picture aloud", 0, "MISSING_INPUT", "attach a picture"),
        ("what does this sign say?", 0, "MISSING_INPUT", "attach a picture"),
        ("speak", 0, "MISSING_INPUT", "quotation marks"),
        ("how alike are these signs?", 1, "MISSING_INPUT", "2 texts"),
        ("read the third picture", 2, "MISSING_INPUT", "number 3"),
        ("say 'a' at speed 100", 0, "ILL_TYPED_INPUT", "0.25 to 4"),
    ],
)
async def test_what_cannot_be_planned_is_said(text: str, pictures: int, reason: str, words: str) -> None:
    with pytest.raises(OrchestrionError) as caught:
        await plan_of(request_for(text, pictures))
    assert caught.value.reason == reason
    assert words in caught.value.message
    if reason == "MISSING_INPUT":
        assert caught.value.field == "messages[0].artifacts"


HARD = 'tab\there, "double" and it\'s \\n <|endoftext|> שלום 👋🏽 e\u0301'


@pytest.mark.parametrize("quotes", ["“{}”", "«{}»", "「{}」"])
async def test_quoted_text_passes_byte_for_byte(quotes: str) -> None:
    plan = await plan_of(request_for(f"say {quotes.format(HARD)} please"))
    assert plan.tasks[0].inputs["text"] == HARD


@given(st.text(st.characters(codec="utf-8", exclude_characters="“”"), min_size=1))
def test_any_quoted_text_passes_byte_for_byte(text: str) -> None:
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


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=12), st.integers(0, 3))
def test_any_request_gives_a_valid_plan_or_a_named_error(words: list[str], pictures: int) -> None:
    try:
        asyncio.run(plan_of(request_for(" ".join(words), pictures)))
    except OrchestrionError as raised:
        reason = raised.reason
    else:
        reason = ""
    assert reason in {"", "REQUEST_BEYOND_PLANNER", "MISSING_INPUT", "ILL_TYPED_INPUT"}


async def a_turn(text: str, pictures: int, *texts: str) -> PastTurn:
    """Plans a turn and gives its tasks results: the texts, in order."""
    request = request_for(text, pictures)
    plan = await plan_of(request)
    results = {
        task.id: TaskResult(task.id, TaskState.SUCCEEDED, {"text": result})
        for task, result in zip(plan.tasks, texts, strict=False)
    }
    return PastTurn(request.messages, plan, results, "", {artifact.name: artifact for artifact in request.attachments})


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        ("now say it in a deeper voice", ["say 'No entry' (pitch=0.6)"]),
        ("and how similar is it to 'Keep out'?", ["same 'No entry' 'Keep out'"]),
        ("slower, please", ["say 'No entry' (speed=0.75)"]),
        ("read that picture again", ["read #1"]),
        ("say 'bye'", ["say 'bye'"]),
    ],
)
async def test_earlier_turns_are_spoken_of(text: str, tasks: list[str]) -> None:
    turn = await a_turn("read this sign aloud", 1, "No entry")
    assert written(await plan_of(request_for(text, history=(turn,)))) == tasks


async def test_new_attachments_come_before_earlier_ones() -> None:
    turn = await a_turn("read this sign", 1, "No entry")
    request = request_for("now speak this one", 1, (turn,))
    assert written(await plan_of(request)) == READ_AND_SAY


async def test_file_names_tell_which() -> None:
    artifacts = (picture(1, "left.jpg"), picture(2, "right hand.jpg"))
    message = Message("Compare right hand.jpg with 'Exit'", artifacts=tuple(item.name for item in artifacts))
    assert written(await plan_of(PlanningRequest((message,), artifacts, TYPES))) == ["read #2", "same read-1 'Exit'"]


async def test_planning_is_quick() -> None:
    request = request_for("read both pictures, say how similar the two texts are, and speak the longer one", 2)
    await plan_of(request)
    durations = []
    for _ in range(20):
        start = time.perf_counter()
        await plan_of(request)
        durations.append(time.perf_counter() - start)
    assert statistics.median(durations) < 0.060
