"""Answers in the language of whoever asks: every template of each language, filled with results of experts."""

from __future__ import annotations

import re

import pytest

from orchestrion import task_types
from orchestrion.events import AnswerFinished
from orchestrion.plans import Error, Plan, Task, TaskResult, TaskState
from orchestrion.runs import Message
from orchestrion.values import Json, OutputRef, Value
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.responder.builtin import BuiltinResponder
from orchestrion_controller.stages import RespondingRequest
from tests.unit.controller.responder.answers import (
    ANSWERS,
    DOOR,
    FACES,
    FILES,
    NOTES,
    OTHER_SPEECH,
    RECORDING,
    SIGN,
    SPEECH,
    objects,
    ref,
)

TYPES = task_types.load()
REQUESTS = {
    "en": "What is it, and what does it say?",
    "zh": "请告诉我这是什么,上面写了什么?",
    "de": "Was ist das, und was steht darauf geschrieben?",
    "fr": "Qu'est-ce que c'est, et qu'est-ce qui est écrit dessus ?",
    "es": "¿Qué es esto y qué pone en la imagen?",
    "ja": "これは何ですか。何と書いてありますか。",
}


def done(task_id: str, **outputs: Value) -> TaskResult:
    return TaskResult(task_id, TaskState.SUCCEEDED, outputs)


async def answer(request_text: str, tasks: list[Task], *results: TaskResult) -> str:
    by_id = {result.task_id: result for result in results}
    request = RespondingRequest((Message(request_text),), Plan(tuple(tasks)), by_id, TYPES, FILES)
    items = [item async for item in BuiltinResponder().respond(request)]
    assert isinstance(items[-1], AnswerFinished)
    return items[-1].text


@pytest.mark.parametrize("language", ["zh", "de", "fr", "es", "ja"])
@pytest.mark.parametrize(("type_name", "inputs", "outputs", "english"), ANSWERS)
async def test_every_task_type_tells_its_result_in_each_language(
    language: str, type_name: str, inputs: dict[str, Value], outputs: dict[str, Value], english: str
) -> None:
    sentence = await answer(REQUESTS[language], [Task("t", type_name, inputs)], done("t", **outputs))
    assert sentence.strip()
    assert not re.search(r"[{}#%]|`t`", sentence.replace("88 %", "").replace("88%", ""))
    assert type_name == "conversational" or sentence != english
    for name in re.findall(r"[\w-]+\.(?:png|jpg|wav|mp3|txt|csv|tsv|mp4)", english):
        assert name in sentence


CHAIN = [
    Task("read", "image-to-text", {"image": ref(SIGN)}),
    Task("kind", "text-classification", {"text": OutputRef("read", "text"), "domain": "language"}),
    Task("say", "text-to-speech", {"text": OutputRef("read", "text")}),
]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "The text in sign.png reads: “Kein Zutritt!” It is in German. I spoke it in speech.wav."),
        ("de", "Der Text in sign.png lautet: „Kein Zutritt!“ Das ist auf Deutsch. Das ist in speech.wav zu hören."),
        (
            "fr",
            "Le texte dans sign.png dit : « Kein Zutritt! » Cela est en allemand. "
            "J'ai lu cela à voix haute dans speech.wav.",
        ),
        (
            "es",
            "El texto de sign.png dice: «Kein Zutritt!» Eso está en alemán. He leído eso en voz alta en speech.wav.",
        ),
        ("zh", "sign.png 里的文字是：“Kein Zutritt!”这段文字的语言是德语。已把这段文字读成 speech.wav。"),
        ("ja", "sign.png の文字：「Kein Zutritt!」この文章はドイツ語です。この文章を speech.wav に読み上げました。"),
    ],
)
async def test_a_chain(language: str, expected: str) -> None:
    results = [
        done("read", text="Kein Zutritt!"),
        done("kind", label="German", score=1.0, tag="de"),
        done("say", audio=ref(SPEECH)),
    ]
    assert await answer(REQUESTS[language], CHAIN, *results) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "I found 3 faces in all: 1 face in sign.png and 2 faces in door.png; see sign-faces.jpg."),
        (
            "de",
            "Insgesamt sehe ich 3 Gesichter: 1 Gesicht in sign.png und 2 Gesichter in door.png; siehe sign-faces.jpg.",
        ),
        ("zh", "一共有 3 张人脸：sign.png 里有 1 张人脸、door.png 里有 2 张人脸；见 sign-faces.jpg。"),
    ],
)
async def test_counts_add_up(language: str, expected: str) -> None:
    tasks = [Task(n, "object-detection", {"image": ref(i), "domain": "faces"}) for n, i in (("a", SIGN), ("b", DOOR))]
    results = [
        done(name, text="", count=float(count), objects=objects(*["face"] * count), annotated_image=ref(FACES))
        for name, count in (("a", 1), ("b", 2))
    ]
    assert await answer(REQUESTS[language], tasks, *results) == expected


