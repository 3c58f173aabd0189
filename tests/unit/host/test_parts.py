"""Parts that stand alone: messages to and from workers, the catalogue, the artifact cache, inputs, devices."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import yaml

from orchestrion.errors import InvalidArgumentError
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.values import ArtifactRef, Json, OutputRef, Value
from orchestrion_host import inputs, ipc
from orchestrion_host.artifacts.cache import ArtifactCache
from orchestrion_host.catalogue import reader
from orchestrion_host.catalogue.reader import CatalogueError
from orchestrion_host.memory.devices import DeviceAccount
from orchestrion_host.memory.probe import ProbedDevice, main_memory, parse_nvidia

TO_WORKER: list[ipc.ToWorker] = [
    ipc.Ping(7),
    ipc.Compute(3, "delay", "test-delay", [1, 2], [{"text": "a"}, {"json": {"json": {"a": [1, None, True]}}}]),
]
FROM_WORKER: list[ipc.FromWorker] = [
    ipc.CallProgress(1, None, "loading"),
    ipc.TextPiece(1, "text", "tab\t \"quotes\" '' \\ <|endoftext|> שלום 👩‍👩‍👧"),
    ipc.Preview(2, "image/png", b"\x00\xff"),
    ipc.Computed(3, 1.5, [{"text": "a"}, ["EXPERT_FAILED", "why", {}]]),
]


@pytest.mark.parametrize(
    ("messages", "decoder"), [(TO_WORKER, ipc.TO_WORKER), (FROM_WORKER, ipc.FROM_WORKER)], ids=["there", "back"]
)
def test_messages_cross_the_pipe_however_it_cuts_them(
    messages: list[Any], decoder: msgspec.msgpack.Decoder[Any]
) -> None:
    stream = b"".join(ipc.pack(message) for message in messages)
    for size in (1, 7, len(stream)):
        unpacker = ipc.Unpacker(decoder)
        pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
        assert [message for piece in pieces for message in unpacker.feed(piece)] == messages


def test_a_message_of_the_other_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid"):
        list(ipc.Unpacker(ipc.TO_WORKER).feed(ipc.pack(ipc.Computed(3, 1.5, []))))


def test_numbers_and_texts_of_numpy_that_are_pythons_too_cross_and_arrays_do_not() -> None:
    (message,) = ipc.Unpacker(ipc.FROM_WORKER).feed(
        ipc.pack(ipc.Computed(1, 1.5, [{"a": np.float64(0.5), "b": np.str_("x")}]))
    )
    assert isinstance(message, ipc.Computed)
    assert message.results == [{"a": 0.5, "b": "x"}]
    with pytest.raises(TypeError, match="ndarray"):
        ipc.pack(ipc.Computed(1, 1.5, [np.zeros(3)]))


def test_what_no_frame_can_carry_is_refused_where_it_is_written() -> None:
    nested: list[Any] = []
    for _ in range(5_000):
        nested = [nested]
    with pytest.raises(ValueError, match="nested too deep"):
        ipc.pack(ipc.Computed(1, 1.5, [{"json": {"json": nested}}]))
    with pytest.raises(OverflowError):
        ipc.pack(ipc.Computed(1, 1.5, [2**70]))
    with pytest.raises(UnicodeEncodeError):
        ipc.pack(ipc.Computed(1, 1.5, ["\ud800"]))


def test_a_host_reads_data_as_deep_as_a_worker_can_write_them() -> None:
    """Given the deepest data that a thread of a worker can write, the program of the host, with its limit, reads it."""
    writing = """
import sys, threading
from orchestrion_host import ipc
frames = []
def write():
    nested = []
    while True:
        nested = [nested]
        try:
            frames.append(ipc.pack(ipc.Computed(1, 1.5, [{"json": {"json": nested}}])))
        except ValueError:
            return
thread = threading.Thread(target=write)
thread.start()
thread.join()
sys.stdout.buffer.write(frames[-1])
"""
    reading = """
