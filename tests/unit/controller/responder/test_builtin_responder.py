from __future__ import annotations

import pytest

from orchestrion import task_types
from orchestrion.errors import Reason
from orchestrion.events import AnswerFinished, AnswerText
from orchestrion.plans import Error, Parameter, ParameterKind, Plan, Task, TaskResult, TaskState, TaskType
from orchestrion.runs import Message
from orchestrion.values import Json, OutputRef, Value
from orchestrion_controller.responder.builtin import BuiltinResponder
from orchestrion_controller.stages import RespondingRequest
from tests.unit.controller.responder.answers import (
    ANSWERS,
    BLURRED,
    DOOR,
    FACES,
    FILES,
    OTHER_SPEECH,
    SIGN,
    SPEECH,
    ref,
)

TYPES = task_types.load()


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
    assert "“Exit” and “No entry” are loosely related (34 %)." in answer.text
    assert answer.text.endswith("The longest is door.png. I spoke it in speech.wav.")
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
    assert answer.text == (
        "This failed: read the text in a picture (sign.png). sign.png is no picture. "
        "Not done therefore: read a text aloud."
    )
    assert answer.artifacts == ()


async def test_what_succeeded_is_told_beside_what_failed() -> None:
    tasks = [read("a", ref(SIGN)), read("b", ref(DOOR))]
    results = [done("a", text=""), TaskResult("b", TaskState.FAILED, error=Error("EXPERT_FAILED", "It broke."))]
    answer = await answer_to(request_for(tasks, results))
    assert answer.text == (
        "There is no text in sign.png. This failed: read the text in a picture (door.png). It broke."
    )


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
        (("a", "b"), "“a” and “b”"),
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
    assert step.text.endswith(" …” (50000 characters in all). In short: “A word.”")
    whole = await answer_to(request_for([reading], [done("read", text=text)]))
    assert text in whole.text
    answer = await answer_to(request_for([speak("speak", text)], [done("speak", audio=ref(SPEECH))]))
    assert len(answer.text) < 300


async def test_summary_that_is_spoken_is_told_whole() -> None:
    tasks = [
        read("read", ref(SIGN)),
        Task("short", "summarization", {"text": OutputRef("read", "text"), "sentence_count": 3.0}),
        speak("speak", OutputRef("short", "text")),
    ]
    summary = "The first sentence says much. " * 20
    results = [done("read", text="page " * 900), done("short", text=summary), done("speak", audio=ref(SPEECH))]
    answer = await answer_to(request_for(tasks, results))
    assert answer.text.endswith(f" …” (4500 characters in all). In short: “{summary}” I spoke it in speech.wav.")
    assert len(answer.text) < 1000


@pytest.mark.parametrize(("type_name", "inputs", "outputs", "sentence"), ANSWERS)
async def test_every_task_type_tells_its_result(
    type_name: str, inputs: dict[str, Value], outputs: dict[str, Value], sentence: str
) -> None:
    answer = await answer_to(request_for([Task("t", type_name, inputs)], [done("t", **outputs)]))
    assert answer.text == sentence


def test_every_task_type_is_told_above() -> None:
    assert {name for name, *_ in ANSWERS} == {name for name, task_type in TYPES.items() if task_type.answer_template}


async def test_the_text_of_a_step_is_it_in_the_next() -> None:
    classify = Task("c", "text-classification", {"text": OutputRef("read", "text"), "domain": "language"})
    say = speak("say", OutputRef("read", "text"))
    results = [
        done("read", text="Kein Zutritt!"),
        done("c", label="German", score=1.0),
        done("say", audio=ref(SPEECH)),
    ]
    answer = await answer_to(request_for([read("read", ref(SIGN)), classify, say], results))
    assert answer.text == "The text in sign.png reads: “Kein Zutritt!” It is in German. I spoke it in speech.wav."


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
