"""The example clients, in Python and in Node.js, as their users run them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from orchestrion import Client, Plan, Task
from orchestrion._codec.codec import encode
from orchestrion.events import Event
from orchestrion.values import JsonObject
from tests.system.processes import Servers

ROOT = Path(__file__).parents[2]
STATION = ROOT / "examples" / "pictures" / "station.jpg"
READ_ALOUD = "Read the text in this picture aloud."


@pytest.fixture(scope="module")
def platform(servers: Servers) -> Iterator[Client]:
    controller = servers.controller()
    servers.host()
    with Client(controller.grpc_address) as client:
        yield client


def start(client: Client, folder: Path, *command: str) -> subprocess.Popen[str]:
    variables = {**os.environ, "ORCHESTRION_CONTROLLER": client.address}
    return subprocess.Popen(
        command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(client: Client, folder: Path, *command: str) -> str:
    process = start(client, folder, *command)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    return output


def example(name: str) -> str:
    return str(ROOT / "examples" / "clients" / f"{name}.py")


def node(name: str) -> str:
    return str(ROOT / "clients" / "node" / f"{name}.js")


def speech_s(path: Path) -> float:
    with wave.open(str(path)) as file:
        frames, rate = file.getnframes(), file.getframerate()
    return float(frames) / float(rate)


@pytest.mark.tasks
def test_the_synchronous_example_saves_what_the_answer_names(platform: Client, tmp_path: Path) -> None:
    output = run(platform, tmp_path, sys.executable, example("sync_client"), READ_ALOUD, str(STATION))
    assert "Platform 9" in output
    assert "saved output/speech.wav" in output
    assert speech_s(tmp_path / "output" / "speech.wav") > 1


def test_the_asyncio_example_prints_events_and_the_answer(platform: Client, tmp_path: Path) -> None:
    output = run(platform, tmp_path, sys.executable, example("asyncio_client"), READ_ALOUD, str(STATION))
    assert "planned  image-to-text-1 image-to-text" in output
    assert "finished text-to-speech-1 SUCCEEDED" in output
    assert "Mind the gap" in output


def test_a_plan_is_made_edited_checked_and_carried_out(platform: Client, tmp_path: Path) -> None:
    output = run(platform, tmp_path, sys.executable, example("edit_plan"), READ_ALOUD, str(STATION))
    assert "planned  text-to-speech-1" in output
    assert "would go image-to-text-1 to rapidocr on hosts/one" in output
    assert "Mind the gap" in output
    latest = platform.runs.list(page_size=1).items[0]
    plan = platform.runs.get(latest.name).plan
    assert plan is not None
    assert plan.tasks[1].inputs["speed"] == 0.8


def test_a_plan_is_approved_in_the_middle_of_a_run(platform: Client, tmp_path: Path) -> None:
    output = run(platform, tmp_path, sys.executable, example("approve_plan"), READ_ALOUD, str(STATION))
    lines = output.splitlines()
    assert lines[:3] == ["approved edited", "started  image-to-text-1", "started  text-to-speech-1"]
    assert "Mind the gap" in output


def test_reflection_alone_is_enough_to_ask(platform: Client, tmp_path: Path) -> None:
    output = run(platform, tmp_path, sys.executable, example("reflection"), 'Say "good morning" in German.')
    events = [json.loads(line) for line in output.splitlines()]
    numbers = [int(event["sequence"]) for event in events if "sequence" in event]
    assert numbers == list(range(1, len(numbers) + 1))
    assert events[-1]["runFinished"]["state"] == "RUN_STATE_SUCCEEDED"


@pytest.mark.parametrize("name", ["sync_client", "asyncio_client", "edit_plan", "approve_plan", "reflection"])
def test_an_example_tells_what_went_wrong_without_a_traceback(platform: Client, tmp_path: Path, name: str) -> None:
    process = start(platform, tmp_path, sys.executable, example(name), "Translate 'hello' into French.")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("Error: Understood: translate a text (translation); no expert for it runs here.")


@pytest.mark.node
def test_node_uploads_asks_and_downloads(platform: Client, tmp_path: Path) -> None:
    output = run(platform, tmp_path, "node", node("ask"), READ_ALOUD, str(STATION))
    lines = output.splitlines()
    assert lines[0].startswith("runStarted")
    assert any(line.startswith("taskAssigned image-to-text-1 to rapidocr: ") for line in lines)
    assert "runFinished RUN_STATE_SUCCEEDED" in lines
    assert "Mind the gap" in output
    assert lines[-1] == "saved orchestrion-output/speech.wav"
    assert speech_s(tmp_path / "orchestrion-output" / "speech.wav") > 1


@pytest.mark.node
def test_node_uploads_a_file_of_many_chunks_as_it_is(platform: Client, tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    large.write_text("All work and no play.\n" * 200_000, "utf-8")
    process = start(platform, tmp_path, "node", node("ask"), "Do something with it.", str(large))
    process.communicate(timeout=60)
    (stored,) = [artifact for artifact in platform.artifacts.list().items if artifact.file_name == "large.txt"]
    assert platform.artifacts.read(stored.name) == large.read_bytes()


@pytest.mark.node
def test_node_tells_what_went_wrong(platform: Client, tmp_path: Path) -> None:
    process = start(platform, tmp_path, "node", node("ask"), "Translate 'hello' into French.")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("Error: Understood: translate a text (translation); no expert for it runs here.")


@pytest.mark.node
def test_node_sees_the_same_events_as_python_of_the_same_run(platform: Client, tmp_path: Path) -> None:
    """Given a run with a list, structured data, a file and an upload, watched by both while it goes on."""
    plan = Plan(
        (
            Task("wait", "test-delay", {"text": "slowly", "delay_ms": 1500.0}),
            Task("several", "test-delay", {"text": ("one", "two", "three"), "output_bytes": 10.0}),
        )
    )
    with contextlib.closing(platform.run("Wait.", [STATION], plan=plan)) as events:
        name = next(events).run
        watcher = start(platform, tmp_path, "node", node("watch"), name)
        for _event in events:
            pass
    output, errors = watcher.communicate(timeout=60)
    assert (watcher.returncode, errors) == (0, "")
    # Progress is not numbered: who watches later may have missed it.
    seen = [event for line in output.splitlines() if "sequence" in (event := json.loads(line))]
    logged = [as_proto_loader(encode(event)) for event in platform.runs.watch(name)]
    assert seen == logged
    assert len(logged) > 15


@pytest.mark.node
def test_node_goes_on_where_it_left_off(platform: Client, tmp_path: Path) -> None:
    answer = platform.ask('Say "good morning" in German.')
    output = run(platform, tmp_path, "node", node("watch"), answer.run, "5")
    logged: list[Event] = list(platform.runs.watch(answer.run, after_sequence=5))
    assert [json.loads(line) for line in output.splitlines()] == [as_proto_loader(encode(event)) for event in logged]


def as_proto_loader(message: Message) -> JsonObject:
    """Writes a message as Node's loader does with the options of `connect.js`: field by field, no type is special."""
    plain = {_camel(field.name): _plain(field, value) for field, value in message.ListFields()}
    for oneof in message.DESCRIPTOR.oneofs:
        member = message.WhichOneof(oneof.name)
        if member:
            plain[_camel(oneof.name)] = _camel(member)
    return plain


def _plain(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type and field.message_type.GetOptions().map_entry:
        item = field.message_type.fields_by_name["value"]
        return {str(key): _single(item, value[key]) for key in value}
    if field.is_repeated:
        return [_single(field, item) for item in value]
    return _single(field, value)


def _single(field: FieldDescriptor, value: Any) -> Any:
    if isinstance(value, Message):
        return as_proto_loader(value)
    if isinstance(field.enum_type, EnumDescriptor):
        return field.enum_type.values_by_number[value].name
    return value


def _camel(name: str) -> str:
    return re.sub(r"(?<=\w)_([a-z])", lambda match: match.group(1).upper(), name)
