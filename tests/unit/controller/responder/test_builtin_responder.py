from __future__ import annotations

import pytest

from orchestrion import task_types
from orchestrion.errors import Reason
from orchestrion.events import AnswerFinished, AnswerText
from orchestrion.plans import Error, Parameter, ParameterKind, Plan, Task, TaskResult, TaskState, TaskType
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, Json, OutputRef, Value
from orchestrion_controller.responder.builtin import BuiltinResponder
from orchestrion_controller.stages import RespondingRequest

TYPES = task_types.load()


def artifact(letter: str, media_type: str, file_name: str) -> Artifact:
    return Artifact(f"artifacts/{letter * 64}", media_type, file_name, 10)


SIGN = artifact("a", "image/png", "sign.png")
DOOR = artifact("b", "image/png", "door.png")
SPEECH = artifact("c", "audio/wav", "speech.wav")
OTHER_SPEECH = artifact("d", "audio/wav", "speech-2.wav")
FILES = {item.name: item for item in (SIGN, DOOR, SPEECH, OTHER_SPEECH)}


def ref(item: Artifact) -> ArtifactRef:
    return ArtifactRef(item.name)


def read(task_id: str, image: Value) -> Task:
    return Task(task_id, "image-to-text", {"image": image})


def speak(task_id: str, text: Value) -> Task:
    return Task(task_id, "text-to-speech", {"text": text})


def done(task_id: str, **outputs: Value) -> TaskResult:
    return TaskResult(task_id, TaskState.SUCCEEDED, outputs)


def request_for(tasks: list[Task], results: list[TaskResult], reason: str = "") -> RespondingRequest:
    by_id = {result.task_id: result for result in results}
    return RespondingRequest((Message("?"),), Plan(tuple(tasks), reason), by_id, TYPES, FILES)


async def answer_to(request: RespondingRequest) -> AnswerFinished:
    items = [item async for item in BuiltinResponder().respond(request)]
    last = items[-1]
    assert isinstance(last, AnswerFinished)
    assert "".join(item.text for item in items if isinstance(item, AnswerText)) == last.text
    return last


async def test_chain() -> None:
    tasks = [read("read", ref(SIGN)), speak("speak", OutputRef("read", "text"))]
    results = [done("read", text="Platform 9 closes at ten", lines=Json([])), done("speak", audio=ref(SPEECH))]
    answer = await answer_to(request_for(tasks, results))
    assert answer.text == "The text in sign.png reads: “Platform 9 closes at ten”. I spoke it in speech.wav."
    assert answer.artifacts == (SPEECH.name,)


async def test_branches_and_a_join() -> None:
    texts = (OutputRef("a", "text"), OutputRef("b", "text"))
    tasks = [
        read("a", ref(SIGN)),
        read("b", ref(DOOR)),
        Task("compare", "sentence-similarity", {"text": texts[0], "other": texts[1]}),
        Task("pick", "text-selection", {"texts": texts, "criterion": "longest"}),
        speak("speak", OutputRef("pick", "text")),
    ]
    results = [
        done("a", text="Exit"),
        done("b", text="No entry"),
        done("compare", score=0.34159),
        done("pick", text="No entry", index=1.0),
        done("speak", audio=ref(SPEECH)),
    ]
    answer = await answer_to(request_for(tasks, results))
    assert "The text in sign.png reads: “Exit”." in answer.text
    assert "0.34" in answer.text
    assert answer.text.endswith("The longest text is: “No entry”. I spoke it in speech.wav.")
    assert answer.artifacts == (SPEECH.name,)


async def test_unfolded_task_is_told_item_by_item() -> None:
    tasks = [read("read", (ref(SIGN), ref(DOOR))), speak("speak", OutputRef("read", "text"))]
    results = [done("read", text=("Exit", "Push")), done("speak", audio=(ref(SPEECH), ref(OTHER_SPEECH)))]
    answer = await answer_to(request_for(tasks, results))
    assert answer.text == (
        "The text in sign.png reads: “Exit”. The text in door.png reads: “Push”. "
        "I spoke “Exit” in speech.wav. I spoke “Push” in speech-2.wav."
    )
    assert answer.artifacts == (SPEECH.name, OTHER_SPEECH.name)