import sys
from orchestrion_host import __main__, ipc
try:
    __main__.main()
except SystemExit:
    pass
def deeper(calls):
    return deeper(calls - 1) if calls else list(ipc.Unpacker(ipc.FROM_WORKER).feed(sys.stdin.buffer.read()))
print(len(deeper(50)))
"""
    frame = subprocess.run([sys.executable, "-c", writing], check=True, capture_output=True).stdout
    assert len(frame) > 500
    command = [sys.executable, "-c", reading, "--port", "-1"]
    assert subprocess.run(command, check=True, capture_output=True, input=frame).stdout == b"1\n"


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"\xff" * 8, id="a frame of 4 GB"),
        pytest.param(b"\0\0\0\2\x91\x63", id="a message of an unknown type"),
        pytest.param(b"\0\0\0\3\x92\x0b\xa0", id="a ping whose number is a text"),
        pytest.param(b"\0\0\0\1\xc1", id="no msgpack"),
    ],
)
def test_a_stream_that_went_wrong_is_an_error(stream: bytes) -> None:
    unpacker = ipc.Unpacker(ipc.TO_WORKER)
    with pytest.raises(ValueError, match=r"frame|Invalid|Expected|malformed"):
        list(unpacker.feed(stream))


def test_media_and_failures_are_told_from_everything_else() -> None:
    media = ipc.MediaFile("/x", "audio/wav", "speech.wav", 3, "00")
    assert ipc.media_of(ipc.plain_media(media)) == media
    assert ipc.media_of({"json": {"media": ["/etc/passwd", ""]}}) is None
    failure = ipc.Failure("EXPERT_FAILED", "why", {"a": "b"})
    assert ipc.failure_of(list(ipc.plain_failure(failure))) == failure
    assert ipc.failure_of({"text": "x"}) is None


FACTS: dict[str, Any] = {
    "id": "x",
    "model": "delay",
    "runtime": "engine",
    "task_types": ["test-delay"],
    "description": "An expert.",
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"desciption": "misspelt"}, "desciption"),
        ({"task_types": "test-delay"}, "task_types"),
        ({"task_types": []}, "task_types"),
        ({"max_batch_size": 0}, "max_batch_size"),
        ({"max_batch_size": "many"}, "max_batch_size"),
        ({"instances": True}, "instances"),
        ({"runtime": "magic"}, "runtime"),
        ({"isolation": "none"}, "isolation"),
        ({"runtime": "onnx"}, "source"),
        ({"source": {"place": "here"}}, "place"),
        ({"source": {"hub": "a/b", "folder": "/c"}}, "source"),
        ({"id": "../escape"}, "id"),
    ],
)
def test_a_wrong_file_of_the_catalogue_is_named_with_its_field(tmp_path: Path, change: Any, message: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump({**FACTS, **change}))
    with pytest.raises(CatalogueError, match=message) as caught:
        reader.read_file(path)
    assert str(path) in str(caught.value)


def test_the_operators_files_go_before_the_projects_own(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**FACTS, "id": "rapidocr"}))
    result = reader.read([tmp_path], test_experts=False)
    assert result["rapidocr"].model == "delay"
    assert "delay" not in result
    assert "delay" in reader.read([], test_experts=True)
    with pytest.raises(CatalogueError, match="catalogue_paths"):
        reader.read([tmp_path / "nowhere"], test_experts=False)


async def put(cache: ArtifactCache, folder: Path, content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / sha256[:8]
    path.write_bytes(content)
    await cache.adopt(path, sha256, len(content))
    return sha256


async def test_the_cache_drops_what_was_used_longest_ago_and_nobody_holds(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path / "cache", 25)
    first, second = await put(cache, tmp_path, b"a" * 10), await put(cache, tmp_path, b"b" * 10)
    with cache.hold(first) as path:
        third = await put(cache, tmp_path, b"c" * 10)
        assert path.read_bytes() == b"a" * 10
        assert (first in cache, second in cache, third in cache) == (True, False, True)
    assert cache.used_bytes == 20
    large = await put(cache, tmp_path, b"d" * 26)
    assert large not in cache


async def test_the_cache_finds_what_an_earlier_process_left(tmp_path: Path) -> None:
    kept = await put(ArtifactCache(tmp_path / "cache", 100), tmp_path, b"kept")
    (tmp_path / "cache" / f"{'0' * 64}.part").write_bytes(b"half")
    again = ArtifactCache(tmp_path / "cache", 100)
    assert kept in again
    assert again.path(kept).read_bytes() == b"kept"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [kept]


KINDS = TaskType(
    "everything",
    "Takes one of each.",
    (
        Parameter("text", ParameterKind.TEXT),
        Parameter("share", ParameterKind.NUMBER, optional=True, minimum=0, maximum=1),
        Parameter("mode", ParameterKind.TEXT, optional=True, choices=("fast", "good")),
        Parameter("flag", ParameterKind.BOOLEAN, optional=True),
        Parameter("data", ParameterKind.JSON, optional=True),
        Parameter("image", ParameterKind.IMAGE, optional=True),
        Parameter("texts", ParameterKind.TEXT, optional=True, repeated=True),
    ),
    (),
)
ARTIFACT = ArtifactRef("artifacts/" + "0" * 64)


def test_inputs_as_declared_pass() -> None:
    inputs.check(KINDS, {"text": "x", "share": 0.5, "mode": "fast", "flag": True, "data": Json([]), "image": ARTIFACT})
    inputs.check(KINDS, {"text": "", "texts": ("a", "b")})
    inputs.check(None, {"whatever": 3.0})


@pytest.mark.parametrize(
    ("given_inputs", "field"),
    [
        ({}, "inputs.text"),
        ({"text": 1.0}, "inputs.text"),
        ({"text": "x", "unknown": "y"}, "inputs.unknown"),
        ({"text": "x", "share": 1.5}, "inputs.share"),
        ({"text": "x", "share": True}, "inputs.share"),
        ({"text": "x", "mode": "slow"}, "inputs.mode"),
        ({"text": "x", "image": "a path"}, "inputs.image"),
        ({"text": "x", "image": ArtifactRef("attachments/1")}, "inputs.image"),
        ({"text": "x", "texts": "one"}, "inputs.texts"),
        ({"text": "x", "texts": ("a", 2.0)}, "inputs.texts[1]"),
        ({"text": OutputRef("t1", "text")}, "inputs.text"),
    ],
)
def test_an_input_that_does_not_fit_is_named(given_inputs: dict[str, Value], field: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        inputs.check(KINDS, given_inputs)
    assert caught.value.field == field


def test_a_device_counts_promises_and_what_was_measured() -> None:
    device = DeviceAccount(ProbedDevice("cpu", "", 1000, 900), budget_bytes=500, measure=None)
    device.charge("a", 100)
    assert (device.free_bytes, device.used_bytes) == (400, 100)
    device.settle("a", 150)
    assert device.free_bytes == 350
    device.give_back("a")
    assert device.free_bytes == 500


def test_without_a_budget_other_programs_count_too() -> None:
    free = 600
    device = DeviceAccount(ProbedDevice("cpu", "", 1000, 900), budget_bytes=None, measure=lambda: free)
    assert device.free_bytes == 600
    device.charge("a", 100)
    assert device.free_bytes == 500
    device.settle("a", 100)
    assert device.free_bytes == 600


def test_main_memory_and_the_lines_of_nvidia_smi() -> None:
    memory = main_memory()
    assert 0 < memory.free_bytes <= memory.total_bytes
    text = "0, NVIDIA H200, 143771, 143000\n1, NVIDIA H200, [N/A], 1\nNo devices were found\n"
    assert parse_nvidia(text) == [ProbedDevice("cuda:0", "NVIDIA H200", 143771 << 20, 143000 << 20)]