@pytest.mark.parametrize(
    ("language", "labels", "expected"),
    [
        ("en", ("zebra", "lion"), "I found 2 zebras and no lions in sign.png; see sign-faces.jpg."),
        ("de", ("Zebras", "Löwe"), "In sign.png sehe ich 2 Zebras und 0 × Löwe; siehe sign-faces.jpg."),
        ("zh", ("斑马",), "sign.png 里：2 个斑马；见 sign-faces.jpg。"),
    ],
)
async def test_what_a_request_names_is_counted(language: str, labels: tuple[str, ...], expected: str) -> None:
    task = Task("find", "zero-shot-object-detection", {"image": ref(SIGN), "labels": labels})
    seen = objects("zebra", "zebra", "bird")
    result = done("find", text="2 zebras and 1 bird", count=3.0, objects=seen, annotated_image=ref(FACES))
    assert await answer(REQUESTS[language], [task], result) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "I found 2 zebras (the model does not know: hedgehogs) in sign.png; see sign-faces.jpg."),
        ("de", "In sign.png sehe ich 2 Zebras (das Modell kennt nicht: hedgehogs); siehe sign-faces.jpg."),
        ("zh", "sign.png 里：2 个斑马（模型不认识：hedgehogs）；见 sign-faces.jpg。"),
    ],
)
async def test_what_a_model_does_not_tell_apart_is_never_counted_as_none(language: str, expected: str) -> None:
    task = Task("find", "object-detection", {"image": ref(SIGN), "labels": ("zebra", "hedgehogs")})
    seen = {"objects": objects("zebra", "zebra"), "not_told_apart": Json(["hedgehogs"])}
    result = done("find", text="2 zebras", count=2.0, annotated_image=ref(FACES), **seen)
    assert await answer(REQUESTS[language], [task], result) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0.0, "There is nobody in sign.png whose pose I could draw."),
        (1.0, "The poses in sign.png are drawn in sign-faces.jpg."),
    ],
)
async def test_a_picture_without_people_is_told_as_such(count: float, expected: str) -> None:
    task = Task("pose", "openpose-control", {"image": ref(SIGN)})
    assert await answer(REQUESTS["en"], [task], done("pose", image=ref(FACES), count=count)) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "I am not sure: “Hm.” is positive."),
        ("de", "Ich bin nicht sicher: „Hm.“ ist positiv."),
        ("ja", "確かではありません：「Hm.」は肯定的です。"),
    ],
)
async def test_what_is_not_sure_is_told_as_such(language: str, expected: str) -> None:
    task = Task("t", "text-classification", {"text": "Hm.", "domain": "sentiment"})
    assert await answer(REQUESTS[language], [task], done("t", label="positive", score=0.51)) == expected


async def test_doubts_stand_beside_what_is_sure() -> None:
    task = Task("t", "text-classification", {"text": ("Great!", "Hm.", "Bad!"), "domain": "sentiment"})
    result = done("t", label=("positive", "positive", "negative"), score=(0.9, 0.51, 0.8))
    assert await answer(REQUESTS["en"], [task], result) == (
        "2 positive and 1 negative: “Great!” is positive, “Hm.” is positive (not sure) and “Bad!” is negative."
    )


async def test_a_blurred_reading_is_not_sure() -> None:
    task = Task("t", "image-to-text", {"image": ref(SIGN)})
    lines = Json([{"text": "EX", "score": 0.4}, {"text": "IT", "score": 0.5}])
    assert await answer(REQUESTS["en"], [task], done("t", text="EX IT", lines=lines)) == (
        "I am not sure: The text in sign.png reads: “EX IT”."
    )


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "The longest is notes.txt."),
        ("de", "Das Längste ist notes.txt."),
        ("fr", "Le plus long est notes.txt."),
        ("zh", "最长的是 notes.txt。"),
    ],
)
async def test_the_longest_is_named_by_its_file(language: str, expected: str) -> None:
    task = Task("t", "text-selection", {"texts": ("short", ref(NOTES)), "criterion": "longest"})
    assert await answer(REQUESTS[language], [task], done("t", text="longer than that", index=1.0)) == expected


async def test_the_longest_of_several_recordings_is_named_by_its_recording() -> None:
    tasks = [
        Task("hear", "automatic-speech-recognition", {"audio": (ref(SPEECH), ref(RECORDING))}),
        Task("t", "text-selection", {"texts": OutputRef("hear", "text"), "criterion": "longest"}),
    ]
    text = await answer(
        REQUESTS["en"], tasks, done("hear", text=("one", "one two")), done("t", text="one two", index=1.0)
    )
    assert text.endswith("The longest is talk.mp3.")


async def test_which_of_two_is_more_similar() -> None:
    tasks = [
        Task(name, "sentence-similarity", {"text": "A cat sleeps.", "other": other})
        for name, other in (("a", "It rains."), ("b", "A kitten naps."))
    ]
    assert await answer(REQUESTS["en"], tasks, done("a", score=0.05), done("b", score=0.71)) == (
        "“A cat sleeps.” and “It rains.” have little in common (5 %) and “A cat sleeps.” and “A kitten naps.” are "
        "similar (71 %); the most alike are “A cat sleeps.” and “A kitten naps.”"
    )


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "de",
            "Das ist fehlgeschlagen: Gesprochenes aufschreiben (talk.mp3). "
            "Mit dieser Eingabe lässt sich nicht arbeiten (no sound).",
        ),
        ("zh", "这一步失败了：把语音写成文字（talk.mp3）。无法处理这个输入（no sound）。"),
    ],
)
async def test_failures(language: str, expected: str) -> None:
    task = Task("t", "automatic-speech-recognition", {"audio": ref(RECORDING)})
    result = TaskResult("t", TaskState.FAILED, error=Error("INVALID_INPUT", "no sound."))
    assert await answer(REQUESTS[language], [task], result) == expected


async def test_each_of_several_sounds_is_told_with_its_text() -> None:
    task = Task("say", "text-to-speech", {"text": ("Guten Tag", "Gute Nacht")})
    assert await answer(REQUESTS["de"], [task], done("say", audio=(ref(SPEECH), ref(OTHER_SPEECH)))) == (
        "„Guten Tag“ ist in speech.wav zu hören. „Gute Nacht“ ist in speech-2.wav zu hören."
    )


def test_labels_of_classes_have_words() -> None:
    assert [words_of(tag).label("positive") for tag in ("en", "de", "fr", "es", "zh", "ja")] == [
        "positive",
        "positiv",
        "positif",
        "positivo",
        "正面",
        "肯定的",
    ]