async def test_failures_are_told() -> None:
    error = Error.of(Reason.INVALID_INPUT.error("sign.png is no picture."))
    tasks = [read("read", ref(SIGN)), speak("speak", OutputRef("read", "text"))]
    results = [
        TaskResult("read", TaskState.FAILED, error=error),
        TaskResult("speak", TaskState.SKIPPED, error=Error("UPSTREAM_FAILED", "`read` failed")),
    ]
    answer = await answer_to(request_for(tasks, results))
    assert answer.text == "`read` on sign.png failed: sign.png is no picture. Not done therefore: `speak`."
    assert answer.artifacts == ()


async def test_what_succeeded_is_told_beside_what_failed() -> None:
    tasks = [read("a", ref(SIGN)), read("b", ref(DOOR))]
    results = [done("a", text=""), TaskResult("b", TaskState.FAILED, error=Error("EXPERT_FAILED", "It broke."))]
    answer = await answer_to(request_for(tasks, results))
    assert answer.text == "The text in sign.png reads: nothing. `b` on door.png failed: It broke."


async def test_plan_without_tasks_gives_its_reason() -> None:
    answer = await answer_to(request_for([], [], "A greeting needs no expert."))
    assert answer.text == "A greeting needs no expert."


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", "“a”"),
        (3.0, "3"),
        (0.0012, "0.0012"),
        (True, "yes"),
        (Json({"a": 1}), '{"a": 1}'),
        (("a", "b"), "“a”, “b”"),
    ],
)
async def test_type_without_a_template_is_listed(value: Value, shown: str) -> None:
    plain = TaskType("plain", "Does it.", (), (Parameter("result", ParameterKind.TEXT),))
    task = Task("t", "plain")
    request = RespondingRequest((), Plan((task,)), {"t": done("t", result=value)}, {"plain": plain}, {})
    assert (await answer_to(request)).text == f"`t` gave result {shown}."


async def test_long_text_on_the_way_is_cut_and_the_one_that_was_asked_for_is_not() -> None:
    text = "word " * 10_000
    reading, speaking = read("read", ref(SIGN)), speak("speak", OutputRef("read", "text"))
    spoken = await answer_to(
        request_for([reading, speaking], [done("read", text=text), done("speak", audio=ref(SPEECH))])
    )
    assert 1000 < len(spoken.text) < 1100
    short = Task("short", "summarization", {"text": OutputRef("read", "text")})
    step = await answer_to(request_for([reading, short], [done("read", text=text), done("short", text="A word.")]))
    assert 300 < len(step.text) < 400
    assert step.text.endswith(" …” In short: “A word.”")
    whole = await answer_to(request_for([reading], [done("read", text=text)]))
    assert text in whole.text
    given = await answer_to(request_for([speak("speak", text)], [done("speak", audio=ref(SPEECH))]))
    assert len(given.text) < 300


async def test_summary_that_is_spoken_is_told_whole() -> None:
    tasks = [
        read("read", ref(SIGN)),
        Task("short", "summarization", {"text": OutputRef("read", "text"), "sentence_count": 3.0}),
        speak("speak", OutputRef("short", "text")),
    ]
    summary = "The first sentence says much. " * 20
    results = [done("read", text="page " * 900), done("short", text=summary), done("speak", audio=ref(SPEECH))]
    answer = await answer_to(request_for(tasks, results))
    assert answer.text.endswith(f" …” In short: “{summary}”. I spoke it in speech.wav.")
    assert len(answer.text) < 1000


