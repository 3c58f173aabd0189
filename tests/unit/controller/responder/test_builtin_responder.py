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


async def test_long_text_on_the_way_is_cut_and_the_last_one_is_not() -> None:
    text = "word " * 200
    chain = [read("read", ref(SIGN)), speak("speak", OutputRef("read", "text"))]
    cut = await answer_to(request_for(chain, [done("read", text=text), done("speak", audio=ref(SPEECH))]))
    assert len(cut.text) < 400
    whole = await answer_to(request_for(chain[:1], [done("read", text=text)]))
    assert text in whole.text
