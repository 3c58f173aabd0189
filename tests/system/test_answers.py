"""Answers of the starter experts through real servers, in the language of whoever asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrion import Client
from orchestrion.plans import Plan, Task
from orchestrion.values import ArtifactRef, OutputRef

STATION = Path(__file__).parents[2] / "examples" / "pictures" / "station.jpg"

READ_AND_SPEAK = Plan(
    (
        Task("read", "image-to-text", {"image": ArtifactRef("attachments/1")}),
        Task("kind", "text-classification", {"text": OutputRef("read", "text"), "domain": "language"}),
        Task("say", "text-to-speech", {"text": OutputRef("read", "text")}),
    )
)
READ = "Platform 9 closes at ten Mind the gap"


@pytest.mark.tasks
@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        (
            "Please read this picture, tell me its language and say it aloud.",
            f"The text in station.jpg reads: “{READ}”. It is in English. I spoke it in speech.wav.",
        ),
        (
            "Bitte lies mir dieses Bild vor und sage mir, welche Sprache das ist.",
            f"Der Text in station.jpg lautet: „{READ}“. Das ist auf Englisch. Das ist in speech.wav zu hören.",
        ),
        (
            "请把这张图片里的文字读出来,并告诉我是什么语言。",
            f"station.jpg 里的文字是：“{READ}”。这段文字的语言是英语。已把这段文字读成 speech.wav。",
        ),
    ],
)
def test_a_picture_is_read_in_three_languages(client: Client, request_text: str, expected: str) -> None:
    answer = client.ask(request_text, [STATION], plan=READ_AND_SPEAK)
    assert " ".join(answer.text.split()) == expected


def test_three_sounds_have_three_names_and_it_is_said_which_is_which(client: Client, tmp_path: Path) -> None:
    """Given three texts, then a turn that speaks a fourth, no two files of the conversation share a name."""
    texts = ("Guten Morgen", "Guten Tag", "Gute Nacht")
    plan = Plan((Task("say", "text-to-speech", {"text": texts}),))
    answer = client.ask("Bitte lies mir diese drei Texte vor, einen nach dem anderen.", plan=plan)
    assert answer.text == (
        "„Guten Morgen“ ist in speech.wav zu hören. „Guten Tag“ ist in speech-1.wav zu hören. "
        "„Gute Nacht“ ist in speech-2.wav zu hören."
    )
    saved = [client.artifacts.download(name, tmp_path).name for name in answer.artifacts]
    assert saved == ["speech.wav", "speech-1.wav", "speech-2.wav"]
    again = Plan((Task("say", "text-to-speech", {"text": "Bis morgen"}),))
    next_answer = client.ask("Und jetzt bitte noch das hier vorlesen.", plan=again, previous_run=answer.run)
    assert next_answer.text == "„Bis morgen“ ist in speech-3.wav zu hören."


def test_the_longest_and_the_most_similar(client: Client, tmp_path: Path) -> None:
    letter, note = tmp_path / "letter.txt", tmp_path / "note.txt"
    letter.write_text("The train to the north leaves at nine, and the one to the south at half past ten.", "utf-8")
    note.write_text("A kitten naps.", "utf-8")
    files = (ArtifactRef("attachments/1"), ArtifactRef("attachments/2"))
    plan = Plan((Task("pick", "text-selection", {"texts": files, "criterion": "longest"}),))
    assert client.ask("Which is the longest?", [note, letter], plan=plan).text == "The longest is letter.txt."
    compare = [
        Task(
            name,
            "sentence-similarity",
            {"text": "The cat sleeps on the sofa.", "other": ArtifactRef(f"attachments/{n}")},
        )
        for n, name in ((1, "one"), (2, "two"))
    ]
    answer = client.ask("Which one is more similar to it?", [note, letter], plan=Plan(tuple(compare)))
    assert answer.text.endswith("; the most alike are “The cat sleeps on the sofa.” and note.txt.")


def test_feelings_are_counted_in_the_askers_language(client: Client) -> None:
    texts = ("I love this place!", "This is terrible, I hate it.", "What a wonderful, lovely day!")
    plan = Plan((Task("feel", "text-classification", {"text": texts, "domain": "sentiment"}),))
    answer = client.ask("Quels avis sont positifs et lesquels sont négatifs, s'il vous plaît ?", plan=plan)
    assert answer.text == (
        "2 fois positif et 1 fois négatif : « I love this place! » est positif, "
        "« This is terrible, I hate it. » est négatif et « What a wonderful, lovely day! » est positif."
    )