FACES = artifact("1", "image/jpeg", "sign-faces.jpg")
BLURRED = artifact("2", "image/jpeg", "sign-blur.jpg")
NOTES = artifact("3", "text/plain", "notes.txt")
LETTER = artifact("4", "text/plain", "letter.txt")
RECORDING = artifact("5", "audio/mpeg", "talk.mp3")
FILES.update((item.name, item) for item in (FACES, BLURRED, NOTES, LETTER, RECORDING))


def drawn(task_type: str, told: str) -> tuple[str, dict[str, Value], dict[str, Value], str]:
    """Makes a row for a task type that draws a picture from a picture."""
    return task_type, {"image": ref(SIGN)}, {"image": ref(BLURRED)}, told


TOLD: list[tuple[str, dict[str, Value], dict[str, Value], str]] = [
    (
        "audio-to-audio",
        {"audio": ref(RECORDING), "noise_reduction": 1.0},
        {"audio": ref(SPEECH)},
        "I made speech.wav from talk.mp3.",
    ),
    (
        "automatic-speech-recognition",
        {"audio": ref(RECORDING)},
        {"text": "good morning", "words": Json([])},
        "In talk.mp3 I hear: “good morning”.",
    ),
    ("automatic-speech-recognition", {"audio": ref(RECORDING)}, {"text": ""}, "In talk.mp3 I hear: nothing."),
    (
        "canny-control",
        {"image": ref(SIGN)},
        {"image": ref(BLURRED)},
        "The edges of sign.png are drawn in sign-blur.jpg.",
    ),
    (
        "feature-extraction",
        {"text": "a cat"},
        {"embedding": Json([0.0312, -0.12345, 0.4] * 128)},
        "The embedding of “a cat” is a vector of 384 numbers, beginning with 0.03, -0.12, 0.40.",
    ),
    (
        "image-to-image",
        {"image": ref(SIGN), "operation": "blur"},
        {"image": ref(BLURRED)},
        "I made sign-blur.jpg from sign.png (blur).",
    ),
    (
        "image-to-text",
        {"image": ref(SIGN)},
        {"text": "Mind the gap!", "lines": Json([])},
        "The text in sign.png reads: “Mind the gap!”",
    ),
    (
        "object-detection",
        {"image": ref(SIGN), "domain": "faces"},
        {"text": "2 faces", "count": 2.0, "objects": Json([]), "annotated_image": ref(FACES)},
        "I found 2 faces in sign.png; see sign-faces.jpg.",
    ),
    (
        "question-answering",
        {"text": ref(NOTES), "question": "When does it close?"},
        {"answer": "at ten", "score": 0.7},
        "To “When does it close?” the text answers “at ten” (score 0.70).",
    ),
    (
        "sentence-similarity",
        {"text": "a", "other": "b"},
        {"score": 0.8765},
        "The similarity of the two texts is 0.88 on a scale where 1 means the same.",
    ),
    ("summarization", {"text": ref(NOTES)}, {"text": "We met. We left."}, "In short: “We met. We left.”"),
    (
        "text-classification",
        {"text": "I love it!", "domain": "sentiment"},
        {"label": "positive", "score": 0.9, "scores": Json([])},
        "“I love it!” is positive.",
    ),
    (
        "text-classification",
        {"text": ref(NOTES), "domain": "language"},
        {"label": "German", "score": 1.0, "scores": Json([]), "tag": "de"},
        "notes.txt is German.",
    ),
    (
        "text-selection",
        {"texts": ("a", "bb"), "criterion": "longest"},
        {"text": "bb", "index": 1.0},
        "The longest text is: “bb”.",
    ),
    ("text-to-speech", {"text": "Hello."}, {"audio": ref(SPEECH)}, "I spoke “Hello.” in speech.wav."),
    (
        "zero-shot-classification",
        {"text": "We won!", "labels": ("sports", "politics")},
        {"label": "sports", "score": 0.913, "scores": Json([])},
        "“We won!” fits “sports” best (0.91).",
    ),
    (
        "image-to-text",
        {"image": ref(SIGN), "domain": "caption"},
        {"text": "a sign above a door"},
        "The caption in sign.png reads: “a sign above a door”.",
    ),
    (
        "visual-question-answering",
        {"image": ref(SIGN), "question": "What colour is it?"},
        {"answer": "red", "score": 0.8},
        "To “What colour is it?” sign.png answers “red”.",
    ),
    (
        "document-question-answering",
        {"image": ref(SIGN), "question": "Which platform?"},
        {"answer": "9"},
        "To “Which platform?” sign.png answers “9”.",
    ),
    (
        "depth-estimation",
        {"image": ref(SIGN)},
        {"image": ref(BLURRED), "nearest": 0.7, "farthest": 4.0},
        "sign-blur.jpg shows how near everything in sign.png is: the brighter, the nearer.",
    ),
    *(
        drawn(task_type, told)
        for task_type, told in (
            ("depth-control", "The depth map of sign.png is sign-blur.jpg."),
            ("normal-control", "The normal map of sign.png is sign-blur.jpg."),
            ("openpose-control", "The poses in sign.png are drawn in sign-blur.jpg."),
            ("hed-control", "The soft edges of sign.png are drawn in sign-blur.jpg."),
            ("mlsd-control", "The straight lines of sign.png are drawn in sign-blur.jpg."),
            ("scribble-control", "sign-blur.jpg is a scribble of sign.png."),
        )
    ),
]


