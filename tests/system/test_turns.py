"""Three turns of one conversation on the real starter experts: a picture, its text, and what is made of both."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrion import Client
from orchestrion._processes.supervision import Child
from orchestrion.events import PlanFinished
from orchestrion.plans import Plan
from orchestrion.runs import Run
from tests import llm_server
from tests.rpc.controller.plans import payloads
from tests.system.processes import Servers

STATION = Path(__file__).parents[2] / "examples" / "pictures" / "station.jpg"
SENTENCE = "The ninth platform shuts at ten o'clock."
TURNS = (
    "Read this picture.",
    "Now say it in a deeper voice.",
    f"And how similar is it to this sentence: {SENTENCE}",
)


def written(task_id: str, task_type: str, **inputs: Any) -> str:
    """A plan of one task, as a language model writes it."""
    return json.dumps({"tasks": [{"id": task_id, "type": task_type, "inputs": inputs}], "noTaskReason": ""})


SCRIPT = (
    written("read", "image-to-text", image={"artifact": "attachments/1"}),
    "It says: Platform 9 closes at ten. Mind the gap.",
    written("speak", "text-to-speech", text={"artifact": "earlier/2"}, pitch={"number": 0.6}),
    "Here it is in a deeper voice: [[artifact 1]]",
    written("compare", "sentence-similarity", text={"artifact": "earlier/2"}, other={"text": SENTENCE}),
    "They are rather similar.",
)


@pytest.fixture(scope="module")
def model_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The language model, a process of its own."""
    script = tmp_path_factory.mktemp("model") / "script.json"
    script.write_text(json.dumps(SCRIPT), "utf-8")
    command = [sys.executable, llm_server.__file__, "--script", str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


@pytest.fixture(scope="module")
def controller(servers: Servers, model_url: str) -> Child:
    return servers.controller("--llm-base-url", model_url)


@pytest.fixture(scope="module")
def client(controller: Child, servers: Servers) -> Iterator[Client]:
    servers.host("--preload", "rapidocr,espeak-ng")
    with Client(controller.grpc_address) as client:
        yield client


def talk(client: Client, planner: str, responder: str) -> list[Run]:
    """Has the three turns, each of which continues the one before."""
    runs: list[Run] = []
    for text in TURNS:
        files = [] if runs else [STATION]
        previous = runs[-1].name if runs else ""
        events = list(client.run(text, files=files, previous_run=previous, planner=planner, responder=responder))
        assert len(payloads(events, PlanFinished)) == 1
        runs.append(client.runs.get(events[0].run))
    return runs


def check(client: Client, runs: list[Run], folder: Path) -> None:
    """Checks what each turn must have made, and of what."""
    first, second, third = runs
    assert [run.previous_run for run in runs] == ["", first.name, second.name]
    assert all(result.succeeded for run in runs for result in run.results)

    (read,) = (result.outputs["text"] for result in first.results if "text" in result.outputs)
    assert isinstance(read, str)
    assert "Platform 9 closes at ten" in " ".join(read.split())

    # The second turn speaks what the first one read, letter by letter, without reading it again.
    (spoken,) = plan_of(second).tasks
    assert spoken.type == "text-to-speech"
    assert spoken.inputs["text"] == read
    pitch = spoken.inputs["pitch"]
    assert isinstance(pitch, float)
    assert pitch < 1
    (audio,) = second.answer_artifacts
    client.artifacts.download(audio, to=folder / "speech.wav")
    with wave.open(str(folder / "speech.wav")) as sound:
        assert sound.getnframes() > sound.getframerate()

    # The third one still knows the text, two turns later, and takes the sentence as it was written.
    (compared,) = plan_of(third).tasks
    assert compared.type == "sentence-similarity"
    assert set(compared.inputs.values()) == {read, SENTENCE}
    (score,) = (result.outputs["score"] for result in third.results)
    assert isinstance(score, float)
    assert 0.4 < score < 1


def plan_of(run: Run) -> Plan:
    assert run.plan is not None
    return run.plan


def test_a_language_model_keeps_files_and_results_across_turns(client: Client, tmp_path: Path) -> None:
    runs = talk(client, "llm", "llm")
    check(client, runs, tmp_path)
    assert "deeper voice" in runs[1].answer


def test_the_built_in_planner_keeps_files_and_results_across_turns(client: Client, tmp_path: Path) -> None:
    check(client, talk(client, "builtin", "builtin"), tmp_path)
