"""Files of a run have names of their own, so that an answer can say which is which."""

from __future__ import annotations

import pytest

from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef
from orchestrion_controller.pipeline.file_names import distinct, made


def file(name: str, file_name: str) -> Artifact:
    return Artifact(f"artifacts/{name}", "audio/wav", file_name, 10)


@pytest.mark.parametrize(
    ("file_names", "taken", "expected"),
    [
        (["speech.wav"], [], ["speech.wav"]),
        (["speech.wav"] * 3, [], ["speech.wav", "speech-1.wav", "speech-2.wav"]),
        (["speech.wav"], ["speech.wav", "speech-1.wav"], ["speech-2.wav"]),
        (["Speech.wav"], ["speech.WAV"], ["Speech-1.wav"]),
        (["speech-1.wav", "speech.wav", "speech.wav"], [], ["speech-1.wav", "speech.wav", "speech-2.wav"]),
        (["speech", "speech"], [], ["speech", "speech-1"]),
        (["Ton.wav", "声音.wav", "声音.wav"], ["Ton.wav"], ["Ton-1.wav", "声音.wav", "声音-1.wav"]),
    ],
)
def test_each_file_has_a_name_of_its_own(file_names: list[str], taken: list[str], expected: list[str]) -> None:
    files = [file(str(number), file_name) for number, file_name in enumerate(file_names)]
    renamed = distinct(files, taken)
    assert [renamed.get(file.name, file.file_name) for file in files] == expected


def test_files_are_in_the_order_of_the_plan() -> None:
    tasks = (Task("a", "text-to-speech"), Task("b", "text-to-speech"), Task("c", "text-to-speech"))
    one, two = ArtifactRef("artifacts/1"), ArtifactRef("artifacts/2")
    results = {
        "b": TaskResult("b", TaskState.SUCCEEDED, {"audio": (two, one)}),
        "a": TaskResult("a", TaskState.SUCCEEDED, {"audio": one, "text": "x"}),
    }
    assert made(Plan(tasks), results) == (one.name, two.name)