@pytest.mark.parametrize(("type_name", "inputs", "outputs", "told"), TOLD)
async def test_every_task_type_tells_its_result(
    type_name: str, inputs: dict[str, Value], outputs: dict[str, Value], told: str
) -> None:
    answer = await answer_to(request_for([Task("t", type_name, inputs)], [done("t", **outputs)]))
    assert answer.text == told


def test_every_task_type_is_told_above() -> None:
    assert {name for name, *_ in TOLD} == {name for name, task_type in TYPES.items() if task_type.answer_template}


async def test_the_text_of_a_step_is_it_in_the_next() -> None:
    classify = Task("c", "text-classification", {"text": OutputRef("read", "text"), "domain": "language"})
    say = speak("say", OutputRef("read", "text"))
    results = [
        done("read", text="Kein Zutritt!"),
        done("c", label="German", score=1.0),
        done("say", audio=ref(SPEECH)),
    ]
    answer = await answer_to(request_for([read("read", ref(SIGN)), classify, say], results))
    assert answer.text == "The text in sign.png reads: “Kein Zutritt!” It is German. I spoke it in speech.wav."


async def test_what_was_asked_is_told_before_what_was_made() -> None:
    tasks = [
        Task("blur", "image-to-image", {"image": ref(SIGN), "operation": "blur"}),
        Task("find", "object-detection", {"image": ref(SIGN), "domain": "faces"}),
    ]
    results = [
        done("blur", image=ref(BLURRED)),
        done("find", text="2 faces", count=2.0, objects=Json([]), annotated_image=ref(FACES)),
    ]
    answer = await answer_to(request_for(tasks, results))
    assert answer.text == (
        "I found 2 faces in sign.png; see sign-faces.jpg. I made sign-blur.jpg from sign.png (blur)."
    )
    assert set(answer.artifacts) == {FACES.name, BLURRED.name}


async def test_a_file_that_was_made_on_the_way_is_named_where_it_is_used() -> None:
    tasks = [
        Task("find", "object-detection", {"image": ref(SIGN), "domain": "faces"}),
        Task("blur", "image-to-image", {"image": OutputRef("find", "annotated_image"), "operation": "blur"}),
    ]
    results = [
        done("find", text="no faces", count=0.0, objects=Json([]), annotated_image=ref(FACES)),
        done("blur", image=ref(BLURRED)),
    ]
    answer = await answer_to(request_for(tasks, results))
    assert answer.text == (
        "I found no faces in sign.png; see sign-faces.jpg. I made sign-blur.jpg from sign-faces.jpg (blur)."
    )
