"""The names of files in an answer are those that the files have in the folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrion import Client
from orchestrion.cli.saved_files import SavedFiles
from orchestrion.events import AnswerFinished, AnswerText, RunFinished, RunStarted, Stage, TaskFinished
from orchestrion.plans import TaskResult, TaskState
from orchestrion.runs import RunKind, RunState
from orchestrion.values import ArtifactRef
from tests.unit.client.scripted import Script
from tests.unit.client.terminals import Terminal
from tests.unit.client.test_cli import orchestrion
from tests.unit.client.test_terminal import COMMAND

WORDS = "I spoke “A” in speech.wav. I spoke “B” in speech-1.wav."


def speak(script: Script) -> tuple[str, ...]:
    """Has a run make two sounds and say which is which."""
    names = script.add(b"a", "speech.wav", "audio/wav"), script.add(b"b", "speech-1.wav", "audio/wav")
    sounds = tuple(ArtifactRef(name) for name in names)
    script.payloads = [
        (Stage.UNSPECIFIED, RunStarted(RunKind.FULL)),
        (Stage.EXECUTE, TaskFinished(TaskResult("say", TaskState.SUCCEEDED, {"audio": sounds}))),
        *((Stage.RESPOND, AnswerText(piece)) for piece in (WORDS[:27], WORDS[27:])),
        (Stage.RESPOND, AnswerFinished(WORDS, names)),
        (Stage.UNSPECIFIED, RunFinished(RunState.SUCCEEDED)),
    ]
    return names


def test_an_answer_names_files_as_they_are_saved(script: Script, address: str, tmp_path: Path) -> None:
    """Given two runs that make sounds of the same names, the second answer tells the names that it really saves."""
    speak(script)
    folder = tmp_path / "orchestrion-output"
    for first, second in (("speech.wav", "speech-1.wav"), ("speech-2.wav", "speech-3.wav")):
        lines = orchestrion("ask", "Say both.", "--address", address, folder=tmp_path).stdout.splitlines()
        assert f"I spoke “A” in {first}. I spoke “B” in {second}." in lines
        assert lines[-2:] == [f"saved orchestrion-output/{first}", f"saved orchestrion-output/{second}"]
        assert ((folder / first).read_bytes(), (folder / second).read_bytes()) == (b"a", b"b")


def test_the_answer_on_a_terminal_does_so_while_it_is_written(script: Script, address: str, tmp_path: Path) -> None:
    speak(script)
    (tmp_path / "orchestrion-output").mkdir()
    (tmp_path / "orchestrion-output" / "speech.wav").write_bytes(b"another")
    with Terminal([*COMMAND, "ask", "Say both.", "--address", address], 120, folder=tmp_path) as terminal:
        assert terminal.finish() == 0
    lines = [line.rstrip() for line in terminal.screen.lines]
    assert lines.count("I spoke “A” in speech-2.wav. I spoke “B” in speech-1.wav.") == 1
    assert (tmp_path / "orchestrion-output" / "speech-2.wav").read_bytes() == b"a"
    assert (tmp_path / "orchestrion-output" / "speech.wav").read_bytes() == b"another"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("已把这段文字读成 speech.wav。", "已把这段文字读成 speech-2.wav。"),
        ("my-speech.wav, speech.wav.bak, new/speech.wav", "my-speech.wav, speech.wav.bak, new/speech.wav"),
        ("“speech.wav”: speech.wav", "“speech-2.wav”: speech-2.wav"),
    ],
)
def test_whole_names_alone_are_replaced(
    text: str, expected: str, script: Script, client: Client, tmp_path: Path
) -> None:
    names = speak(script)
    (tmp_path / "speech.wav").write_bytes(b"another")
    results = [TaskResult("say", TaskState.SUCCEEDED, {"audio": tuple(ArtifactRef(name) for name in names)})]
    assert SavedFiles(client, tmp_path).worded(results, text) == expected
    assert SavedFiles(client, tmp_path / "new").worded(results, text) == text
    assert SavedFiles(client, tmp_path).worded([replace(results[0], outputs={})], text) == text
